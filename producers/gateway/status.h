/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: what the gateway says of itself on /-/ready and /status. Called on the HTTP thread; reads atomics alone.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_STATUS_H
#define TIPLINE_PRODUCERS_GATEWAY_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/runtime/buf.h"
#include "producers/gateway/core.h"
#include "producers/gateway/counts.h"
#include "producers/gateway/refusal.h"

struct status {
	const struct core *core;
	const struct counts *counts;
	const struct refusal *refusal;
	int64_t started_ms;
};

void status_init(struct status *status, const struct core *core, const struct counts *counts,
		 const struct refusal *refusal);
bool status_ready(void *status, struct buf *why);
void status_write(void *status, struct buf *json);

#endif
