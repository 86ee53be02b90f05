/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a batch, on a port that records what it is asked and fails where it is told. A stage that reads frames
 * does what a record's value says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/log.h"
#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/stage/stage_batch.h"

#define TIP "000102030405060708090a0b0c0d0e0f"
#define SENT_MAX 64

struct sent {
	char topic[32], reason[32], value[32], attempts[8];
	void *opaque;
	const char *error; /* what the broker will answer; NULL: taken */
};

struct world {
	struct stage_batch batch;
	struct stage_settings settings;
	struct metrics *metrics;
	struct stage_meter meter;
	struct stage_port port;
	char said[512]; /* what happened, in order, a word each */
	struct sent sent[SENT_MAX];
	size_t n_sent, n_answered;
	int64_t committed[4];
	/* faults */
	int queue_full;             /* this many sends are told so */
	const char *refuse_value, *refuse_topic, *refuse_error;
	int refusals;               /* how often */
	bool producer_dead, flush_fails;
	int commit_fails;           /* this many commits */
	enum err_kind commit_error;
	int64_t stopping_ms;
	int stop_after_serves;      /* > 0: a stop comes then */
	int64_t stop_is_ms;         /* as old as this */
	int retries_seen;
	struct slice output; /* instead of the input's value */
};

static void say(struct world *w, const char *word)
{
	size_t len = strlen(w->said);

	snprintf(w->said + len, sizeof(w->said) - len, "%s%s", len ? " " : "", word);
}

static void header_text(const struct kafka_outgoing *record, const char *name, char *out, size_t size)
{
	for (size_t i = 0; i < record->n_headers; i++) {
		if (!strcmp(record->headers[i].name, name))
			snprintf(out, size, "%.*s", (int)record->headers[i].value.len,
				 (const char *)record->headers[i].value.data);
	}
}

static int fake_send(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err)
{
	struct world *w = arg;

	if (w->producer_dead)
		return err_set(err, ERR_TEMPORARY, "producer-fatal", "dead");
	if (w->queue_full && w->queue_full--)
		return err_set(err, ERR_TEMPORARY, "queue-full", "full");
	assert_true(w->n_sent < SENT_MAX);
	struct sent *sent = &w->sent[w->n_sent++];
	memset(sent, 0, sizeof(*sent));
	snprintf(sent->topic, sizeof(sent->topic), "%s", record->topic);
	snprintf(sent->value, sizeof(sent->value), "%.*s", (int)record->value.len, (const char *)record->value.data);
	header_text(record, HEADER_REASON, sent->reason, sizeof(sent->reason));
	header_text(record, HEADER_ATTEMPTS, sent->attempts, sizeof(sent->attempts));
	sent->opaque = opaque;
	if (w->refusals && !strcmp(sent->topic, w->refuse_topic) && !strcmp(sent->value, w->refuse_value)) {
		w->refusals--;
		sent->error = w->refuse_error;
	}
	return 0;
}

static int fake_serve(void *arg, int timeout_ms, struct err *err)
{
	struct world *w = arg;
	int n = 0;

	(void)timeout_ms;
	if (w->stop_after_serves && !--w->stop_after_serves)
		w->stopping_ms = w->stop_is_ms;
	if (w->producer_dead)
		return err_set(err, ERR_TEMPORARY, "producer-fatal", "dead");
	for (; w->n_answered < w->n_sent; n++) {
		const struct sent *sent = &w->sent[w->n_answered++];
		struct kafka_delivery delivery = { sent->opaque, !sent->error, sent->error, false };
		stage_outbox_delivered(&w->batch.outbox, &delivery);
	}
	return n;
}

static int fake_flush(void *arg, int timeout_ms, struct err *err)
{
	struct world *w = arg;

	if (!strstr(w->said, "acknowledged"))
		say(w, "acknowledged");
	return fake_serve(arg, timeout_ms, err) < 0 ? -1 : 0;
}

static int fake_commit(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err)
{
	struct world *w = arg;

	if (w->commit_fails && w->commit_fails--)
		return err_set(err, w->commit_error, NULL, "no coordinator");
	say(w, "commit");
	assert_int_equal(w->n_answered, w->n_sent);
	for (size_t i = 0; i < n; i++)
		w->committed[offsets[i].partition] = offsets[i].next;
	return 0;
}

static int fake_keepalive(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

static int64_t fake_stopping_ms(void *arg)
{
	struct world *w = arg;

	return w->stopping_ms;
}

static uint64_t fake_random(void *arg)
{
	(void)arg;
	return 0;
}

static bool says(const struct event *in, const char *word)
{
	return slice_equal(in->value, slice_str(word));
}

static enum verdict handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct world *w = state;

	emit_bytes(out, "out", &in->tip_id, &in->tip_id, w->output.len ? w->output : in->value);
	if (says(in, "park"))
		return err_set(err, ERR_DATA, REASON_TIP_INVALID, "bad"), VERDICT_PARK;
	if (says(in, "odd-park"))
		return err_set(err, ERR_DATA, "no-such-reason", "bad"), VERDICT_PARK;
	if (says(in, "fatal"))
		return err_set(err, ERR_SYSTEM, NULL, "disk"), VERDICT_FATAL;
	if (says(in, "retry") || (says(in, "retry-2") && w->retries_seen++ < 2))
		return err_set(err, ERR_TEMPORARY, "locked", "locked"), VERDICT_RETRY;
	return VERDICT_DONE;
}

static int flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
{
	struct world *w = state;

	if (w->flush_fails)
		return err_set(err, ERR_SYSTEM, NULL, "disk full");
	say(w, "flush");
	assert_int_equal(w->n_answered, w->n_sent);
	assert_true(n > 0);
	assert_true(positions[0].next > 0);
	return 0;
}

static const struct stage frames = {
	.name = "test", .topic_in = "in", .input = STAGE_READS_FRAMES, .handle = handle, .flush = flush
};
static const struct stage records = {
	.name = "test", .topic_in = "in", .input = STAGE_READS_RECORDS, .bus_key = true, .handle = handle,
	.flush = flush
};

static struct world *world_new(const struct stage *stage)
{
	struct world *w = mem_alloc(sizeof(*w));

	w->settings.retry_first_ms = 1;
	w->settings.retry_max_ms = 2;
	w->metrics = metrics_new();
	stage_meter_init(&w->meter, w->metrics, "test");
	w->port = (struct stage_port){ fake_send,      fake_serve,       fake_flush,  fake_commit,
				       fake_keepalive, fake_stopping_ms, fake_random, w };
	w->batch.stage = stage;
	w->batch.state = w;
	w->batch.port = &w->port;
	w->batch.settings = &w->settings;
	w->batch.meter = &w->meter;
	w->stopping_ms = -1;
	stage_batch_init(&w->batch);
	return w;
}

static void world_free(struct world *w)
{
	stage_batch_release(&w->batch);
	stage_meter_release(&w->meter);
	metrics_free(w->metrics);
	free(w);
}

static struct kafka_record record_of(const char *value, int32_t partition, int64_t offset)
{
	struct kafka_record record = { .topic = "in", .partition = partition, .offset = offset };

	record.timestamp_ms = 20000ll * 86400000;
	record.key = slice_str(TIP);
	record.value = slice_str(value);
	record.headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(TIP) };
	record.n_headers = 1;
	return record;
}

static int run(struct world *w, const char *const *values, size_t n, struct err *err)
{
	struct kafka_record in[16];

	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++)
		in[i] = record_of(values[i], 0, 10 + (int64_t)i);
	return stage_batch_run(&w->batch, in, n, err);
}

static void outputs_then_flush_then_commit(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run(w, (const char *[]){ "a", "park", "b" }, 3, &err), 0);
	assert_string_equal(w->said, "acknowledged flush commit");
	assert_int_equal(w->committed[0], 13);
	assert_int_equal(w->n_sent, 3);
	assert_string_equal(w->sent[0].value, "a");
	assert_string_equal(w->sent[1].topic, TOPIC_PARKED);
	assert_string_equal(w->sent[1].reason, REASON_TIP_INVALID);
	assert_string_equal(w->sent[1].attempts, "1");
	assert_string_equal(w->sent[2].value, "b");
	assert_int_equal(metric_value(w->meter.in), 3);
	assert_int_equal(stage_meter_parked_total(&w->meter), 1);
	world_free(w);
}

static void offsets_are_named_for_each_partition(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;
	struct kafka_record in[] = { record_of("a", 2, 100), record_of("b", 0, 7), record_of("c", 2, 101) };

	(void)state;
	assert_int_equal(stage_batch_run(&w->batch, in, 3, &err), 0);
	assert_int_equal(w->committed[0], 8);
	assert_int_equal(w->committed[1], 0);
	assert_int_equal(w->committed[2], 102);
	world_free(w);
}

static void retry_comes_again_and_nothing_overtakes(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run(w, (const char *[]){ "a", "retry-2", "b" }, 3, &err), 0);
	assert_int_equal(w->n_sent, 3);
	assert_string_equal(w->sent[1].value, "retry-2");
	assert_string_equal(w->sent[2].value, "b");
	assert_int_equal(metric_value(w->meter.retries), 2);
	world_free(w);
}

/* What was answered before the record that waits is committed; that record and those behind it are not. */
static void a_stop_cuts_before_the_record_that_waits(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	w->stop_after_serves = 5;
	w->settings.retry_first_ms = w->settings.retry_max_ms = 1;
	assert_int_equal(run(w, (const char *[]){ "a", "b", "retry", "c" }, 4, &err), 0);
	assert_string_equal(w->said, "flush commit");
	assert_int_equal(w->committed[0], 12);
	assert_int_equal(w->n_sent, 2);
	world_free(w);
}

static void an_overdue_stop_takes_no_more_records(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	w->stopping_ms = STAGE_CUT_AFTER_MS;
	assert_int_equal(run(w, (const char *[]){ "a", "b" }, 2, &err), 0);
	assert_string_equal(w->said, "");
	world_free(w);
}

struct failure {
	const char *name;
	const char *values[3];
	void (*arrange)(struct world *w);
	enum err_kind kind;
	const char *reason;
	const char *said;
};

static void nothing(struct world *w)
{
	(void)w;
}

static void dead_producer(struct world *w)
{
	w->producer_dead = true;
}

static void missing_topic(struct world *w)
{
	w->refuse_topic = "out";
	w->refuse_value = "b";
	w->refuse_error = "UNKNOWN_TOPIC_OR_PART";
	w->refusals = 1;
}

static void broken_flush(struct world *w)
{
	w->flush_fails = true;
}

static void broken_commit(struct world *w)
{
	w->commit_fails = 1;
	w->commit_error = ERR_UNAVAILABLE;
}

/* The stop came when the records were answered; by the time of the commit it has waited long enough. */
static void stopped_commit(struct world *w)
{
	w->commit_fails = 1000;
	w->commit_error = ERR_TEMPORARY;
	w->stop_after_serves = 5;
	w->stop_is_ms = STAGE_SETTLE_STOP_MS;
}

static void park_refused(struct world *w)
{
	w->refuse_topic = TOPIC_PARKED;
	w->refuse_value = "park";
	w->refuse_error = "MSG_SIZE_TOO_LARGE";
	w->refusals = 9;
}

static const struct failure failures[] = {
	{ "fatal verdict", { "a", "fatal", "b" }, nothing, ERR_SYSTEM, NULL, "" },
	{ "dead producer", { "a", "b", "c" }, dead_producer, ERR_TEMPORARY, "producer-fatal", "" },
	{ "missing topic", { "a", "b", "c" }, missing_topic, ERR_UNAVAILABLE, "topic-missing", "acknowledged" },
	{ "flush fails", { "a", "b", "c" }, broken_flush, ERR_SYSTEM, NULL, "acknowledged" },
	{ "commit fails", { "a", "b", "c" }, broken_commit, ERR_UNAVAILABLE, NULL, "acknowledged flush" },
	{ "commit late at a stop", { "a", "b", "c" }, stopped_commit, ERR_TEMPORARY, NULL, "acknowledged flush" },
	{ "parked refused", { "a", "park", "c" }, park_refused, ERR_UNAVAILABLE, "park-too-large", "acknowledged" },
};

static void failures_commit_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		const struct failure *f = &failures[i];
		struct world *w = world_new(&frames);
		struct err err = ERR_INIT;
		f->arrange(w);
		int rc = run(w, f->values, 3, &err);
		if (rc != -1 || err.kind != f->kind || strcmp(w->said, f->said) || w->committed[0])
			fail_msg("%s: rc %d kind %d said \"%s\"", f->name, rc, (int)err.kind, w->said);
		if (f->reason)
			assert_string_equal(err.reason, f->reason);
		world_free(w);
	}
}

static void too_large_is_tried_alone_first(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	missing_topic(w);
	w->refuse_error = "MSG_SIZE_TOO_LARGE";
	assert_int_equal(run(w, (const char *[]){ "a", "b", "c" }, 3, &err), 0);
	assert_int_equal(w->n_sent, 4);
	assert_string_equal(w->sent[3].value, "b");
	assert_int_equal(stage_meter_parked_total(&w->meter), 0);
	world_free(w);
}

static void too_large_for_good_parks_the_input(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	missing_topic(w);
	w->refuse_error = "MSG_SIZE_TOO_LARGE";
	w->refusals = 2;
	assert_int_equal(run(w, (const char *[]){ "a", "b", "c" }, 3, &err), 0);
	assert_int_equal(w->n_sent, 5);
	assert_string_equal(w->sent[4].topic, TOPIC_PARKED);
	assert_string_equal(w->sent[4].value, "b");
	assert_string_equal(w->sent[4].reason, REASON_TOO_LARGE);
	assert_int_equal(w->committed[0], 13);
	world_free(w);
}

/* The log says how many and why; where from is in the parked record's headers. */
static void the_log_does_not_place_a_parked_tip(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;
	char text[1024] = "";
	int ends[2], saved = dup(STDERR_FILENO);

	(void)state;
	log_open("test", LOG_LEVEL_WARN);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	int rc = run(w, (const char *[]){ "a", "park", "park" }, 3, &err);
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	close(saved);
	assert_int_equal(rc, 0);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(text, "event=stage.parked"));
	assert_non_null(strstr(text, "n=2 first_reason="));
	assert_null(strstr(text, "partition="));
	assert_null(strstr(text, "offset="));
	assert_null(strstr(text, "detail="));
	world_free(w);
}

static void an_output_no_reader_takes_parks_the_input(void **state)
{
	static const uint8_t big[KAFKA_MESSAGE_MAX + 1];
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;
	struct kafka_record in = record_of("a", 0, 0);

	(void)state;
	w->output = slice_of(big, sizeof(big));
	assert_int_equal(stage_batch_run(&w->batch, &in, 1, &err), 0);
	assert_int_equal(w->n_sent, 1);
	assert_string_equal(w->sent[0].topic, TOPIC_PARKED);
	assert_string_equal(w->sent[0].reason, REASON_TOO_LARGE);
	world_free(w);
}

static void a_commit_refused_for_good_ends_the_worker(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	w->commit_fails = 1;
	w->commit_error = ERR_UNAVAILABLE;
	assert_int_equal(run(w, (const char *[]){ "a" }, 1, &err), -1);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	world_free(w);
}

static void a_full_queue_is_waited_for(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	w->queue_full = 3;
	assert_int_equal(run(w, (const char *[]){ "a", "b" }, 2, &err), 0);
	assert_int_equal(w->n_sent, 2);
	world_free(w);
}

static void a_commit_is_waited_for(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	w->commit_fails = 3;
	w->commit_error = ERR_TEMPORARY;
	assert_int_equal(run(w, (const char *[]){ "a", "b" }, 2, &err), 0);
	assert_string_equal(w->said, "acknowledged flush commit");
	assert_int_equal(w->committed[0], 12);
	world_free(w);
}

static void an_unknown_reason_becomes_stage_refused(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run(w, (const char *[]){ "odd-park" }, 1, &err), 0);
	assert_string_equal(w->sent[0].reason, REASON_STAGE_REFUSED);
	world_free(w);
}

/* Records that no stage should ever see. */
static void bad_null(struct kafka_record *r)
{
	r->value_null = true;
	r->value = slice_of(NULL, 0);
}

static void bad_no_headers(struct kafka_record *r)
{
	r->n_headers = 0;
}

static void bad_id(struct kafka_record *r)
{
	r->headers[0].value = slice_str("not an id");
}

static void bad_many_headers(struct kafka_record *r)
{
	r->headers_cut = true;
}

static void bad_size(struct kafka_record *r)
{
	static const uint8_t big[KAFKA_MESSAGE_MAX + 1];

	r->value = slice_of(big, sizeof(big));
}

static void bad_seal(struct kafka_record *r)
{
	(void)r;
}

static const struct {
	const char *name;
	const struct stage *stage;
	void (*spoil)(struct kafka_record *);
	const char *reason;
} spoilt[] = {
	{ "null value", &frames, bad_null, REASON_RECORD_NULL },
	{ "no headers", &frames, bad_no_headers, REASON_RECORD_HEADERS },
	{ "bad tip id", &frames, bad_id, REASON_RECORD_HEADERS },
	{ "huge headers", &frames, bad_many_headers, REASON_RECORD_HEADERS },
	{ "too large", &frames, bad_size, REASON_TOO_LARGE },
	{ "null value", &records, bad_null, REASON_RECORD_NULL },
	{ "no headers", &records, bad_no_headers, REASON_RECORD_HEADERS },
	{ "wrong topic's record", &records, bad_seal, REASON_RECORD_SEAL },
};

static void bad_records_are_parked_and_the_rest_goes_on(void **state)
{
	struct bus_ring *ring;
	struct err err = ERR_INIT;
	static const uint8_t key[BUS_KEY_BYTES] = { 1 };

	(void)state;
	assert_int_equal(bus_ring_new(&ring, &err), 0);
	assert_int_equal(bus_ring_add(ring, 1, key, &err), 0);
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct world *w = world_new(spoilt[i].stage);
		static const char sealed[64] = { 1, 1 }; /* an epoch that is here, and nothing that opens */
		struct kafka_record in[2] = { record_of("x", 0, 0), record_of("park", 0, 1) };

		w->batch.intake.ring = ring;
		in[0].value = slice_of(sealed, sizeof(sealed));
		spoilt[i].spoil(&in[0]);
		assert_int_equal(stage_batch_run(&w->batch, in, 2, &err), 0);
		if (strcmp(w->sent[0].reason, spoilt[i].reason))
			fail_msg("%s: parked as %s", spoilt[i].name, w->sent[0].reason);
		assert_int_equal(w->n_sent, 2);
		assert_int_equal(w->committed[0], 2);
		world_free(w);
	}
	bus_ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_then_flush_then_commit),
		cmocka_unit_test(offsets_are_named_for_each_partition),
		cmocka_unit_test(retry_comes_again_and_nothing_overtakes),
		cmocka_unit_test(a_stop_cuts_before_the_record_that_waits),
		cmocka_unit_test(an_overdue_stop_takes_no_more_records),
		cmocka_unit_test(failures_commit_nothing),
		cmocka_unit_test(too_large_is_tried_alone_first),
		cmocka_unit_test(too_large_for_good_parks_the_input),
		cmocka_unit_test(the_log_does_not_place_a_parked_tip),
		cmocka_unit_test(an_output_no_reader_takes_parks_the_input),
		cmocka_unit_test(a_commit_refused_for_good_ends_the_worker),
		cmocka_unit_test(a_full_queue_is_waited_for),
		cmocka_unit_test(a_commit_is_waited_for),
		cmocka_unit_test(an_unknown_reason_becomes_stage_refused),
		cmocka_unit_test(bad_records_are_parked_and_the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
