/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: a parked record as it goes back to the topic it came from: its key, value and day as they were, without the
 * headers of parking, dated today (as whatever a stage emits, so that the topic's retention begins anew), with two
 * headers more: parked-from, by which an interrupted replay finds it again, and replays, which counts.
 */
#ifndef TIPLINE_OPS_CTL_REPLAY_H
#define TIPLINE_OPS_CTL_REPLAY_H

#include "ops/ctl/parked.h"
#include "ops/runtime/kafka_producer.h"

#define REPLAY_HEADERS 4

/* What `out` points at; used up by kafka_producer_send. Borrows from the record. */
struct replay_note {
	char from[24], replays[24];
	struct kafka_header headers[REPLAY_HEADERS];
	struct kafka_outgoing out;
};

/* `topic`: replay_topic of the record. */
void replay_note_build(struct replay_note *note, const struct kafka_record *record, const struct parked *parked,
		       const char *topic);
/* The topic it goes back to; NULL when no stage reads a topic of that name, so that nothing may be put there. */
const char *replay_topic(const struct parked *parked);
/* The offset on tip.parked from which the record was replayed; -1 when it never was. */
int64_t replay_parked_from(const struct kafka_record *record);

#endif
