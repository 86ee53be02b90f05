/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit: collects what one call of handle() sends, until the skeleton knows the verdict.
 *
 * Items and their bytes lie in the batch's arena and are valid until it is reset. In the opened form (--try)
 * nothing is sealed: a record's value is its JSON. A sealing that fails (a key that is not here) is kept in
 * `error`, since emit_record and its kin return nothing: the skeleton looks at `failed` after every call of
 * handle().
 */
#ifndef TIPLINE_WORKERS_STAGE_EMIT_H
#define TIPLINE_WORKERS_STAGE_EMIT_H

#include "ops/runtime/kafka_producer.h"
#include "schema/bus.h"
#include "workers/stage/stage.h"

enum emit_kind { EMIT_RECORD, EMIT_BYTES, EMIT_SEALED };

struct emit_item {
	enum emit_kind kind;
	const char *topic;
	struct tip_id key, tip_id;
	uint32_t day;
	struct slice value;
};

struct emit {
	struct bus_ring *ring; /* borrowed; NULL when opened, or when the stage has no bus key */
	struct arena *arena;   /* borrowed */
	bool opened;
	uint32_t day;
	const struct record_step *step; /* added to each record emitted; borrowed; NULL: nothing is */
	struct emit_item *items;
	size_t n, cap;
	struct buf plain, sealed; /* scratch, wiped after each use */
	bool failed;
	struct err error;
};

void emit_init(struct emit *emit, struct bus_ring *ring, struct arena *arena, bool opened);
void emit_release(struct emit *emit);
/* Forgets what was emitted; what follows belongs to a tip of `day`. */
void emit_begin(struct emit *emit, uint32_t day);

/* One item as Kafka takes it. `note` holds what `out` points at; both are used up by kafka_producer_send. */
struct emit_note {
	char key[TIP_ID_HEX], tip_id[TIP_ID_HEX], day[12];
	struct kafka_header headers[2];
	struct kafka_outgoing out;
};
void emit_note_build(struct emit_note *note, const struct emit_item *item);
/*
 * The timestamp of all that a stage writes: the midnight today began with. Not the tip's day: Kafka's retention
 * goes by it, so that an old tip, replayed, would be gone before it was read (schema/topics.c).
 */
int64_t emit_timestamp_ms(void);

#endif
