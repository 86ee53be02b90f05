/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_status: what a worker says of itself under /status, /metrics and /-/ready. The stage's own members are
 * taken on the loop's thread (stage_status_update) and kept here, so that the listener's thread never touches
 * the stage.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_STATUS_H
#define TIPLINE_WORKERS_STAGE_STAGE_STATUS_H

#include <pthread.h>

#include "ops/runtime/http.h"
#include "workers/stage/stage_keys.h"
#include "workers/stage/stage_meter.h"
#include "workers/stage/stage_watch.h"

struct stage_status {
	const struct stage *stage;       /* borrowed, as the next two */
	const struct stage_meter *meter;
	struct stage_watch *watch;
	const struct stage_keys *keys; /* NULL: it says nothing of keys */
	pthread_mutex_t lock; /* for `own` */
	struct buf own;
};

void stage_status_init(struct stage_status *status, const struct stage *stage, const struct stage_meter *meter,
		       struct stage_watch *watch);
void stage_status_release(struct stage_status *status);
void stage_status_update(struct stage_status *status, void *state);
/* The hooks of an HTTP listener, with `status` as their argument. */
struct http_hooks stage_status_hooks(struct stage_status *status, const struct metrics *metrics);

#endif
