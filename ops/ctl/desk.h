/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: where one operator at a time works on parked records: the lock, the state of everything, a producer.
 *
 * Exactly once, by bookkeeping and without transactions. For each bundle of records:
 *   1. an intent each on parked.resolved, acknowledged. It says from which offsets on the record may be found
 *   2. the record on its topic, with the header parked-from, acknowledged
 *   3. "replayed" each on parked.resolved, acknowledged
 * Whoever sits down at the desk first settles what somebody else left between 1 and 3: it looks on the topic, from the
 * offsets of the intent on, for the header; what is there becomes "replayed", what is not is open again. The lock sees
 * to it that the other one is gone by then, and that nothing of his is still on its way (kafka_lock.h says what no
 * lock can see to; should it ever happen, dedupe and the sink take the second record for the repeat it is).
 */
#ifndef TIPLINE_OPS_CTL_DESK_H
#define TIPLINE_OPS_CTL_DESK_H

#include "ops/ctl/ctl.h"
#include "ops/ctl/resolutions.h"
#include "ops/runtime/kafka_lock.h"
#include "ops/runtime/kafka_producer.h"

struct desk {
	struct ctl *ctl; /* borrowed */
	struct kafka_lock *lock;
	struct kafka_producer *producer;
	struct resolutions all;
	const char *by, *because; /* borrowed; "": not said */
	size_t settled;           /* how many were found to have been replayed by somebody interrupted */
	const char *failure;      /* Kafka's name of the first refusal; NULL: none */
};

/* A record that waits for Kafka's answer. */
struct desk_send {
	bool ok;
};

/* --because and --by, which go on a topic and to terminals. `needed`: both must be there. */
int desk_check_words(const struct ctl *ctl, bool needed, struct err *err);
/* Waits for the lock, reads the states, settles. Close it in any case. */
int desk_open(struct desk *desk, struct ctl *ctl, struct err *err);
/* Sends; waits where the queue is full. `send` (may be NULL) lives until desk_close. */
int desk_send(struct desk *desk, const struct kafka_outgoing *record, struct desk_send *send, struct err *err);
int desk_note(struct desk *desk, const struct resolution *resolution, struct err *err);
/* 0 when everything sent is acknowledged. */
int desk_flush(struct desk *desk, struct err *err);
/* A resolution about a parked record, dated today, in the operator's name. */
void desk_resolution(const struct desk *desk, struct resolution *resolution, enum resolution_kind kind,
		     int64_t parked, const struct tip_id *tip_id);
void desk_close(struct desk *desk);

#endif
