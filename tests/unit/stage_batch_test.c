/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a batch: outputs, then flush, then commit, whatever fails. */
#include "tests/unit/stage_world.h"

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
	assert_int_equal(w->sent_at_first_serve, 1); /* what was answered does not wait with the one that must */
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
	refuse_output_b(w, "UNKNOWN_TOPIC_OR_PART");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_then_flush_then_commit),
		cmocka_unit_test(offsets_are_named_for_each_partition),
		cmocka_unit_test(retry_comes_again_and_nothing_overtakes),
		cmocka_unit_test(a_stop_cuts_before_the_record_that_waits),
		cmocka_unit_test(an_overdue_stop_takes_no_more_records),
		cmocka_unit_test(failures_commit_nothing),
		cmocka_unit_test(a_commit_refused_for_good_ends_the_worker),
		cmocka_unit_test(a_full_queue_is_waited_for),
		cmocka_unit_test(a_commit_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
