/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/log.h"

/* Standard error goes to a pipe while a line is written. */
struct capture {
	int saved, ends[2];
	struct buf text;
};

static void capture_begin(struct capture *capture)
{
	capture->text = (struct buf)BUF_INIT;
	capture->saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(capture->ends, O_NONBLOCK), 0);
	dup2(capture->ends[1], STDERR_FILENO);
}

static const char *capture_end(struct capture *capture)
{
	char chunk[4096];
	ssize_t n;

	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->ends[1]);
	while ((n = read(capture->ends[0], chunk, sizeof(chunk))) > 0)
		buf_append(&capture->text, chunk, (size_t)n);
	close(capture->ends[0]);
	return buf_text(&capture->text);
}

static void test_values_cannot_forge_a_line(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "plain", "k=plain" },
		{ "", "k=\"\"" },
		{ "two words", "k=\"two words\"" },
		{ "a=b", "k=\"a=b\"" },
		{ "say \"x\\y\"", "k=\"say \\\"x\\\\y\\\"\"" },
		{ "x\nlevel=error event=fake", "k=\"x\\nlevel=error event=fake\"" },
		{ "\r\t", "k=\"\\u000d\\t\"" },
		{ "\x1B[31m", "k=\"\\u001b[31m\"" },
		{ "\xC2\x9B", "k=\"\\u009b\"" },                 /* CSI in one character */
		{ "\xE2\x80\xAEtxt", "k=\"\\u202etxt\"" },       /* right-to-left override */
		{ "caf\xC3\xA9", "k=\"caf\xC3\xA9\"" },
		{ "\xFF", "k=\"\xEF\xBF\xBD\"" },
	};

	(void)state;
	log_open("log-test", LOG_LEVEL_INFO);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct capture capture;
		struct buf want = BUF_INIT;

		capture_begin(&capture);
		log_event(LOG_LEVEL_INFO, "test.case", "k", cases[i].value, NULL);
		buf_printf(&want, "level=info event=test.case program=log-test %s\n", cases[i].want);
		assert_string_equal(capture_end(&capture), buf_text(&want));
		buf_release(&capture.text);
		buf_release(&want);
	}
}

static void test_levels(void **state)
{
	struct capture capture;

	(void)state;
	log_open("log-test", LOG_LEVEL_WARN);
	capture_begin(&capture);
	log_event(LOG_LEVEL_INFO, "test.no", NULL);
	log_eventf(LOG_LEVEL_INFO, "test.no", "k", "%d", 1);
	log_event(LOG_LEVEL_WARN, "test.yes", NULL);
	log_set_level(LOG_LEVEL_DEBUG);
	log_eventf(LOG_LEVEL_DEBUG, "test.now", "k", "%d of %d", 1, 2);
	assert_string_equal(capture_end(&capture), "level=warn event=test.yes program=log-test\n"
						   "level=debug event=test.now program=log-test k=\"1 of 2\"\n");
	buf_release(&capture.text);
	log_set_level(LOG_LEVEL_INFO);
}

static void test_errors(void **state)
{
	struct err err = ERR_INIT;
	struct capture capture;

	(void)state;
	capture_begin(&capture);
	err_set(&err, ERR_DATA, "key-unknown", "epoch %d", 3);
	log_err(LOG_LEVEL_ERROR, "test.failed", &err);
	err_set(&err, ERR_DATA, NULL, "a \"b\"\n");
	log_err(LOG_LEVEL_ERROR, "test.failed", &err);
	log_plain(err.text);
	assert_string_equal(capture_end(&capture),
			    "level=error event=test.failed program=log-test reason=key-unknown detail=\"epoch 3\"\n"
			    "level=error event=test.failed program=log-test detail=\"a \\\"b\\\"\\n\"\n"
			    "log-test: a \"b\"\\n\n");
	buf_release(&capture.text);
}

/* At every length around the limit: one line, not longer than a pipe takes whole, and quotes in pairs. */
static void test_long_lines_are_cut_whole(void **state)
{
	char value[PIPE_BUF + 64];

	(void)state;
	for (size_t len = PIPE_BUF - 120; len < sizeof(value); len++) {
		struct capture capture;
		const char *line;
		size_t quotes = 0;

		memset(value, 'v', len);
		value[len - 1] = '\0';
		value[0] = len % 2 ? ' ' : 'v';
		capture_begin(&capture);
		log_event(LOG_LEVEL_INFO, "test.long", "k", value, "next", "two words", NULL);
		line = capture_end(&capture);
		assert_true(capture.text.len <= PIPE_BUF);
		assert_ptr_equal(strchr(line, '\n'), line + capture.text.len - 1);
		for (const char *c = line; *c; c++)
			quotes += *c == '"';
		assert_int_equal(quotes % 2, 0);
		assert_true(strstr(line, "two words") || strstr(line, "cut=true"));
		buf_release(&capture.text);
	}
}

static void *write_lines(void *arg)
{
	for (int i = 0; i < 200; i++)
		log_event(LOG_LEVEL_INFO, "test.thread", "who", arg, "text", "some words to fill the line", NULL);
	return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	struct capture capture;
	pthread_t threads[4];
	size_t lines = 0;

	(void)state;
	capture_begin(&capture);
	fcntl(capture.ends[1], F_SETPIPE_SZ, 1 << 20);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_lines, names[i]);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (const char *line = capture_end(&capture); *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(strncmp(line, "level=info event=test.thread program=log-test who=", 50), 0);
		assert_int_equal(strncmp(line + 51, " text=\"some words to fill the line\"\n", 36), 0);
		lines++;
	}
	assert_int_equal(lines, 800);
	buf_release(&capture.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_cannot_forge_a_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long_lines_are_cut_whole),
		cmocka_unit_test(test_lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
