/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/runtime/file.h"

#define BIG 200000

/* Writes a file of `len` bytes and returns its path. */
static const char *file_of(size_t len)
{
	static char path[64];
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "/tmp/file_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	for (size_t i = 0; i < len; i++)
		fputc('a' + (int)(i % 26), file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void reads_the_whole_file_behind_what_is_there(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, BIG };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *path = file_of(sizes[i]);
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;

		buf_append_str(&out, "> ");
		assert_int_equal(file_read(&out, path, sizes[i], &err), 0);
		assert_int_equal(out.len, sizes[i] + 2);
		assert_int_equal(strlen(buf_text(&out)), sizes[i] + 2);
		assert_memory_equal(out.data, "> ", 2);
		buf_release(&out);
		unlink(path);
	}
}

static void refuses_what_is_too_large_and_takes_nothing(void **state)
{
	const char *path = file_of(BIG);
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_append_str(&out, "kept");
	assert_int_equal(file_read(&out, path, BIG - 1, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "larger than 199999 bytes"));
	assert_string_equal(buf_text(&out), "kept");
	buf_release(&out);
	unlink(path);
}

static void names_what_cannot_be_read(void **state)
{
	static const char *const paths[] = { "/no/such/file", "/tmp" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(file_read(&out, paths[i], 100, &err), -1);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.text, paths[i]));
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_whole_file_behind_what_is_there),
		cmocka_unit_test(refuses_what_is_too_large_and_takes_nothing),
		cmocka_unit_test(names_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
