/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_batch: the heart of the skeleton. Takes a batch of records through the stage and keeps the order on which
 * everything rests:
 *
 *     every record answered → every output and parked record acknowledged → the stage's flush → offsets committed
 *
 * A record whose output Kafka refuses for its size is parked as too-large. Anything else that is refused for
 * good ends the batch with an error, and nothing of it is committed.
 *
 * A record in whose hand the worker died STAGE_POISON_DEATHS times is parked as poison, unopened (stage_suspect.h).
 *
 * A stop cuts the batch: at once before a record that waits for a retry, after STAGE_CUT_AFTER_MS before any record;
 * what was answered before the cut is finished and committed.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_BATCH_H
#define TIPLINE_WORKERS_STAGE_STAGE_BATCH_H

#include "workers/stage/emit.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_event.h"
#include "workers/stage/stage_meter.h"
#include "workers/stage/stage_outbox.h"
#include "workers/stage/stage_suspect.h"
#include "workers/stage/stage_watch.h"

#define STAGE_CUT_AFTER_MS 3000

struct batch_entry {
	const struct kafka_record *record;
	unsigned attempts; /* calls of handle(); 1 for a record that never reached it */
	bool parked;
};

struct stage_batch {
	/* Set by the owner; all borrowed. */
	const struct stage *stage;
	void *state;
	const struct stage_port *port;
	const struct stage_settings *settings;
	struct stage_meter *meter;
	struct stage_watch *watch; /* NULL: nobody watches */
	struct stage_suspect *suspect; /* NULL: deaths are not remembered */
	struct bus_ring *ring;     /* NULL for a stage without a bus key */
	const char *configuration; /* conf_hash; NULL: no step is stamped on what is emitted */

	/* The batch's own. */
	struct arena *arena;
	struct emit emit;
	struct record_step step;
	struct stage_intake intake;
	struct stage_outbox outbox;
	struct batch_entry *entries;
	struct kafka_offset *offsets;
	struct stage_position *positions;
	size_t cap, n_offsets;
	uint64_t n_out;
	size_t n_parked; /* for one log line a batch */
	const char *parked_reason; /* static: one of the reasons */
};

/* Zero the struct, set the borrowed members, then: */
void stage_batch_init(struct stage_batch *batch);
/* The producer must be gone, or answered for everything, before. */
void stage_batch_release(struct stage_batch *batch);

/*
 * 0 when the records (or, on a stop, those before the cut) are committed. -1: nothing is committed and the
 * worker must end. The records are borrowed during the call.
 */
int stage_batch_run(struct stage_batch *batch, const struct kafka_record *records, size_t n, struct err *err)
	__attribute__((warn_unused_result));

#endif
