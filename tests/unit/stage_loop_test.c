/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole skeleton as a process of its own, on an embedded broker: what a record's value says is done by a
 * test stage, which this file runs when it is started with "stage" as its first argument. A tiny supervisor
 * starts it again.
 *
 * Nearly all of a case is waiting for its group. So each case is a process of its own, with its own broker, and all
 * of them run at once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_admin.h"
#include "ops/runtime/kafka_embedded.h"
#include "ops/runtime/kafka_producer.h"
#include "ops/runtime/log.h"
#include "schema/reason.h"
#include "schema/topics.h"
#include "tests/unit/stage_loop_world.h"
#include "workers/stage/stage.h"

/* ---- the stage under test, in its own process ---- */

struct doer {
	const char *marks; /* folder: what was done once leaves a file here */
	bool exit_in_flush;
	int refused;
};

static const struct conf_key doer_keys[] = {
	{ "test.marks", CONF_DIR, NULL, 0, 0, NULL, "where marks are left" },
	CONF_KEYS_END
};

static int doer_open(void **state, const struct stage_env *env, struct err *err)
{
	struct doer *doer = mem_alloc(sizeof(*doer));

	(void)err;
	doer->marks = conf_str(env->conf, "test.marks");
	*state = doer;
	return 0;
}

static bool first_time(const struct doer *doer, const char *what)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", doer->marks, what);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool begins(struct slice value, const char *word)
{
	return value.len >= strlen(word) && !memcmp(value.data, word, strlen(word));
}

static enum verdict doer_handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct doer *doer = state;

	emit_bytes(out, OUT, &in->tip_id, &in->tip_id, in->value);
	if (begins(in->value, "park"))
		return err_set(err, ERR_DATA, REASON_TIP_INVALID, "as told"), VERDICT_PARK;
	if (begins(in->value, "retry") && doer->refused++ % 3)
		return err_set(err, ERR_TEMPORARY, NULL, "as told"), VERDICT_RETRY;
	if (begins(in->value, "wait"))
		return err_set(err, ERR_TEMPORARY, NULL, "as told"), VERDICT_RETRY;
	if (begins(in->value, "fatal") && first_time(doer, "fatal"))
		return err_set(err, ERR_SYSTEM, NULL, "as told"), VERDICT_FATAL;
	if (begins(in->value, "hang") && first_time(doer, "hang"))
		for (;;)
			pause(); /* each signal ends one */
	if (begins(in->value, "kill"))
		raise(SIGKILL);
	doer->exit_in_flush |= begins(in->value, "exit-in-flush");
	return VERDICT_DONE;
}

static int doer_flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
{
	struct doer *doer = state;

	(void)positions;
	(void)n;
	(void)err;
	if (doer->exit_in_flush && first_time(doer, "flush"))
		_exit(9);
	return 0;
}

static void doer_close(void *state)
{
	free(state);
}

static const struct stage doer_stage = {
	.name = "test",
	.topic_in = IN,
	.input = STAGE_READS_FRAMES,
	.summary = "does as it is told",
	.description = "Does as it is told.",
	.keys = doer_keys,
	.open = doer_open,
	.handle = doer_handle,
	.flush = doer_flush,
	.close = doer_close,
};

/* ---- the tests ---- */

static void every_verdict_finds_its_place(void **state)
{
	struct world *w = world_new("");
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 120);
	put_many(w, "park", 10);
	put_many(w, "retry", 5);
	put_many(w, "ok", 50);
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	assert_int_equal(deaths, 0);
	assert_int_equal(check_all(w), 0);
	world_free(w);
}

static void a_crash_between_flush_and_commit_loses_nothing(void **state)
{
	struct world *w = world_new("");
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 70);
	put(w, "exit-in-flush");
	put_many(w, "park", 5);
	put(w, "fatal");
	put_many(w, "ok", 70);
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	assert_int_equal(deaths, 2);
	assert_true(check_all(w) > 0);
	world_free(w);
}

static void refused_produce_requests_are_outlasted(void **state)
{
	struct world *w = world_new("");
	struct err err = ERR_INIT;
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 200);
	put_done(w);
	must(kafka_embedded_fail_produce(w->broker, "NOT_LEADER_FOR_PARTITION", 3, &err), &err);
	must(kafka_embedded_fail_produce(w->broker, "REQUEST_TIMED_OUT", 2, &err), &err);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	check_all(w);
	world_free(w);
}

/* The stage ends with 75 and is started again: nothing of the batch was committed. */
static void loses_nothing_by_a_restart(const char *error)
{
	struct world *w = world_new("");
	struct err err = ERR_INIT;
	int deaths = 0;

	put_many(w, "ok", 200);
	put_many(w, "park", 10);
	put_done(w);
	must(kafka_embedded_fail_produce(w->broker, error, 1, &err), &err);
	pid_t pid = start_stage(w);
	assert_int_equal(wait_stage(pid, DEADLINE_MS), 75);
	pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	assert_int_equal(deaths, 0);
	check_all(w);
	world_free(w);
}

static void a_fatal_producer_error_loses_nothing(void **state)
{
	(void)state;
	loses_nothing_by_a_restart("OUT_OF_ORDER_SEQUENCE_NUMBER");
}

static void an_epoch_refused_loses_nothing(void **state)
{
	(void)state;
	loses_nothing_by_a_restart("INVALID_PRODUCER_EPOCH");
}

/* Fails, by its deadline, when stage_kafka_open sets no message_timeout_ms (tried). */
static void brokers_that_never_answer_end_the_stage(void **state)
{
	struct world *w = world_new("  publish_timeout: 1500ms\n");
	struct err err = ERR_INIT;
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 20);
	put_done(w);
	must(kafka_embedded_delay(w->broker, "Produce", 10 * DEADLINE_MS, 1, &err), &err);
	assert_int_equal(wait_stage(start_stage(w), 18000), 75); /* sooner than kafka.socket_timeout */
	assert_int_equal(left_to_commit(w), 20);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	check_all(w);
	world_free(w);
}

/* Each record comes when the one before is committed, so each is a batch. Fails without stage_pace (tried). */
static void batches_that_were_not_full_are_kept_apart(void **state)
{
	struct world *w = world_new("  pace: 1s\n");
	int deaths = 0;

	(void)state;
	put(w, "ok");
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	int64_t begun = clock_mono_ms();
	for (int i = 0; i < 3; i++) {
		put(w, "ok");
		put_done(w);
		pid = run_until_left(w, pid, 0, &deaths);
	}
	assert_true(clock_mono_ms() - begun >= 2000);
	assert_int_equal(stop_stage(pid), 0);
	assert_int_equal(deaths, 0);
	world_free(w);
}

static void a_stop_in_the_middle_keeps_what_was_done(void **state)
{
	struct world *w = world_new("");
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 30);
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	put(w, "wait");
	put_done(w);
	int64_t begun = clock_mono_ms();
	assert_int_equal(stop_stage(pid), 0);
	assert_true(clock_mono_ms() - begun < 10000);
	assert_int_equal(left_to_commit(w), 1);
	w->n_tips--; /* the one that waits went nowhere */
	assert_int_equal(check_all(w), 0);
	world_free(w);
}

static void the_watchdog_ends_a_stage_that_hangs(void **state)
{
	struct world *w = world_new("  watchdog: 1s\n");

	(void)state;
	put(w, "hang");
	put_done(w);
	assert_int_equal(wait_stage(start_stage(w), 20000), 70);
	assert_int_equal(left_to_commit(w), 1);
	world_free(w);
}

static void a_stop_does_not_wait_for_a_stage_that_hangs(void **state)
{
	struct world *w = world_new("");
	int deaths = 0;

	(void)state;
	put(w, "ok");
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	put(w, "hang");
	put_done(w);
	await_mark(w, "hang");
	assert_int_equal(stop_stage(pid), 75);
	assert_int_equal(left_to_commit(w), 1);
	world_free(w);
}

static void kills_lose_nothing(void **state)
{
	struct world *w = world_new("");
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 150);
	put_many(w, "park", 20);
	put_many(w, "ok", 150);
	put_done(w);
	pid_t pid = start_stage(w);
	for (int64_t left = 250; left > 0; left -= 200) {
		pid = run_until_left(w, pid, left, &deaths);
		kill(pid, SIGKILL);
		assert_int_equal(wait_stage(pid, 1000), -SIGKILL);
		pid = start_stage(w);
	}
	put(w, "ok"); /* so that the last one has work too, and is up when it is stopped */
	put_done(w);
	pid = run_until_left(w, pid, 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	check_all(w);
	world_free(w);
}

static int expect_poison(void *arg, const struct kafka_record *record, struct err *err)
{
	struct slice reason, attempts;

	(void)arg;
	(void)err;
	assert_true(kafka_record_header(record, HEADER_REASON, &reason));
	assert_true(kafka_record_header(record, HEADER_ATTEMPTS, &attempts));
	assert_true(slice_equal(reason, slice_str(REASON_POISON)));
	assert_true(slice_equal(attempts, slice_str("3")));
	assert_true(slice_equal(record->value, slice_str("kill")));
	return 0;
}

/*
 * Fails when answer_record no longer asks stage_suspect_deaths (the worker then dies until the deadline), and when
 * call_handle no longer notes what is in hand; both were tried.
 */
static void a_record_that_kills_is_parked_after_three_deaths(void **state)
{
	struct world *w = world_new("");
	struct err err = ERR_INIT;
	int deaths = 0;

	(void)state;
	put_many(w, "ok", 60);
	put(w, "kill");
	put_many(w, "ok", 60);
	put_done(w);
	pid_t pid = run_until_left(w, start_stage(w), 0, &deaths);
	assert_int_equal(stop_stage(pid), 0);
	assert_int_equal(deaths, 3);
	check_all(w);
	must(kafka_admin_scan(w->admin, TOPIC_PARKED, NULL, expect_poison, NULL, &err), &err);
	world_free(w);
}

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(every_verdict_finds_its_place),
	cmocka_unit_test(a_crash_between_flush_and_commit_loses_nothing),
	cmocka_unit_test(refused_produce_requests_are_outlasted),
	cmocka_unit_test(a_fatal_producer_error_loses_nothing),
	cmocka_unit_test(an_epoch_refused_loses_nothing),
	cmocka_unit_test(brokers_that_never_answer_end_the_stage),
	cmocka_unit_test(batches_that_were_not_full_are_kept_apart),
	cmocka_unit_test(a_stop_in_the_middle_keeps_what_was_done),
	cmocka_unit_test(the_watchdog_ends_a_stage_that_hangs),
	cmocka_unit_test(a_stop_does_not_wait_for_a_stage_that_hangs),
	cmocka_unit_test(kills_lose_nothing),
	cmocka_unit_test(a_record_that_kills_is_parked_after_three_deaths),
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

struct running {
	pid_t pid;
	FILE *output;
};

/* A fresh process, since the stage's libraries have threads. */
static struct running start_case(const char *name)
{
	char *const argv[] = { (char[]){ "stage_loop_test" }, mem_strdup(name), NULL };
	struct running running = { -1, tmpfile() };

	if (running.output)
		running.pid = fork();
	if (!running.pid) {
		dup2(fileno(running.output), STDOUT_FILENO);
		dup2(fileno(running.output), STDERR_FILENO);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	free(argv[1]);
	return running;
}

/* Shows what the case said. Whether it passed. */
static bool end_case(struct running *running)
{
	char text[4096];
	int status;
	size_t n;

	if (running->pid < 0 || waitpid(running->pid, &status, 0) != running->pid)
		return false;
	rewind(running->output);
	while ((n = fread(text, 1, sizeof(text), running->output)) > 0)
		fwrite(text, 1, n, stdout);
	fclose(running->output);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int run_all(void)
{
	struct running running[N_CASES];
	int failed = 0;

	for (size_t i = 0; i < N_CASES; i++)
		running[i] = start_case(cases[i].name);
	for (size_t i = 0; i < N_CASES; i++)
		failed += !end_case(&running[i]);
	return failed;
}

static int run_case(const char *name)
{
	for (size_t i = 0; i < N_CASES; i++) {
		if (!strcmp(cases[i].name, name)) {
			const struct CMUnitTest tests[] = { cases[i] };
			return cmocka_run_group_tests(tests, NULL, NULL);
		}
	}
	return 64;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "stage"))
		return stage_main(argc - 1, argv + 1, &doer_stage);
	log_open("stage_loop_test", LOG_LEVEL_ERROR);
	return argc > 1 ? run_case(argv[1]) : run_all();
}
