/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink in the skeleton's own batch, on a real store and with the bus key of case.routed alone. Only Kafka
 * is played: what is parked and what is committed is written down.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/reason.h"
#include "schema/store/store.h"
#include "schema/topics.h"
#include "tests/unit/record_sample.h"
#include "workers/sink/sink.h"
#include "workers/stage/stage_batch.h"

#define BATCH 40
#define ROUTED_PARTS (RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED)

struct world {
	char folder[64], path[96];
	struct bus_ring *full, *sinks; /* of route, and of the sink */
	struct conf *conf;
	struct metrics *metrics;
	struct stage_settings settings;
	struct stage_meter meter;
	struct stage_port port;
	struct stage_batch batch;
	void *state; /* the sink; NULL: closed */
	int64_t committed;
	unsigned n_commits, n_parked;
	char reason[32];
	void *parked[BATCH];
	struct arena *arena; /* of the records put in */
};

/* ---- Kafka, played ---- */

static int play_send(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err)
{
	struct world *w = arg;

	(void)err;
	assert_string_equal(record->topic, TOPIC_PARKED);
	for (size_t i = 0; i < record->n_headers; i++) {
		if (!strcmp(record->headers[i].name, HEADER_REASON))
			snprintf(w->reason, sizeof(w->reason), "%.*s", (int)record->headers[i].value.len,
				 (const char *)record->headers[i].value.data);
	}
	w->parked[w->n_parked++] = opaque;
	return 0;
}

static int play_serve(void *arg, int timeout_ms, struct err *err)
{
	struct world *w = arg;

	(void)timeout_ms;
	(void)err;
	for (; w->n_parked; w->n_parked--) {
		struct kafka_delivery delivery = { w->parked[w->n_parked - 1], true, NULL, false };
		stage_outbox_delivered(&w->batch.outbox, &delivery);
	}
	return 0;
}

static int play_commit(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err)
{
	struct world *w = arg;

	(void)err;
	assert_int_equal(n, 1);
	w->committed = offsets[0].next;
	w->n_commits++;
	return 0;
}

static int play_keepalive(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

static int64_t play_stopping(void *arg)
{
	(void)arg;
	return -1;
}

static uint64_t play_random(void *arg)
{
	(void)arg;
	return 0;
}

/* ---- the world ---- */

static void must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static void random_id(void *arg, struct tip_id *id)
{
	(void)arg;
	tip_id_random(id);
}

static void sink_start(struct world *w)
{
	const struct stage_env env = { w->conf, w->metrics, false, random_id, NULL };
	struct err err = ERR_INIT;

	must(sink_stage.open(&w->state, &env, &err), &err);
	memset(&w->batch, 0, sizeof(w->batch));
	w->batch.stage = &sink_stage;
	w->batch.state = w->state;
	w->batch.port = &w->port;
	w->batch.settings = &w->settings;
	w->batch.meter = &w->meter;
	w->batch.ring = w->sinks;
	stage_batch_init(&w->batch);
}

static void sink_stop(struct world *w)
{
	stage_batch_release(&w->batch);
	sink_stage.close(w->state);
	w->state = NULL;
}

static void make_rings(struct world *w)
{
	static const uint8_t key[BUS_KEY_BYTES] = { 7 };
	uint8_t routed[BUS_KEY_BYTES];
	struct err err = ERR_INIT;

	bus_derive(routed, key, TOPIC_ROUTED);
	must(bus_ring_new(&w->full, &err), &err);
	must(bus_ring_add(w->full, 1, key, &err), &err);
	must(bus_ring_new(&w->sinks, &err), &err);
	must(bus_ring_add_topic(w->sinks, 1, TOPIC_ROUTED, routed, &err), &err);
}

static struct world *world_new(void)
{
	const struct conf_key *tables[] = { sink_stage.keys, NULL };
	struct world *w = mem_alloc(sizeof(*w));
	struct err err = ERR_INIT;
	char text[128];

	snprintf(w->folder, sizeof(w->folder), "/tmp/sink_test.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/store.db", w->folder);
	snprintf(text, sizeof(text), "store: %s\n", w->path);
	must(conf_parse(&w->conf, "test", text, tables, &err), &err);
	make_rings(w);
	w->metrics = metrics_new();
	stage_meter_init(&w->meter, w->metrics, "sink");
	w->settings.retry_first_ms = 1;
	w->settings.retry_max_ms = 20;
	w->port = (struct stage_port){ play_send,      play_serve,    play_serve,  play_commit,
				       play_keepalive, play_stopping, play_random, w };
	w->arena = arena_new(1 << 16);
	return w;
}

static void world_free(struct world *w)
{
	char command[128];
	static const char *const files[] = { "store.db", "store.db-wal", "store.db-shm", "store.db-journal",
					     "store.db.lock", "store.db-lock" };

	if (w->state)
		sink_stop(w);
	arena_free(w->arena);
	stage_meter_release(&w->meter);
	metrics_free(w->metrics);
	conf_free(w->conf);
	bus_ring_free(w->full);
	bus_ring_free(w->sinks);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(command, sizeof(command), "%s/%s", w->folder, files[i]);
		unlink(command);
	}
	rmdir(w->folder);
	free(w);
}

static struct kafka_record sealed(struct world *w, const struct record *record, int64_t offset)
{
	struct kafka_record in = { .topic = TOPIC_ROUTED, .offset = offset, .n_headers = 1 };
	struct buf plain = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	char *hex = arena_alloc(w->arena, TIP_ID_HEX);

	record_encode(&plain, record);
	must(bus_seal(&out, w->full, TOPIC_ROUTED, &record->tip_id, buf_slice(&plain), &err), &err);
	tip_id_hex(&record->tip_id, hex);
	in.value = slice_of(arena_copy(w->arena, out.data, out.len), out.len);
	in.headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(hex) };
	buf_release(&plain);
	buf_release(&out);
	return in;
}

static struct kafka_record routed(struct world *w, unsigned number, int64_t offset)
{
	struct record record;

	sample_record(&record, ROUTED_PARTS, number, w->arena);
	return sealed(w, &record, offset);
}

/* Tips from..from+n-1 at offsets from `offset` on. */
static int take(struct world *w, unsigned from, unsigned n, int64_t offset, struct err *err)
{
	struct kafka_record in[BATCH];

	assert_true(n <= BATCH);
	for (unsigned i = 0; i < n; i++)
		in[i] = routed(w, from + i, offset + i);
	return stage_batch_run(&w->batch, in, n, err);
}

static void expect_stored(struct world *w, uint64_t tips, int64_t position)
{
	struct store *store;
	struct store_totals totals;
	struct err err = ERR_INIT;

	must(store_open(&store, w->path, STORE_READ, &err), &err);
	must(store_totals(store, &totals, &err), &err);
	assert_int_equal(totals.tips, tips);
	assert_int_equal(totals.tips_twice, 0);
	assert_int_equal(store_position(store, TOPIC_ROUTED, 0), position);
	store_close(store);
}

/* ---- the tests ---- */

static void rows_and_position_are_stored_before_offsets_are_committed(void **state)
{
	struct world *w = world_new();
	struct err err = ERR_INIT;

	(void)state;
	sink_start(w);
	assert_int_equal(sink_stage.position(w->state, TOPIC_ROUTED, 0), 0);
	must(take(w, 1, 20, 0, &err), &err);
	assert_int_equal(w->committed, 20);
	expect_stored(w, 20, 20);
	assert_int_equal(sink_stage.position(w->state, TOPIC_ROUTED, 0), 20);
	assert_int_equal(metric_value(w->meter.out), 20);
	world_free(w);
}

static int keep_step(void *arg, const struct record_step *step)
{
	buf_append_slice(arg, step->stage);
	buf_printf(arg, " %u %02x\n", step->day, step->configuration[0]);
	return 0;
}

/* Fails when store_record of sink.c leaves out its own step (tried). */
static void the_sinks_own_step_is_stored_behind_the_others(void **state)
{
	struct world *w = world_new();
	struct buf steps = BUF_INIT;
	struct record record;
	struct store *store;
	struct err err = ERR_INIT;

	(void)state;
	sink_start(w);
	w->batch.configuration = "ab00000000000000";
	clock_freeze(1000, 20500 * 86400000ll);
	must(take(w, 1, 1, 0, &err), &err);
	clock_thaw();
	sample_record(&record, ROUTED_PARTS, 1, w->arena);
	must(store_open(&store, w->path, STORE_READ, &err), &err);
	must(store_each_step(store, &record.tip_id, keep_step, &steps, &err), &err);
	store_close(store);
	assert_string_equal(buf_text(&steps), "classify 20401 01\ndedupe 20402 00\nsink 20500 ab\n");
	buf_release(&steps);
	world_free(w);
}

static void the_same_tip_is_stored_once_and_counted(void **state)
{
	struct world *w = world_new();
	struct err err = ERR_INIT;

	(void)state;
	sink_start(w);
	must(take(w, 1, 20, 0, &err), &err);
	must(take(w, 11, 20, 20, &err), &err);
	sink_stop(w);
	sink_start(w);
	must(take(w, 1, 30, 40, &err), &err);
	expect_stored(w, 30, 70);
	assert_int_equal(metric_value(w->meter.out), 30);
	assert_int_equal(metric_value(w->meter.repeats), 40);
	world_free(w);
}

/* One record at `offset` straight to the sink. */
static enum verdict hand(struct world *w, const struct record *record, int64_t offset, struct err *err)
{
	struct event event = { .tip_id = record->tip_id, .day = record->day, .record = record, .arena = w->arena };

	event.origin = (struct origin){ TOPIC_ROUTED, 0, offset };
	return sink_stage.handle(w->state, &event, &w->batch.emit, err);
}

static void a_crash_before_the_commit_leaves_nothing(void **state)
{
	struct world *w = world_new();
	struct err err = ERR_INIT;
	struct record record;

	(void)state;
	sink_start(w);
	must(take(w, 1, 5, 0, &err), &err);
	sample_record(&record, ROUTED_PARTS, 6, w->arena);
	assert_int_equal(hand(w, &record, 5, &err), VERDICT_DONE);
	sink_stop(w); /* as after a FATAL of a later record */
	expect_stored(w, 5, 5);
	world_free(w);
}

/* Another program has the database locked: the record waits, and is stored once the lock is gone. */
static void a_locked_store_is_waited_for(void **state)
{
	struct world *w = world_new();
	struct err err = ERR_INIT;
	struct record record;
	sqlite3 *other;

	(void)state;
	sink_start(w);
	assert_int_equal(sqlite3_open(w->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sample_record(&record, ROUTED_PARTS, 1, w->arena);
	assert_int_equal(hand(w, &record, 0, &err), VERDICT_RETRY);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	must(take(w, 1, 2, 0, &err), &err);
	expect_stored(w, 2, 2);
	world_free(w);
}

static void parked_records_move_the_position_too(void **state)
{
	struct world *w = world_new();
	struct kafka_record in[2];
	struct err err = ERR_INIT;

	(void)state;
	sink_start(w);
	in[0] = routed(w, 1, 0);
	in[0].value.len -= 1;
	in[1] = routed(w, 2, 1);
	in[1].n_headers = 0;
	must(stage_batch_run(&w->batch, in, 2, &err), &err);
	expect_stored(w, 0, 2);
	assert_int_equal(stage_meter_parked_total(&w->meter), 2);
	world_free(w);
}

static void another_tip_under_a_stored_id_is_parked(void **state)
{
	struct world *w = world_new();
	struct kafka_record in[2];
	struct record record;
	struct err err = ERR_INIT;

	(void)state;
	sink_start(w);
	must(take(w, 1, 1, 0, &err), &err);
	sample_record(&record, ROUTED_PARTS, 1, w->arena);
	record.digest[0] ^= 1;
	in[0] = sealed(w, &record, 1);
	in[1] = routed(w, 1, 2); /* the same tip again is none */
	must(stage_batch_run(&w->batch, in, 2, &err), &err);
	expect_stored(w, 1, 3);
	assert_int_equal(stage_meter_parked_total(&w->meter), 1);
	assert_string_equal(w->reason, "id-conflict");
	world_free(w);
}

static void spoil_unrouted(struct record *record)
{
	record->parts &= ~(uint32_t)RECORD_ROUTED;
	record->sealed_case = slice_of(NULL, 0);
}

static void spoil_unsealed(struct record *record)
{
	record->sealed_case = slice_of(NULL, 0);
}

static void what_the_sink_must_not_store_is_parked(void **state)
{
	static void (*const spoils[])(struct record *) = { spoil_unrouted, spoil_unsealed };
	struct world *w = world_new();
	struct err err = ERR_INIT;
	struct record record;

	(void)state;
	sink_start(w);
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		sample_record(&record, ROUTED_PARTS, 9, w->arena);
		spoils[i](&record);
		struct kafka_record in = sealed(w, &record, (int64_t)i);
		w->reason[0] = 0;
		must(stage_batch_run(&w->batch, &in, 1, &err), &err);
		assert_string_equal(w->reason, REASON_RECORD_SHAPE);
	}
	/* No encoder of ours writes a body there, so this one is handed over as if one had. */
	sample_record(&record, ROUTED_PARTS, 9, w->arena);
	record.body = slice_str("{\"narrative\":\"n\"}");
	assert_int_equal(hand(w, &record, 2, &err), VERDICT_PARK);
	expect_stored(w, 0, 2);
	world_free(w);
}

/* In a process of its own, since the limit cannot be taken back by everybody. Exits 0 when all went as it should. */
static void take_without_room(struct world *w)
{
	const struct rlimit little = { 4096, 4096 };
	struct err err = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	sink_start(w);
	if (setrlimit(RLIMIT_FSIZE, &little))
		_exit(2);
	if (!take(w, 100, BATCH, 20, &err))
		_exit(3);
	if (w->n_commits)
		_exit(4);
	if (err.kind == ERR_NONE || err.kind == ERR_DATA)
		_exit(5);
	sink_stage.close(w->state);
	_exit(0);
}

static void a_full_disk_commits_nothing_and_loses_nothing(void **state)
{
	struct world *w = world_new();
	struct err err = ERR_INIT;
	int status;

	(void)state;
	sink_start(w);
	must(take(w, 1, 20, 0, &err), &err);
	sink_stop(w);
	w->n_commits = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		take_without_room(w);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_stored(w, 20, 20);
	sink_start(w);
	assert_int_equal(sink_stage.position(w->state, TOPIC_ROUTED, 0), 20);
	must(take(w, 100, BATCH, 20, &err), &err);
	expect_stored(w, 20 + BATCH, 20 + BATCH);
	world_free(w);
}

static void a_second_sink_is_told_to_come_back(void **state)
{
	struct world *w = world_new();
	const struct stage_env env = { w->conf, w->metrics, false, random_id, NULL };
	struct err err = ERR_INIT;
	void *second = NULL;

	(void)state;
	sink_start(w);
	assert_int_equal(sink_stage.open(&second, &env, &err), -1);
	assert_int_equal(err.kind, ERR_TEMPORARY);
	must(take(w, 1, 3, 0, &(struct err)ERR_INIT), &err);
	expect_stored(w, 3, 3);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_position_are_stored_before_offsets_are_committed),
		cmocka_unit_test(the_sinks_own_step_is_stored_behind_the_others),
		cmocka_unit_test(the_same_tip_is_stored_once_and_counted),
		cmocka_unit_test(a_crash_before_the_commit_leaves_nothing),
		cmocka_unit_test(a_locked_store_is_waited_for),
		cmocka_unit_test(parked_records_move_the_position_too),
		cmocka_unit_test(another_tip_under_a_stored_id_is_parked),
		cmocka_unit_test(what_the_sink_must_not_store_is_parked),
		cmocka_unit_test(a_full_disk_commits_nothing_and_loses_nothing),
		cmocka_unit_test(a_second_sink_is_told_to_come_back),
	};

	log_open("sink_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
