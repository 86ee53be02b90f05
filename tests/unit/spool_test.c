/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producers/sdk/feed.h"
#include "producers/sdk/spool.h"
#include "schema/frame.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/spool_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/spool", folder);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char name[128];
	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	return rmdir(folder);
}

static struct spool *open_spool(size_t max)
{
	struct spool *spool;
	struct err err = ERR_INIT;
	if (spool_open(&spool, path, max, &err))
		fail_msg("%s", err.text);
	return spool;
}

/* A frame of the right least size whose tip id stands where a frame has it; the spool reads no more of it. */
static struct tip_id put(struct spool *spool, uint8_t fill)
{
	uint8_t frame[300];
	struct tip_id id;
	struct err err = ERR_INIT;
	memset(frame, fill, sizeof(frame));
	tip_id_random(&id);
	assert_int_equal(spool_insert(spool, &id, slice_of(frame, sizeof(frame)), NULL, &err), 0);
	return id;
}

static void test_keeps_in_order_over_reopening(void **state)
{
	struct spool_row rows[8];
	struct tip_id ids[3];
	struct err err = ERR_INIT;
	(void)state;

	struct spool *spool = open_spool(100);
	for (int i = 0; i < 3; i++)
		ids[i] = put(spool, (uint8_t)i);
	spool_close(spool);
	spool = open_spool(100);
	assert_int_equal(spool_waiting(spool), 3);
	assert_int_equal(spool_read(spool, 0, rows, 8, &err), 3);
	for (int i = 0; i < 3; i++) {
		assert_true(tip_id_equal(&rows[i].tip_id, &ids[i]));
		assert_int_equal(rows[i].frame.len, 300);
		assert_int_equal(rows[i].frame.data[299], i);
	}
	int64_t gone = rows[1].id;
	for (int i = 0; i < 3; i++)
		spool_row_release(&rows[i]);
	assert_int_equal(spool_delete(spool, &gone, 1, &err), 0);
	assert_int_equal(spool_waiting(spool), 2);
	assert_int_equal(spool_delete(spool, &gone, 1, &err), 0); /* again: nothing */
	assert_int_equal(spool_waiting(spool), 2);
	spool_close(spool);
}

static void test_same_tip_twice(void **state)
{
	uint8_t frame[100] = { 7 };
	struct tip_id id;
	struct spool_row rows[4];
	struct err err = ERR_INIT;
	int first = 1, second = 2;
	(void)state;

	struct spool *spool = open_spool(100);
	tip_id_random(&id);
	assert_int_equal(spool_insert(spool, &id, slice_of(frame, sizeof(frame)), &first, &err), 0);
	assert_int_equal(spool_insert(spool, &id, slice_of(frame, sizeof(frame)), &second, &err), 0);
	assert_int_equal(spool_read(spool, 0, rows, 4, &err), 2);
	assert_ptr_equal(spool_take_opaque(spool, rows[1].id), &second);
	assert_ptr_equal(spool_take_opaque(spool, rows[0].id), &first);
	assert_null(spool_take_opaque(spool, rows[0].id));
	spool_row_release(&rows[0]);
	spool_row_release(&rows[1]);
	spool_close(spool);
}

static void test_full(void **state)
{
	uint8_t frame[100] = { 0 };
	struct tip_id id;
	struct err err = ERR_INIT;
	(void)state;

	struct spool *spool = open_spool(2);
	put(spool, 1);
	put(spool, 2);
	tip_id_random(&id);
	assert_int_equal(spool_insert(spool, &id, slice_of(frame, sizeof(frame)), NULL, &err), -1);
	assert_string_equal(err.reason, SPOOL_FULL);
	assert_int_equal(err.kind, ERR_TEMPORARY);
	struct spool_row row;
	assert_int_equal(spool_read(spool, 0, &row, 1, &err), 1);
	spool_row_release(&row);
	assert_int_equal(spool_delete(spool, &row.id, 1, &err), 0);
	put(spool, 3);
	spool_close(spool);
}

static void test_one_process(void **state)
{
	struct spool *second;
	struct err err = ERR_INIT;
	struct stat st;
	(void)state;

	struct spool *spool = open_spool(10);
	put(spool, 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	pid_t child = fork();
	if (child == 0)
		_exit(spool_open(&second, path, 10, &err) == -1 && err.reason != NULL &&
				      strcmp(err.reason, "spool-in-use") == 0 ?
			      0 :
			      1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	spool_close(spool);
}

/* The child says over a pipe what spool_insert has confirmed; whatever it said must be there after SIGKILL. */
static void test_killed(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		int ends[2];
		struct tip_id confirmed[4000];
		size_t n = 0;
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0) {
			struct spool *spool = open_spool(100000);
			for (;;) {
				struct tip_id id = put(spool, 9);
				if (write(ends[1], id.bytes, TIP_ID_BYTES) != TIP_ID_BYTES)
					_exit(1);
			}
		}
		close(ends[1]);
		while (n < (size_t)(20 + 37 * round) && read(ends[0], confirmed[n].bytes, TIP_ID_BYTES) == TIP_ID_BYTES)
			n++;
		kill(child, SIGKILL);
		while (n < 4000 && read(ends[0], confirmed[n].bytes, TIP_ID_BYTES) == TIP_ID_BYTES)
			n++;
		waitpid(child, NULL, 0);
		close(ends[0]);

		struct spool *spool = open_spool(100000);
		struct err err = ERR_INIT;
		struct spool_row *rows = mem_alloc(100000 * sizeof(*rows));
		int got = spool_read(spool, 0, rows, 100000, &err);
		size_t found = 0;
		for (int i = 0; i < got; i++) {
			if (found < n && tip_id_equal(&rows[i].tip_id, &confirmed[found]))
				found++;
			spool_row_release(&rows[i]);
		}
		assert_int_equal(found, n);
		assert_int_equal(spool_damaged(spool), 0);
		free(rows);
		spool_close(spool);
	}
}

static void test_damaged_record(void **state)
{
	static const char *const harms[] = {
		"UPDATE tips SET frame = cast(X'00' || substr(frame, 2) AS BLOB) WHERE id = 2",
		"UPDATE tips SET frame = substr(frame, 1, 200) WHERE id = 3",
		"UPDATE tips SET tip_id = X'00' WHERE id = 4",
		"UPDATE tips SET digest = X'' WHERE id = 5",
		"UPDATE tips SET frame = X'' WHERE id = 6",
	};
	struct spool_row rows[16];
	struct err err = ERR_INIT;
	sqlite3 *db;
	(void)state;

	struct spool *spool = open_spool(100);
	for (int i = 0; i < 7; i++)
		put(spool, (uint8_t)(i + 1));
	spool_close(spool);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++)
		assert_int_equal(sqlite3_exec(db, harms[i], NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);

	spool = open_spool(100);
	assert_int_equal(spool_waiting(spool), 7);
	assert_int_equal(spool_read(spool, 0, rows, 16, &err), 2);
	assert_int_equal(rows[0].id, 1);
	assert_int_equal(rows[1].id, 7);
	spool_row_release(&rows[0]);
	spool_row_release(&rows[1]);
	assert_int_equal(spool_waiting(spool), 2);
	assert_int_equal(spool_quarantined(spool), 5);
	assert_int_equal(spool_damaged(spool), 5);
	spool_close(spool);
}

/* The log that a run left behind is emptied before the next one appends to it: see spool_db.c. */
static void test_opening_empties_the_log(void **state)
{
	char log[128];
	struct stat info;
	int status;
	(void)state;

	pid_t child = fork();
	if (child == 0) {
		struct spool *left = open_spool(1000);
		for (int i = 0; i < 20; i++)
			put(left, 1);
		_exit(0); /* as if killed: nothing is closed */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(stat(log, &info), 0);
	assert_true(info.st_size > 0);
	struct spool *spool = open_spool(1000);
	assert_int_equal(stat(log, &info), 0);
	assert_int_equal(info.st_size, 0);
	assert_int_equal(spool_waiting(spool), 20);
	spool_close(spool);
}

/* A damaged row makes a read come out short; what stands behind it must still be sent. */
static void test_feed_goes_on_behind_damage(void **state)
{
	struct feed *feed = mem_alloc(sizeof(*feed));
	struct spool_row *row;
	struct err err = ERR_INIT;
	sqlite3 *db;
	int seen = 0;
	(void)state;

	struct spool *spool = open_spool(1000);
	for (int i = 0; i < 200; i++)
		put(spool, 1);
	spool_close(spool);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE tips SET digest = X'01' WHERE id = 5", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	spool = open_spool(1000);
	feed_init(feed, spool);
	while (feed_peek(feed, &row, &err) == 0 && row != NULL) {
		seen++;
		feed_advance(feed);
	}
	assert_int_equal(seen, 199);
	feed_release(feed);
	free(feed);
	spool_close(spool);
}

static void test_nothing_but_damage_is_not_the_end(void **state)
{
	struct spool_row rows[2];
	struct err err = ERR_INIT;
	sqlite3 *db;
	(void)state;

	struct spool *spool = open_spool(1000);
	for (int i = 0; i < 201; i++)
		put(spool, 1);
	spool_close(spool);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	static const char harm[] = "UPDATE tips SET digest = X'01' WHERE id <= 200";
	assert_int_equal(sqlite3_exec(db, harm, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	spool = open_spool(1000);
	assert_int_equal(spool_read(spool, 0, rows, 2, &err), 1);
	assert_int_equal(rows[0].id, 201);
	spool_row_release(&rows[0]);
	assert_int_equal(spool_quarantined(spool), 200);
	spool_close(spool);
}

static void test_quarantine(void **state)
{
	struct spool_row row;
	struct err err = ERR_INIT;
	(void)state;

	struct spool *spool = open_spool(10);
	put(spool, 1);
	assert_int_equal(spool_quarantine(spool, 1, 100, "bad-frame", &err), 0);
	assert_int_equal(spool_waiting(spool), 0);
	assert_int_equal(spool_quarantined(spool), 1);
	assert_int_equal(spool_read(spool, 0, &row, 1, &err), 0);
	spool_close(spool);
	spool = open_spool(10);
	put(spool, 2);
	assert_int_equal(spool_read(spool, 0, &row, 1, &err), 1);
	assert_int_equal(row.id, 2); /* a number is not given twice */
	spool_row_release(&row);
	spool_close(spool);
}

/* What a gateway refused comes back as it was; what does not hold stays aside. */
static void test_requeue(void **state)
{
	struct spool_row rows[3];
	struct err err = ERR_INIT;
	size_t n = 9;
	(void)state;

	struct spool *spool = open_spool(10);
	assert_int_equal(spool_requeue(spool, &n, &err), 0);
	assert_int_equal(n, 0);
	struct tip_id first = put(spool, 1), second = put(spool, 2);
	put(spool, 3);
	assert_int_equal(spool_quarantine(spool, 1, 100, "bad-frame", &err), 0);
	assert_int_equal(spool_quarantine(spool, 2, 100, "bad-frame", &err), 0);
	assert_int_equal(spool_quarantine(spool, 3, 0, "damaged", &err), 0);
	assert_int_equal(spool_requeue(spool, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(spool_waiting(spool), 2);
	assert_int_equal(spool_quarantined(spool), 1);
	spool_close(spool);
	spool = open_spool(10);
	assert_int_equal(spool_read(spool, 0, rows, 3, &err), 2);
	assert_int_equal(rows[0].id, 4);
	assert_true(tip_id_equal(&rows[0].tip_id, &first));
	assert_int_equal(rows[0].frame.len, 300);
	assert_int_equal(rows[0].frame.data[299], 1);
	assert_true(tip_id_equal(&rows[1].tip_id, &second));
	spool_row_release(&rows[0]);
	spool_row_release(&rows[1]);
	assert_int_equal(spool_quarantined(spool), 1);
	spool_close(spool);
}

static void test_not_a_spool(void **state)
{
	struct spool *spool;
	struct err err = ERR_INIT;
	FILE *file = fopen(path, "w");
	(void)state;
	for (int i = 0; i < 500; i++)
		(void)fputs("this is some other file\n", file);
	(void)fclose(file);
	assert_int_equal(spool_open(&spool, path, 10, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void *put_many(void *arg)
{
	for (int i = 0; i < 100; i++)
		put(arg, (uint8_t)i);
	return NULL;
}

static void test_many_threads(void **state)
{
	pthread_t threads[8];
	(void)state;
	struct spool *spool = open_spool(10000);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, spool), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(spool_waiting(spool), 800);
	spool_close(spool);
	spool = open_spool(10000);
	assert_int_equal(spool_waiting(spool), 800);
	spool_close(spool);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_keeps_in_order_over_reopening),
		CASE(test_same_tip_twice),
		CASE(test_full),
		CASE(test_one_process),
		CASE(test_killed),
		CASE(test_damaged_record),
		CASE(test_opening_empties_the_log),
		CASE(test_feed_goes_on_behind_damage),
		CASE(test_nothing_but_damage_is_not_the_end),
		CASE(test_quarantine),
		CASE(test_requeue),
		CASE(test_not_a_spool),
		CASE(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
