/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_loop_world: an embedded broker, tips on it, and a worker as a process that is started again when it ends, for
 * stage_loop_test.c, which is also the worker when its first argument is "stage".
 */
#ifndef TIPLINE_TESTS_UNIT_STAGE_LOOP_WORLD_H
#define TIPLINE_TESTS_UNIT_STAGE_LOOP_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
#include "schema/topics.h"

#define DEADLINE_MS 60000
#define TIPS_MAX 400
#define DAY 20000u
#define IN "test.in"
#define OUT "test.out"

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

static inline void must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static inline void write_conf(struct world *w, const char *more)
{
	FILE *file = fopen(w->conf_path, "we");

	assert_non_null(file);
	fprintf(file, "kafka:\n  brokers: [\"%s\"]\n", kafka_embedded_address(w->broker));
	fprintf(file, "test:\n  marks: %s\n", w->folder);
	fprintf(file, "stage:\n  batch: 50\n  retry_first: 1ms\n  retry_max: 5ms\n  session_timeout: 3s\n");
	fprintf(file, "  suspects: suspects\n%s", more);
	fclose(file);
}

static inline struct world *world_new(const char *more)
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

static inline void remove_file(const struct world *w, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	unlink(path);
}

static inline void world_free(struct world *w)
{
	kafka_producer_free(w->producer);
	kafka_admin_close(w->admin);
	conf_free(w->conf);
	kafka_embedded_free(w->broker);
	remove_file(w, "test.yaml");
	remove_file(w, "fatal");
	remove_file(w, "flush");
	remove_file(w, "hang");
	remove_file(w, "suspects");
	rmdir(w->folder);
	free(w);
}

/* A tip whose number is the end of its id. */
static inline void put(struct world *w, const char *word)
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
	w->wants_parked[w->n_tips++] = !strncmp(word, "park", 4) || !strncmp(word, "kill", 4);
}

static inline void put_many(struct world *w, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, word);
}

static inline void put_done(struct world *w)
{
	struct err err = ERR_INIT;

	must(kafka_producer_flush(w->producer, 10000, &err), &err);
}

static inline int count_record(void *arg, const struct kafka_record *record, struct err *err)
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
static inline unsigned check_all(struct world *w)
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

static inline int64_t left_to_commit(struct world *w)
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

static inline pid_t start_stage(struct world *w)
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

static inline void nap(void)
{
	const struct timespec ms20 = { 0, 20000000 };

	nanosleep(&ms20, NULL);
}

static inline void await_mark(const struct world *w, const char *name)
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
static inline int wait_stage(pid_t pid, int64_t most_ms)
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

static inline int stop_stage(pid_t pid)
{
	kill(pid, SIGTERM);
	return wait_stage(pid, 15000);
}

/* Runs the stage, starting it again when it ends, until `left` records or fewer are uncommitted. */
static inline pid_t run_until_left(struct world *w, pid_t pid, int64_t left, int *deaths)
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

#endif
