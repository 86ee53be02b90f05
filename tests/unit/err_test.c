/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/err.h"

static void test_set_fills_everything(void **state)
{
	static const char reason[] = "some-reason";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_DATA, reason, "line %d", 7), -1);
	assert_int_equal(err.kind, ERR_DATA);
	assert_ptr_equal(err.reason, reason);
	assert_string_equal(err.text, "line 7");
	err_clear(&err);
	assert_int_equal(err.kind, ERR_NONE);
	assert_null(err.reason);
	assert_string_equal(err.text, "");
}

static void test_no_object_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_DATA, NULL, "x"), -1);
	assert_int_equal(err_errno(NULL, "x"), -1);
	assert_int_equal(err_prefix(NULL, "x"), -1);
	err_clear(NULL);
}

static void test_errno_names_the_reason_and_survives(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "open %s", "x.yaml"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_string_equal(err.text, "open x.yaml: No such file or directory");
}

static void test_prefix_keeps_kind_and_reason(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_TEMPORARY, "busy", "try later");
	assert_int_equal(err_prefix(&err, "topic %s", "a"), -1);
	assert_string_equal(err.text, "topic a: try later");
	assert_int_equal(err.kind, ERR_TEMPORARY);
	assert_string_equal(err.reason, "busy");
}

static void test_own_text_may_be_an_argument(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_DATA, NULL, "inner");
	err_set(&err, ERR_CONFIG, NULL, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	err_prefix(&err, "[%s]", err.text);
	assert_string_equal(err.text, "[outer (inner)]: outer (inner)");
}

static void test_long_text_is_cut_between_characters(void **state)
{
	char text[2 * ERR_TEXT_MAX] = "";
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xC3\xA9", 3);
	err_set(&err, ERR_DATA, NULL, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 2); /* 511 bytes of room, characters of 2 */
	err_prefix(&err, "x");
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "x: \xC3\xA9", 5);
}

static void test_exit_statuses(void **state)
{
	static const struct {
		enum err_kind kind;
		int status;
	} cases[] = {
		{ ERR_NONE, 0 },   { ERR_USAGE, 64 },  { ERR_DATA, 65 },      { ERR_UNAVAILABLE, 69 },
		{ ERR_BUG, 70 },   { ERR_SYSTEM, 71 }, { ERR_TEMPORARY, 75 }, { ERR_CONFIG, 78 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		err_set(&err, cases[i].kind, NULL, "x");
		assert_int_equal(err_exit_status(&err), cases[i].status);
	}
}

static void test_bug_says_where_and_aborts(void **state)
{
	char text[256] = "";
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		BUG("seven is %d", 8);
	}
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "err_test.c:"));
	assert_non_null(strstr(text, ": bug: seven is 8\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_fills_everything),
		cmocka_unit_test(test_no_object_is_allowed),
		cmocka_unit_test(test_errno_names_the_reason_and_survives),
		cmocka_unit_test(test_prefix_keeps_kind_and_reason),
		cmocka_unit_test(test_own_text_may_be_an_argument),
		cmocka_unit_test(test_long_text_is_cut_between_characters),
		cmocka_unit_test(test_exit_statuses),
		cmocka_unit_test(test_bug_says_where_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
