/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_serve.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "ops/runtime/program.h"
#include "ops/runtime/signals.h"
#include "schema/keys.h"
#include "schema/tip.h"
#include "workers/stage/stage_batch.h"
#include "workers/stage/stage_kafka.h"
#include "workers/stage/stage_keys.h"
#include "workers/stage/stage_pace.h"
#include "workers/stage/stage_status.h"
#include "workers/stage/stage_suspect.h"

#define HOUSEKEEPING_MS 1000

struct serve {
	const struct stage *stage;
	const struct conf *conf;
	struct stage_settings settings;
	struct metrics *metrics;
	struct stage_meter meter;
	struct bus_ring *ring;
	struct stage_keys keys;
	void *state;
	bool opened;
	struct stage_watch *watch;
	struct stage_suspect *suspect;
	struct stage_status status;
	struct stage_kafka kafka;
	struct stage_batch batch;
	bool ready; /* status, kafka and batch are initialised */
	struct http_server *http;
	int64_t housekept_ms;
};

static void random_id(void *arg, struct tip_id *id)
{
	(void)arg;
	tip_id_random(id);
}

static int open_stage(struct serve *serve, struct err *err)
{
	const struct stage_env env = { serve->conf, serve->metrics, false, random_id, NULL };
	const int64_t begun_ms = clock_wall_ms();

	if (signals_install(err) || keys_begin(err))
		return -1;
	tip_begin();
	if (stage_suspect_open(&serve->suspect, serve->settings.suspects, err) ||
	    stage_bus_load(&serve->ring, serve->stage, serve->conf, err) ||
	    serve->stage->open(&serve->state, &env, err))
		return -1;
	serve->opened = true;
	serve->keys = (struct stage_keys){ .stage = serve->stage, .conf = serve->conf, .state = serve->state,
					   .ring = serve->ring };
	stage_keys_init(&serve->keys, serve->metrics, begun_ms);
	return stage_watch_new(&serve->watch, &serve->settings, &serve->meter, err);
}

static int open_doors(struct serve *serve, struct err *err)
{
	struct http_hooks hooks = stage_status_hooks(&serve->status, serve->metrics);

	stage_status_init(&serve->status, serve->stage, &serve->meter, serve->watch);
	serve->status.keys = &serve->keys;
	stage_kafka_init(&serve->kafka, serve->stage, serve->state, serve->watch);
	serve->batch.stage = serve->stage;
	serve->batch.state = serve->state;
	serve->batch.port = &serve->kafka.port;
	serve->batch.settings = &serve->settings;
	serve->batch.meter = &serve->meter;
	serve->batch.watch = serve->watch;
	serve->batch.suspect = serve->suspect;
	serve->batch.ring = serve->ring;
	serve->batch.configuration = conf_hash(serve->conf);
	stage_batch_init(&serve->batch);
	serve->ready = true;
	stage_status_update(&serve->status, serve->state);
	if (http_start(&serve->http, serve->settings.http_listen, &hooks, err))
		return -1;
	return stage_kafka_open(&serve->kafka, serve->conf, &serve->settings, &serve->batch.outbox, err);
}

/* What is not committed by now stays uncommitted: the group gives it to whoever comes next. */
static void close_all(struct serve *serve)
{
	if (serve->ready) {
		stage_kafka_close(&serve->kafka);
		stage_batch_release(&serve->batch);
	}
	http_stop(serve->http);
	if (serve->ready)
		stage_status_release(&serve->status);
	stage_keys_release(&serve->keys);
	if (serve->opened && serve->stage->close)
		serve->stage->close(serve->state);
	stage_watch_free(serve->watch);
	stage_suspect_close(serve->suspect);
	if (serve->ring)
		bus_ring_free(serve->ring);
	stage_meter_release(&serve->meter);
	metrics_free(serve->metrics);
}

/* Once a second: key files that changed, the stage's own status, and errors of a producer that nothing else asks about
 * while idle. */
static int keep_house(struct serve *serve, struct err *err)
{
	int64_t now = clock_mono_ms();
	bool asked = signals_reload_requested();

	if (!asked && now - serve->housekept_ms < HOUSEKEEPING_MS)
		return 0;
	serve->housekept_ms = now;
	stage_keys_look(&serve->keys, asked);
	stage_status_update(&serve->status, serve->state);
	return kafka_producer_poll(serve->kafka.producer, 0, err) < 0 ? -1 : 0;
}

static int run_batch(struct serve *serve, const struct kafka_record *records, size_t n, struct err *err)
{
	int64_t begun_ms = clock_mono_ms();

	if (stage_batch_run(&serve->batch, records, n, err))
		return -1;
	return stage_pace(&serve->kafka.port, &serve->settings, n, begun_ms, err);
}

static int loop(struct serve *serve, struct kafka_record *records, struct err *err)
{
	while (stage_watch_stopping_ms(serve->watch) < 0) {
		int n = kafka_consumer_batch(serve->kafka.consumer, records, serve->settings.batch,
					     serve->settings.linger_ms, err);
		if (n < 0)
			return -1;
		if (n > 0 && run_batch(serve, records, (size_t)n, err))
			return -1;
		if (keep_house(serve, err))
			return -1;
	}
	program_notify("STOPPING=1");
	log_event(LOG_LEVEL_INFO, "stage.stop", NULL);
	return 0;
}

static int run(struct serve *serve, struct err *err)
{
	if (open_stage(serve, err) || open_doors(serve, err))
		return -1;
	log_event(LOG_LEVEL_INFO, "stage.start", "topic", serve->stage->topic_in, "http", http_address(serve->http),
		  "config", conf_hash(serve->conf), NULL);
	program_notify("READY=1");
	struct kafka_record *records = mem_alloc(serve->settings.batch * sizeof(*records));
	int rc = loop(serve, records, err);
	free(records);
	return rc;
}

int stage_serve(const struct stage *stage, const struct conf *conf, struct err *err)
{
	struct serve *serve = mem_alloc(sizeof(*serve));

	serve->stage = stage;
	serve->conf = conf;
	stage_settings_read(&serve->settings, conf);
	serve->metrics = metrics_new();
	stage_meter_init(&serve->meter, serve->metrics, stage->name);
	int rc = run(serve, err);
	close_all(serve);
	free(serve);
	return rc;
}
