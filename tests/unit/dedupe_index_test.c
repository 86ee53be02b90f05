/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/reason.h"
#include "workers/dedupe/entry.h"
#include "workers/dedupe/index.h"

static const uint8_t salt[INDEX_SALT_BYTES] = { 1, 2, 3 };
static struct token two_tokens[] = { { 7, TOKEN_WORD }, { 5, TOKEN_NAME } };

struct place {
	char folder[32], path[64];
};

static int set_up(void **state)
{
	struct place *place = mem_alloc(sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/dedupe-test-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/dedupe.index", place->folder);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", place->path, endings[i]);
		unlink(path);
	}
	rmdir(place->folder);
	free(place);
	return 0;
}

static struct index_row row_of(uint8_t n)
{
	struct index_row row = { .day = 20000, .partition = 0, .offset = n, .n_links = 1 };

	row.tip_id.bytes[0] = n;
	row.case_id.bytes[0] = 100;
	row.digest[0] = n;
	row.tokens = (struct token_list){ .items = two_tokens, .n = 2 };
	row.links[0] = (struct link){ { { 9 } }, 0.5f, LINK_NAME | LINK_DATE, true };
	return row;
}

static struct index *open_at(const char *path)
{
	struct err err = ERR_INIT;
	struct index *index = NULL;

	if (index_open(&index, path, salt, &err) < 0)
		fail_msg("%s", err.text);
	return index;
}

static void add_row(struct index *index, uint8_t n)
{
	struct index_row row = row_of(n);
	struct err err = ERR_INIT;

	assert_int_equal(index_add(index, &row, &err), 0);
}

static int has_row(struct index *index, uint8_t n, struct index_row *row)
{
	struct index_row want = row_of(n);
	struct err err = ERR_INIT;

	return index_find(index, &want.tip_id, row, &err);
}

static int count_row(void *arg, const struct index_row *row, struct err *err)
{
	int *n = arg;

	(void)err;
	++*n;
	assert_int_equal(row->tip_id.bytes[0], *n); /* in order */
	assert_int_equal(row->tokens.n, 2);
	assert_int_equal(row->tokens.items[1].mac, 5);
	assert_int_equal(row->tokens.items[1].class, TOKEN_NAME);
	return 0;
}

static void rows_and_position_survive_together(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct err err = ERR_INIT;
	struct index_row row;
	int n = 0;

	assert_int_equal(index_position(index, "tip.classified", 0), -1);
	add_row(index, 1);
	add_row(index, 2);
	assert_int_equal(index_set_position(index, "tip.classified", 0, 3, &err), 0);
	assert_int_equal(index_commit(index, &err), 0);
	index_close(index);

	index = open_at(place->path);
	assert_int_equal(index_position(index, "tip.classified", 0), 3);
	assert_int_equal(index_position(index, "tip.classified", 1), -1);
	assert_int_equal(has_row(index, 2, &row), 1);
	assert_int_equal(has_row(index, 3, &row), 0);
	assert_int_equal(index_walk(index, 0, count_row, &n, &err), 0);
	assert_int_equal(n, 2);
	index_close(index);
}

/* Where linking stood is undone with the tips it speaks of, and a file from before it was noted gets its table. */
static void the_standing_is_of_the_transaction(void **state)
{
	const struct index_standing first = { 0, 20000, 2, 730, 100 }, second = { 0, 20001, 3, 730, 100 };
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct index_standing found;
	struct err err = ERR_INIT;
	int n = 1;

	assert_int_equal(index_standing(index, &found, &err), 0);
	add_row(index, 1);
	add_row(index, 2);
	assert_int_equal(index_note_standing(index, &first, &err), 0);
	assert_int_equal(index_commit(index, &err), 0);
	add_row(index, 3);
	assert_int_equal(index_note_standing(index, &second, &err), 0);
	index_close(index);

	index = open_at(place->path);
	assert_int_equal(index_standing(index, &found, &err), 1);
	assert_int_equal(found.seq, 2);
	assert_int_equal(found.today, 20000);
	assert_int_equal(found.n_tips, 2);
	assert_int_equal(found.window_days, 730);
	assert_int_equal(found.window_tips, 100);
	assert_int_equal(index_walk(index, 1, count_row, &n, &err), 0);
	assert_int_equal(n, 2); /* the second row alone */
	index_close(index);
}

static void a_row_comes_back_whole(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct index_row row, want = row_of(1);

	add_row(index, 1);
	assert_int_equal(has_row(index, 1, &row), 1); /* before the commit too */
	assert_true(tip_id_equal(&row.case_id, &want.case_id));
	assert_int_equal(row.day, want.day);
	assert_int_equal(row.offset, want.offset);
	assert_memory_equal(row.digest, want.digest, DIGEST_BYTES);
	assert_int_equal(row.n_links, 1);
	assert_true(tip_id_equal(&row.links[0].tip_id, &want.links[0].tip_id));
	assert_true(row.links[0].score == want.links[0].score);
	assert_int_equal(row.links[0].reasons, want.links[0].reasons);
	assert_true(row.links[0].strong);
	index_close(index);
}

static void what_was_not_committed_is_undone(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct err err = ERR_INIT;
	struct index_row row;

	add_row(index, 1);
	assert_int_equal(index_set_position(index, "tip.classified", 0, 2, &err), 0);
	assert_int_equal(index_commit(index, &err), 0);
	add_row(index, 2);
	assert_int_equal(index_set_position(index, "tip.classified", 0, 3, &err), 0);
	index_close(index);

	index = open_at(place->path);
	assert_int_equal(has_row(index, 1, &row), 1);
	assert_int_equal(has_row(index, 2, &row), 0);
	assert_int_equal(index_position(index, "tip.classified", 0), 2);
	index_close(index);
}

static void copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	char bytes[4096];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

/* What a crash leaves in the log is in the file before anything is built on it. */
static void the_log_is_settled_at_the_start(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	char log[80], copy[80], copied_log[96];
	struct err err = ERR_INIT;
	struct index_row row;
	struct stat st;

	add_row(index, 1);
	assert_int_equal(index_commit(index, &err), 0);
	snprintf(log, sizeof(log), "%s-wal", place->path);
	snprintf(copy, sizeof(copy), "%s.copy", place->path);
	snprintf(copied_log, sizeof(copied_log), "%s-wal", copy);
	copy_file(place->path, copy);
	copy_file(log, copied_log);
	assert_int_equal(chmod(copy, 0600), 0);
	index_close(index);
	assert_int_equal(stat(copied_log, &st), 0);
	assert_true(st.st_size > 0);
	index = open_at(copy);
	assert_int_equal(stat(copied_log, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(index_find(index, &(struct tip_id){ { 1 } }, &row, &err), 1);
	index_close(index);
	unlink(copied_log);
	unlink(copy);
}

static void killed_between_two_commits_keeps_the_first(void **state)
{
	struct place *place = *state;
	struct index_row row;
	struct index *index;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = ERR_INIT;

		index = open_at(place->path);
		add_row(index, 1);
		if (index_commit(index, &err) < 0)
			_exit(1);
		add_row(index, 2);
		kill(getpid(), SIGKILL);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	index = open_at(place->path);
	assert_int_equal(has_row(index, 1, &row), 1);
	assert_int_equal(has_row(index, 2, &row), 0);
	index_close(index);
}

/* The lock is a process's, so the second one is another process. */
static void a_second_dedupe_is_refused(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct index *second = NULL;
		struct err err = ERR_INIT;
		int rc = index_open(&second, place->path, salt, &err);

		_exit(rc < 0 && err.kind == ERR_TEMPORARY && strstr(err.text, "another process") ? 0 : 1);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	index_close(index);
}

static void the_file_is_the_owners(void **state)
{
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct err err = ERR_INIT;
	struct stat st;

	add_row(index, 1);
	assert_int_equal(index_commit(index, &err), 0);
	index_close(index);
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(place->path, 0644), 0);
	index = NULL;
	assert_int_equal(index_open(&index, place->path, salt, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void another_file_is_refused(void **state)
{
	struct place *place = *state;
	struct index *index = NULL;
	struct err err = ERR_INIT;
	FILE *file = fopen(place->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	assert_int_equal(chmod(place->path, 0600), 0);
	assert_int_equal(index_open(&index, place->path, salt, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void the_salt_is_the_files(void **state)
{
	static const uint8_t other[INDEX_SALT_BYTES] = { 99 };
	struct place *place = *state;
	struct index *index = open_at(place->path);
	struct err err = ERR_INIT;

	index_close(index);
	assert_int_equal(index_open(&index, place->path, other, &err), 0);
	assert_memory_equal(index_salt(index), salt, INDEX_SALT_BYTES);
	index_close(index);
}

static void entries_are_read_strictly(void **state)
{
	struct entry entry = { 20000, { { 5 } }, { .items = two_tokens, .n = 2 } }, read;
	struct arena *arena = arena_new(1024);
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	entry_encode(&bytes, &entry);
	assert_int_equal(entry_decode(&read, buf_slice(&bytes), arena, &err), 0);
	assert_int_equal(read.day, 20000);
	assert_true(tip_id_equal(&read.case_id, &entry.case_id));
	assert_int_equal(read.tokens.n, 2);
	assert_memory_equal(&read.tokens.items[0].mac, &two_tokens[0].mac, 8);
	for (size_t len = 0; len < bytes.len; len++) { /* every cut is refused */
		err_clear(&err);
		assert_int_equal(entry_decode(&read, slice_of(bytes.data, len), arena, &err), -1);
		assert_ptr_equal(err.reason, REASON_RECORD_SHAPE);
	}
	buf_append_byte(&bytes, 0);
	assert_int_equal(entry_decode(&read, buf_slice(&bytes), arena, &err), -1);
	bytes.data[0] = 2;
	assert_int_equal(entry_decode(&read, slice_of(bytes.data, bytes.len - 1), arena, &err), -1);
	buf_release(&bytes);
	arena_free(arena);
}

/* Found by fuzzing: a score of 4294 was read as one, and would have gone into a record that nobody decodes. */
static void links_are_read_strictly(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} wrong[] = { { 16, 1 }, { 20, 64 }, { 21, 2 } }; /* score, reasons, strong */
	const struct link link = { { { 9 } }, 1.0f, LINK_NAME | LINK_HANDLE, true };
	struct link read[LINKS_MAX];
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n;

	(void)state;
	entry_links_encode(&bytes, &link, 1);
	assert_int_equal(entry_links_decode(read, &n, buf_slice(&bytes), &err), 0);
	assert_int_equal(n, 1);
	assert_true(read[0].score == 1.0f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const uint8_t kept = bytes.data[wrong[i].at];

		bytes.data[wrong[i].at] = wrong[i].byte;
		err_clear(&err);
		assert_int_equal(entry_links_decode(read, &n, buf_slice(&bytes), &err), -1);
		assert_ptr_equal(err.reason, REASON_RECORD_SHAPE);
		bytes.data[wrong[i].at] = kept;
	}
	buf_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_and_position_survive_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_standing_is_of_the_transaction, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_row_comes_back_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_not_committed_is_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_log_is_settled_at_the_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_between_two_commits_keeps_the_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_dedupe_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_file_is_the_owners, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_salt_is_the_files, set_up, tear_down),
		cmocka_unit_test(entries_are_read_strictly),
		cmocka_unit_test(links_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
