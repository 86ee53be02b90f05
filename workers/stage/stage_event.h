/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_event: from a Kafka record to the event a stage sees.
 *
 * Whatever is wrong with the record ends here with a reason to park it for: no value, no tip-id header (or more
 * headers than anything of ours has), too large, a bus key that is not here, a seal that does not hold, a
 * malformed record.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_EVENT_H
#define TIPLINE_WORKERS_STAGE_STAGE_EVENT_H

#include "ops/runtime/kafka.h"
#include "schema/bus.h"
#include "workers/stage/stage.h"

/* What opening needs, and the memory it opens into: one event at a time. */
struct stage_intake {
	const struct stage *stage;
	struct bus_ring *ring;
	struct arena *arena;
	struct buf plain; /* the opened record; wiped by the next opening and by stage_intake_wipe */
	struct record record;
};

void stage_intake_init(struct stage_intake *intake, const struct stage *stage, struct bus_ring *ring,
		       struct arena *arena);
void stage_intake_wipe(struct stage_intake *intake);
void stage_intake_release(struct stage_intake *intake);

/* The event borrows from `record`, `intake` and the arena. -1 with ERR_DATA and a reason: park the record. */
int stage_event_open(struct event *event, struct stage_intake *intake, const struct kafka_record *record,
		     struct err *err);

/* What can be said of a record without opening it. `known` is false when nothing names the tip. */
struct stage_identity {
	bool known;
	struct tip_id tip_id;
	uint32_t day;
};
void stage_identity_read(struct stage_identity *identity, const struct kafka_record *record);

#endif
