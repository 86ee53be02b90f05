/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "producers/batch/lines.h"

static int pipe_with(const char *text, size_t len, int *writer)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, len), (ssize_t)len);
	if (writer)
		*writer = ends[1];
	else
		close(ends[1]);
	return ends[0];
}

static void reads_each_line(void **state)
{
	static const char text[] = "one\n\nthree\r\nlast";
	static const char *const want[] = { "one", "", "three\r", "last" };
	const int fd = pipe_with(text, sizeof(text) - 1, NULL);
	struct lines lines;

	(void)state;
	lines_init(&lines, fd, 100);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(lines_next(&lines));
		assert_string_equal(buf_text(&lines.line), want[i]);
	}
	assert_false(lines_next(&lines));
	assert_int_equal(lines.error, 0);
	lines_release(&lines);
	close(fd);
}

static void cuts_what_is_too_long(void **state)
{
	const int fd = pipe_with("0123456789abcdef\nnext\n", 22, NULL);
	struct lines lines;

	(void)state;
	lines_init(&lines, fd, 10);
	assert_true(lines_next(&lines));
	assert_int_equal(lines.line.len, 11);
	assert_true(lines_next(&lines));
	assert_string_equal(buf_text(&lines.line), "next");
	lines_release(&lines);
	close(fd);
}

static void a_failed_read_is_told(void **state)
{
	struct lines lines;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	lines_init(&lines, ends[1], 10); /* the end that cannot be read */
	assert_false(lines_next(&lines));
	assert_int_not_equal(lines.error, 0);
	lines_release(&lines);
	close(ends[0]);
	close(ends[1]);
}

static void holds_nothing_while_it_waits(void **state)
{
	int writer, fd = pipe_with("a secret of one line\nrest", 25, &writer);
	struct lines lines;

	(void)state;
	lines_init(&lines, fd, 100);
	assert_true(lines_next(&lines));
	assert_int_equal(write(writer, " of it\n", 7), 7);
	assert_true(lines_next(&lines));
	assert_string_equal(buf_text(&lines.line), "rest of it");
	close(writer);
	assert_false(lines_next(&lines));
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(lines.chunk[i], 0);
	for (size_t i = 0; i < lines.line.cap; i++)
		assert_int_equal(lines.line.data[i], 0);
	lines_release(&lines);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_line),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(a_failed_read_is_told),
		cmocka_unit_test(holds_nothing_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
