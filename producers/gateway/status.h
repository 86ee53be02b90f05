/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: what the gateway says of itself on /-/ready and /status. Called on the HTTP thread; reads
 * atomics, and the names of keys under a lock.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_STATUS_H
#define TIPLINE_PRODUCERS_GATEWAY_STATUS_H

#include <pthread.h>
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
	pthread_mutex_t lock;  /* for the next two */
	bool keys_current;
	struct buf key_names; /* as JSON, without brackets */
};

void status_init(struct status *status, const struct core *core, const struct counts *counts,
		 const struct refusal *refusal);
void status_release(struct status *status); /* also of one that was never initialised */
/* Which keys are in force, and whether the files as they are could be read. Takes the text. */
void status_keys(struct status *status, bool current, struct buf *names);
bool status_ready(void *status, struct buf *why);
void status_write(void *status, struct buf *json);

#endif
