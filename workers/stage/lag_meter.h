/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lag_meter: for how long the oldest unprocessed record has waited, without a clear time on any record.
 *
 * Once a second the high watermark of each partition is noted beside the monotonic clock. The record that is next to
 * be processed is at least as old as the first note whose high watermark was past it. So the answer is a lower bound,
 * exact to a second, and after a restart it counts from the restart. When a partition's notes are full every second
 * one goes: the bound stays a bound and gets coarser, the longer the wait the less it matters.
 */
#ifndef TIPLINE_WORKERS_STAGE_LAG_METER_H
#define TIPLINE_WORKERS_STAGE_LAG_METER_H

#include <stddef.h>
#include <stdint.h>

#define LAG_PARTITIONS_MAX 64
#define LAG_NOTES_MAX 64

struct lag_note {
	int64_t at_ms, high;
};

struct lag_partition {
	int32_t partition;
	int64_t next, high;
	size_t n;
	struct lag_note notes[LAG_NOTES_MAX];
	uint64_t round; /* last seen in */
};

struct lag_meter { /* zeroed: nothing seen */
	struct lag_partition partitions[LAG_PARTITIONS_MAX];
	size_t n;
	uint64_t round;
};

/* A round: begin, then a note for each partition this worker has, then end, which forgets the others. */
void lag_meter_begin(struct lag_meter *meter);
void lag_meter_note(struct lag_meter *meter, int64_t now_ms, int32_t partition, int64_t next, int64_t high);
void lag_meter_end(struct lag_meter *meter);

int64_t lag_meter_records(const struct lag_meter *meter);
int64_t lag_meter_ms(const struct lag_meter *meter, int64_t now_ms); /* 0 when nothing waits */

#endif
