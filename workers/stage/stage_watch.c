/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sysexits.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "ops/runtime/program.h"
#include "ops/runtime/signals.h"
#include "workers/stage/lag_meter.h"

#define TICK_MS 1000

struct stage_watch {
	const struct stage_settings *settings;
	struct stage_meter *meter;
	int64_t started_ms;
	pthread_t thread;
	pthread_mutex_t lock;   /* for `end` and `consumer` */
	pthread_cond_t wake;
	bool end;
	struct kafka_consumer *consumer;
	struct lag_meter lag;   /* the thread's alone */
	atomic_llong inside_ms; /* when the stage was entered; 0 outside */
	atomic_llong batch_ms;  /* when the last batch was done */
	atomic_llong clear_ms;  /* when last nothing waited */
	atomic_llong stop_ms;   /* when a stop was first seen; 0 before */
	atomic_bool joined;
	atomic_size_t partitions;
};

void stage_watch_assigned(struct stage_watch *watch, size_t n_partitions)
{
	atomic_store(&watch->partitions, n_partitions);
	atomic_store(&watch->clear_ms, clock_mono_ms());
	atomic_store(&watch->joined, true);
}

void stage_watch_enter(struct stage_watch *watch)
{
	atomic_store(&watch->inside_ms, clock_mono_ms());
}

void stage_watch_leave(struct stage_watch *watch)
{
	atomic_store(&watch->inside_ms, 0);
}

void stage_watch_batch_done(struct stage_watch *watch)
{
	atomic_store(&watch->batch_ms, clock_mono_ms());
}

int64_t stage_watch_stopping_ms(struct stage_watch *watch)
{
	if (!signals_stop_requested())
		return -1;
	int64_t now = clock_mono_ms();
	long long unset = 0;
	if (atomic_compare_exchange_strong(&watch->stop_ms, &unset, now))
		return 0;
	return now - (int64_t)unset;
}

size_t stage_watch_partitions(struct stage_watch *watch)
{
	return atomic_load(&watch->partitions);
}

int64_t stage_watch_uptime_ms(struct stage_watch *watch)
{
	return clock_mono_ms() - watch->started_ms;
}

/* For how long records have waited without a batch being done. */
static int64_t stalled_ms(struct stage_watch *watch)
{
	int64_t batch = atomic_load(&watch->batch_ms), clear = atomic_load(&watch->clear_ms);

	return clock_mono_ms() - (batch > clear ? batch : clear);
}

bool stage_watch_ready(struct stage_watch *watch, struct buf *why)
{
	if (!atomic_load(&watch->joined)) {
		buf_append_str(why, "not yet a member of the group");
		return false;
	}
	if (stage_watch_stopping_ms(watch) >= 0) {
		buf_append_str(why, "stopping");
		return false;
	}
	int64_t stalled = stalled_ms(watch);
	if (stalled >= watch->settings->progress_ms) {
		buf_printf(why, "records wait, and no batch was finished for %" PRId64 " s", stalled / 1000);
		return false;
	}
	if (!stage_watch_partitions(watch))
		buf_append_str(why, "standby");
	return true;
}

/* Called with the lock held, so that the consumer stays. */
static void measure_lag(struct stage_watch *watch)
{
	struct kafka_lag lag[LAG_PARTITIONS_MAX];
	int64_t now = clock_mono_ms();
	size_t n = 0;

	if (watch->consumer)
		n = kafka_consumer_lag(watch->consumer, lag, LAG_PARTITIONS_MAX);
	lag_meter_begin(&watch->lag);
	for (size_t i = 0; i < n; i++)
		lag_meter_note(&watch->lag, now, lag[i].partition, lag[i].next, lag[i].high);
	lag_meter_end(&watch->lag);
	int64_t waiting = lag_meter_records(&watch->lag);
	if (!waiting)
		atomic_store(&watch->clear_ms, now);
	metric_set(watch->meter->lag_records, (double)waiting);
	metric_set(watch->meter->lag_seconds, (double)lag_meter_ms(&watch->lag, now) / 1000);
}

static bool stuck(struct stage_watch *watch)
{
	int64_t inside = atomic_load(&watch->inside_ms);

	return inside && clock_mono_ms() - inside >= watch->settings->watchdog_ms;
}

static void guard(struct stage_watch *watch)
{
	if (stage_watch_stopping_ms(watch) >= STAGE_STOP_MAX_MS) {
		log_eventf(LOG_LEVEL_ERROR, "stage.stop_overdue", "detail",
			   "not stopped after %d s: ended; what is not committed will be seen again",
			   STAGE_STOP_MAX_MS / 1000);
		_exit(EX_TEMPFAIL);
	}
	if (stuck(watch)) {
		log_eventf(LOG_LEVEL_ERROR, "stage.stuck", "detail",
			   "one call took longer than stage.watchdog (%" PRId64 " ms): ended, to be started again",
			   watch->settings->watchdog_ms);
		_exit(EX_SOFTWARE);
	}
}

static void tick(struct stage_watch *watch)
{
	struct buf why = BUF_INIT;

	measure_lag(watch);
	metric_set(watch->meter->cpu_seconds, (double)clock_cpu_us() / 1e6);
	metric_set(watch->meter->ready, stage_watch_ready(watch, &why) ? 1 : 0);
	buf_release(&why);
	program_notify("WATCHDOG=1");
	guard(watch);
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static void *watch_thread(void *arg)
{
	struct stage_watch *watch = arg;

	pthread_mutex_lock(&watch->lock);
	while (!watch->end) {
		tick(watch);
		struct timespec until = in_ms(TICK_MS);
		while (!watch->end && pthread_cond_timedwait(&watch->wake, &watch->lock, &until) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

void stage_watch_consumer(struct stage_watch *watch, struct kafka_consumer *consumer)
{
	pthread_mutex_lock(&watch->lock);
	watch->consumer = consumer;
	pthread_mutex_unlock(&watch->lock);
}

int stage_watch_new(struct stage_watch **out, const struct stage_settings *settings, struct stage_meter *meter,
		    struct err *err)
{
	struct stage_watch *watch = mem_alloc(sizeof(*watch));
	pthread_condattr_t monotonic;
	int64_t now = clock_mono_ms();

	watch->settings = settings;
	watch->meter = meter;
	watch->started_ms = now;
	atomic_store(&watch->batch_ms, now);
	atomic_store(&watch->clear_ms, now);
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int rc = pthread_create(&watch->thread, NULL, watch_thread, watch);
	if (rc) {
		free(watch);
		errno = rc;
		return err_errno(err, "cannot start the watching thread");
	}
	*out = watch;
	return 0;
}

void stage_watch_free(struct stage_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->end = true;
	pthread_cond_signal(&watch->wake);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->wake);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}
