/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_pace: keeps batches apart that were not full.
 *
 * What a batch costs beside its records (a synced commit of the stage's state, a commit to the group, the wake-ups of
 * client and broker) is many times what a record costs. So while records trickle in, the next batch begins no sooner
 * than settings->pace_ms after the last one began, and gathers some; a record that comes alone, or behind a full
 * batch, waits for nothing. A stop waits for nothing either.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_PACE_H
#define TIPLINE_WORKERS_STAGE_STAGE_PACE_H

#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_port.h"

/* After a batch of `n` records that began at begun_ms (clock_mono_ms). -1 when the producer is dead. */
int stage_pace(const struct stage_port *port, const struct stage_settings *settings, size_t n, int64_t begun_ms,
	       struct err *err);

#endif
