/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_world: a batch on a port that records what it is asked and fails where it is told, for the tests of
 * workers/stage/stage_batch.h. A stage that reads frames does what a record's value says.
 */
#ifndef TIPLINE_TESTS_UNIT_STAGE_WORLD_H
#define TIPLINE_TESTS_UNIT_STAGE_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

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
	int sent_at_first_serve; /* -1 before that */
	struct slice output; /* instead of the input's value */
};

static inline void say(struct world *w, const char *word)
{
	size_t len = strlen(w->said);

	snprintf(w->said + len, sizeof(w->said) - len, "%s%s", len ? " " : "", word);
}

static inline void header_text(const struct kafka_outgoing *record, const char *name, char *out, size_t size)
{
	for (size_t i = 0; i < record->n_headers; i++) {
		if (!strcmp(record->headers[i].name, name))
			snprintf(out, size, "%.*s", (int)record->headers[i].value.len,
				 (const char *)record->headers[i].value.data);
	}
}

static inline int fake_send(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err)
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

static inline int fake_serve(void *arg, int timeout_ms, struct err *err)
{
	struct world *w = arg;
	int n = 0;

	(void)timeout_ms;
	if (w->sent_at_first_serve < 0)
		w->sent_at_first_serve = (int)w->n_sent;
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

static inline int fake_flush(void *arg, int timeout_ms, struct err *err)
{
	struct world *w = arg;

	if (!strstr(w->said, "acknowledged"))
		say(w, "acknowledged");
	return fake_serve(arg, timeout_ms, err) < 0 ? -1 : 0;
}

static inline int fake_commit(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err)
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

static inline int fake_keepalive(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

static inline int64_t fake_stopping_ms(void *arg)
{
	struct world *w = arg;

	return w->stopping_ms;
}

static inline uint64_t fake_random(void *arg)
{
	(void)arg;
	return 0;
}

static inline bool says(const struct event *in, const char *word)
{
	return slice_equal(in->value, slice_str(word));
}

static inline enum verdict handle(void *state, const struct event *in, struct emit *out, struct err *err)
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

static inline int flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
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

static inline struct world *world_new(const struct stage *stage)
{
	struct world *w = mem_alloc(sizeof(*w));

	w->settings.retry_first_ms = 1;
	w->settings.retry_max_ms = 2;
	w->metrics = metrics_new();
	stage_meter_init(&w->meter, w->metrics, "test");
	w->sent_at_first_serve = -1;
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

static inline void world_free(struct world *w)
{
	stage_batch_release(&w->batch);
	stage_meter_release(&w->meter);
	metrics_free(w->metrics);
	free(w);
}

static inline struct kafka_record record_of(const char *value, int32_t partition, int64_t offset)
{
	struct kafka_record record = { .topic = "in", .partition = partition, .offset = offset };

	record.timestamp_ms = 20000ll * 86400000;
	record.key = slice_str(TIP);
	record.value = slice_str(value);
	record.headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(TIP) };
	record.n_headers = 1;
	return record;
}

static inline int run(struct world *w, const char *const *values, size_t n, struct err *err)
{
	struct kafka_record in[16];

	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++)
		in[i] = record_of(values[i], 0, 10 + (int64_t)i);
	return stage_batch_run(&w->batch, in, n, err);
}

/* The broker refuses the output "b" once, with this error. */
static inline void refuse_output_b(struct world *w, const char *error)
{
	w->refuse_topic = "out";
	w->refuse_value = "b";
	w->refuse_error = error;
	w->refusals = 1;
}

#endif
