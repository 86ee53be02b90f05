/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_watch: a thread that looks at the worker's loop from outside: measures lag once a second, tells whether there
 * is progress, keeps systemd's watchdog fed while the stage is not stuck, and ends the process
 *   - with 70 when one call into the stage takes longer than the watchdog allows,
 *   - with 75 when an orderly stop takes longer than STAGE_STOP_MAX_MS. Nothing uncommitted is lost by either.
 * The loop tells it what it does through the stage_watch_* calls below, which only touch atomics.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_WATCH_H
#define TIPLINE_WORKERS_STAGE_STAGE_WATCH_H

#include <stdbool.h>

#include "ops/runtime/kafka_consumer.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_meter.h"

#define STAGE_STOP_MAX_MS 10000

struct stage_watch;

/* Borrows `settings` and `meter` until stage_watch_free. The thread starts here. */
int stage_watch_new(struct stage_watch **out, const struct stage_settings *settings, struct stage_meter *meter,
		    struct err *err) __attribute__((warn_unused_result));
void stage_watch_free(struct stage_watch *watch); /* joins the thread; NULL is allowed */

/* Whose lag to measure; NULL before the consumer is freed. Waits for a measurement under way. */
void stage_watch_consumer(struct stage_watch *watch, struct kafka_consumer *consumer);
/* From the consumer's rebalances. */
void stage_watch_assigned(struct stage_watch *watch, size_t n_partitions);
/* Around each call into the stage that may take long. */
void stage_watch_enter(struct stage_watch *watch);
void stage_watch_leave(struct stage_watch *watch);
void stage_watch_batch_done(struct stage_watch *watch);
/* Milliseconds since a stop was first seen to be asked for; -1 when none was. */
int64_t stage_watch_stopping_ms(struct stage_watch *watch);

/* Any thread. Ready: a member of the group (with partitions, or as a standby), and progress. */
bool stage_watch_ready(struct stage_watch *watch, struct buf *why);
size_t stage_watch_partitions(struct stage_watch *watch);
int64_t stage_watch_uptime_ms(struct stage_watch *watch);

#endif
