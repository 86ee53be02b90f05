/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_meter: a worker's figures, registered once so that no batch ever registers one while /metrics is written.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_METER_H
#define TIPLINE_WORKERS_STAGE_STAGE_METER_H

#include "ops/runtime/metrics.h"
#include "workers/stage/stage.h"

struct stage_meter {
	struct metric *in, *out, *repeats, *retries, *batch_seconds, *lag_records, *lag_seconds, *cpu_seconds, *ready;
	struct metric **parked; /* one a reason, in the order of schema/reason.h */
};

void stage_meter_init(struct stage_meter *meter, struct metrics *metrics, const char *stage);
void stage_meter_release(struct stage_meter *meter);
/* `reason` is a code of the table. */
void stage_meter_parked(struct stage_meter *meter, const char *reason);
uint64_t stage_meter_parked_total(const struct stage_meter *meter);

#endif
