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
#include "workers/stage/stage.h"

#define DEADLINE_MS 60000
#define TIPS_MAX 400
#define DAY 20000u
#define IN "test.in"
#define OUT "test.out"

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

/* ---- the world around it ---- */

struct world {
	char folder[64], conf_path[96];
	struct kafka_embedded *broker;
	struct conf *conf;
	struct kafka_producer *producer;
	struct kafka_admin *admin;
	size_t n_tips;
	unsigned seen_out[TIPS_MAX], seen_parked[TIPS_MAX];
	bool wants_parked[TIPS_MAX];
};

static void must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static void write_conf(struct world *w, const char *more)
{
	FILE *file = fopen(w->conf_path, "we");

	assert_non_null(file);
	fprintf(file, "kafka:\n  brokers: [\"%s\"]\n", kafka_embedded_address(w->broker));
	fprintf(file, "test:\n  marks: %s\n", w->folder);
	fprintf(file, "stage:\n  batch: 50\n  retry_first: 1ms\n  retry_max: 5ms\n  session_timeout: 3s\n%s", more);
	fclose(file);
}

static struct world *world_new(const char *more)
{
	static const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	const struct kafka_producer_options options = { .client_id = "test", .queue_max = 1000 };
	struct world *w = mem_alloc(sizeof(*w));
	struct err err = ERR_INIT;
	char text[256];

	snprintf(w->folder, sizeof(w->folder), "/tmp/stage_loop_test.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->conf_path, sizeof(w->conf_path), "%s/test.yaml", w->folder);
	must(kafka_embedded_new(&w->broker, 1, &err), &err);
	must(kafka_embedded_topic(w->broker, IN, 2, &err), &err);
	must(kafka_embedded_topic(w->broker, OUT, 1, &err), &err);
	must(kafka_embedded_topic(w->broker, TOPIC_PARKED, 1, &err), &err);
	write_conf(w, more);
	snprintf(text, sizeof(text), "kafka:\n  brokers: [\"%s\"]\n", kafka_embedded_address(w->broker));
	must(conf_parse(&w->conf, "test", text, tables, &err), &err);
	must(kafka_producer_new(&w->producer, w->conf, &options, &err), &err);
	must(kafka_admin_open(&w->admin, w->conf, 5000, &err), &err);
	return w;
}

static void remove_file(const struct world *w, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	unlink(path);
}

static void world_free(struct world *w)
{
	kafka_producer_free(w->producer);
	kafka_admin_close(w->admin);
	conf_free(w->conf);
	kafka_embedded_free(w->broker);
	remove_file(w, "test.yaml");
	remove_file(w, "fatal");
	remove_file(w, "flush");
	remove_file(w, "hang");
	rmdir(w->folder);
	free(w);
}

/* A tip whose number is the end of its id. */
static void put(struct world *w, const char *word)
{
	char hex[TIP_ID_HEX], day[12];
	struct err err = ERR_INIT;
	struct tip_id id = { { 0 } };

	assert_true(w->n_tips < TIPS_MAX);
	id.bytes[TIP_ID_BYTES - 2] = (uint8_t)(w->n_tips >> 8);
	id.bytes[TIP_ID_BYTES - 1] = (uint8_t)w->n_tips;
	tip_id_hex(&id, hex);
	snprintf(day, sizeof(day), "%u", DAY);
	const struct kafka_header header = { HEADER_TIP_ID, slice_str(hex) };
	const struct kafka_outgoing record = { .topic = IN, .key = slice_str(hex), .value = slice_str(word),
					       .headers = &header, .n_headers = 1, .timestamp_ms = DAY * 86400000ll };
	must(kafka_producer_send(w->producer, &record, NULL, &err), &err);
	w->wants_parked[w->n_tips++] = !strncmp(word, "park", 4);
}

static void put_many(struct world *w, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, word);
}

static void put_done(struct world *w)
{
	struct err err = ERR_INIT;

	must(kafka_producer_flush(w->producer, 10000, &err), &err);
}

static int count_record(void *arg, const struct kafka_record *record, struct err *err)
{
	unsigned *seen = arg;
	struct slice hex;
	struct tip_id id;

	(void)err;
	assert_true(kafka_record_header(record, HEADER_TIP_ID, &hex));
	assert_int_equal(tip_id_parse(&id, (const char *)hex.data, hex.len), 0);
	seen[((size_t)id.bytes[TIP_ID_BYTES - 2] << 8) + id.bytes[TIP_ID_BYTES - 1]]++;
	assert_int_equal(record->timestamp_ms % 86400000, 0); /* a day and no time */
	assert_true(record->timestamp_ms > DAY * 86400000ll);
	return 0;
}

/* Every tip went exactly where it should, at least once. Returns how often more than once. */
static unsigned check_all(struct world *w)
{
	struct err err = ERR_INIT;
	unsigned again = 0;

	memset(w->seen_out, 0, sizeof(w->seen_out));
	memset(w->seen_parked, 0, sizeof(w->seen_parked));
	must(kafka_admin_scan(w->admin, OUT, NULL, count_record, w->seen_out, &err), &err);
	must(kafka_admin_scan(w->admin, TOPIC_PARKED, NULL, count_record, w->seen_parked, &err), &err);
	for (size_t i = 0; i < w->n_tips; i++) {
		unsigned right = w->wants_parked[i] ? w->seen_parked[i] : w->seen_out[i];
		unsigned wrong = w->wants_parked[i] ? w->seen_out[i] : w->seen_parked[i];
		if (!right || wrong)
			fail_msg("tip %zu: %u times where it belongs, %u elsewhere", i, right, wrong);
		again += right - 1;
	}
	return again;
}

static int64_t left_to_commit(struct world *w)
{
	int64_t sum = 0;

	for (int32_t p = 0; p < 2; p++) {
		int64_t low, high, next;
		struct err err = ERR_INIT;
		must(kafka_admin_watermarks(w->admin, IN, p, &low, &high, &err), &err);
		must(kafka_admin_committed(w->admin, GROUP_PREFIX "test", IN, p, &next, &err), &err);
		sum += high - (next < 0 ? 0 : next);
	}
	return sum;
}

static pid_t start_stage(struct world *w)
{
	char *const argv[] = { (char[]){ "stage_loop_test" }, (char[]){ "stage" }, (char[]){ "-c" }, w->conf_path,
			       (char[]){ "--log-level" },     (char[]){ "error" },  NULL };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	return pid;
}

static void nap(void)
{
	const struct timespec ms20 = { 0, 20000000 };

	nanosleep(&ms20, NULL);
}

static void await_mark(const struct world *w, const char *name)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	while (access(path, F_OK)) {
		if (clock_mono_ms() > until)
			fail_msg("the stage never came to \"%s\"", name);
		nap();
	}
}

/* The exit status, or -signal. The process is killed when it takes too long. */
static int wait_stage(pid_t pid, int64_t most_ms)
{
	int64_t until = clock_mono_ms() + most_ms;
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		assert_true(got >= 0);
		if (got == pid)
			break;
		if (clock_mono_ms() > until) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("the stage did not end within %lld ms", (long long)most_ms);
		}
		nap();
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int stop_stage(pid_t pid)
{
	kill(pid, SIGTERM);
	return wait_stage(pid, 15000);
}

/* Runs the stage, starting it again when it ends, until `left` records or fewer are uncommitted. */
static pid_t run_until_left(struct world *w, pid_t pid, int64_t left, int *deaths)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	while (left_to_commit(w) > left) {
		int status;
		if (clock_mono_ms() > until)
			fail_msg("%lld records are still not committed", (long long)left_to_commit(w));
		if (waitpid(pid, &status, WNOHANG) == pid) {
			(*deaths)++;
			pid = start_stage(w);
		}
		nap();
	}
	return pid;
}

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

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(every_verdict_finds_its_place),
	cmocka_unit_test(a_crash_between_flush_and_commit_loses_nothing),
	cmocka_unit_test(refused_produce_requests_are_outlasted),
	cmocka_unit_test(a_stop_in_the_middle_keeps_what_was_done),
	cmocka_unit_test(the_watchdog_ends_a_stage_that_hangs),
	cmocka_unit_test(a_stop_does_not_wait_for_a_stage_that_hangs),
	cmocka_unit_test(kills_lose_nothing),
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
