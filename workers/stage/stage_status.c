/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/program.h"

void stage_status_init(struct stage_status *status, const struct stage *stage, const struct stage_meter *meter,
		       struct stage_watch *watch)
{
	memset(status, 0, sizeof(*status));
	status->stage = stage;
	status->meter = meter;
	status->watch = watch;
	pthread_mutex_init(&status->lock, NULL);
}

void stage_status_release(struct stage_status *status)
{
	pthread_mutex_destroy(&status->lock);
	buf_release(&status->own);
}

void stage_status_update(struct stage_status *status, void *state)
{
	struct buf new = BUF_INIT;

	if (status->stage->status)
		status->stage->status(state, &new);
	if (status->keys)
		stage_keys_status(status->keys, &new);
	pthread_mutex_lock(&status->lock);
	struct buf old = status->own;
	status->own = new;
	pthread_mutex_unlock(&status->lock);
	buf_release(&old);
}

/* From /proc; 0 where that cannot be read. */
static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (!file)
		return 0;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote the number, and it fits */
	if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count(const struct metric *metric)
{
	return (uint64_t)metric_value(metric);
}

static void write_status(void *arg, struct buf *json)
{
	struct stage_status *status = arg;
	const struct stage_meter *meter = status->meter;
	struct buf why = BUF_INIT;
	bool ready = stage_watch_ready(status->watch, &why);

	buf_printf(json, "{\"name\":\"tipline-%s\",\"version\":\"" TIPLINE_VERSION "\"", status->stage->name);
	buf_printf(json, ",\"in\":%" PRIu64 ",\"out\":%" PRIu64 ",\"parked\":%" PRIu64, count(meter->in),
		   count(meter->out), stage_meter_parked_total(meter));
	buf_printf(json, ",\"repeats\":%" PRIu64 ",\"refused\":0,\"retries\":%" PRIu64, count(meter->repeats),
		   count(meter->retries));
	buf_printf(json, ",\"ready\":%s,\"ready_detail\":", ready ? "true" : "false");
	buf_append_json(json, buf_text(&why), why.len);
	buf_printf(json, ",\"partitions\":%zu", stage_watch_partitions(status->watch));
	buf_printf(json, ",\"lag_records\":%" PRIu64 ",\"lag_seconds\":%.1f", count(meter->lag_records),
		   metric_value(meter->lag_seconds));
	buf_printf(json, ",\"cpu_us\":%" PRId64 ",\"rss_bytes\":%" PRIu64 ",\"uptime_s\":%" PRId64, clock_cpu_us(),
		   resident_bytes(), stage_watch_uptime_ms(status->watch) / 1000);
	pthread_mutex_lock(&status->lock);
	buf_append_slice(json, buf_slice(&status->own));
	pthread_mutex_unlock(&status->lock);
	buf_append_byte(json, '}');
	buf_release(&why);
}

static bool ready(void *arg, struct buf *why)
{
	struct stage_status *status = arg;

	return stage_watch_ready(status->watch, why);
}

struct http_hooks stage_status_hooks(struct stage_status *status, const struct metrics *metrics)
{
	return (struct http_hooks){ .metrics = metrics, .ready = ready, .status = write_status, .arg = status };
}
