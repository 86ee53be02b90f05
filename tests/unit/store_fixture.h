/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fixture: a folder with a store for each test, and batches of sample tips, for the store's tests. Tip `number`
 * lies in case number / 3; a batch sets the position behind its last tip, so rows and position can be compared.
 */
#ifndef TIPLINE_TESTS_UNIT_STORE_FIXTURE_H
#define TIPLINE_TESTS_UNIT_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "schema/store/store_private.h"
#include "tests/unit/record_sample.h"

#define ROUTED (RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED)
#define TOPIC "case.routed"

static char dir[64], path[128];
static struct arena *arena;

static inline int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/store_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/store.db", dir);
	arena = arena_new(65536);
	return 0;
}

static inline int remove_dir(void **state)
{
	static const char *const names[] = { "", "-wal", "-shm", "-journal", ".lock" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[160];

		(void)snprintf(name, sizeof(name), "%s%s", path, names[i]);
		(void)unlink(name);
	}
	arena_free(arena);
	return rmdir(dir);
}

static inline struct store *open_as(enum store_mode mode)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	if (store_open(&store, path, mode, &err) != 0)
		fail_msg("%s", err.text);
	return store;
}

static inline void expect_no_open(enum store_mode mode, enum err_kind kind, const char *reason)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(store_open(&store, path, mode, &err), -1);
	assert_null(store);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.reason, reason);
}

/* Tip `number`, in case number / 3. */
static inline int add(struct store *store, unsigned int number, struct err *err)
{
	struct record record;

	sample_record(&record, ROUTED, number, arena);
	sample_bytes(record.case_id.bytes, TIP_ID_BYTES, number / 3);
	record.case_id.bytes[0] = (uint8_t)(number / 3);
	record.day = 20400 + number;
	record.routing.outcome = (uint8_t)(number % 3);
	record.routing.conflict = number % 2;
	if (number % 2)
		record.routing.n_teams = 1;
	return store_add(store, &record, err);
}

static inline void add_batch(struct store *store, unsigned int first, unsigned int n)
{
	assert_int_equal(store_begin(store, NULL), 0);
	for (unsigned int i = first; i < first + n; i++)
		assert_int_equal(add(store, i, NULL), 1);
	assert_int_equal(store_set_position(store, TOPIC, 0, first + n, NULL), 0);
	assert_int_equal(store_commit(store, NULL), 0);
}

static inline struct store_totals totals_of(struct store *store)
{
	struct store_totals totals;

	assert_int_equal(store_totals(store, &totals, NULL), 0);
	return totals;
}

static inline int text_of(void *out, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	(void)snprintf(out, 64, "%s", values[0] ? values[0] : "");
	return 0;
}

static inline void expect_sql(struct store *store, const char *sql, const char *value)
{
	char text[64] = "";

	assert_int_equal(sqlite3_exec(store->db, sql, text_of, text, NULL), SQLITE_OK);
	assert_string_equal(text, value);
}

static inline void expect_rows(uint64_t tips, int64_t position)
{
	struct store *store = open_as(STORE_WRITE);

	assert_int_equal(totals_of(store).tips, tips);
	assert_int_equal(totals_of(store).tips_twice, 0);
	assert_int_equal(store_position(store, TOPIC, 0), position);
	expect_sql(store, "PRAGMA integrity_check", "ok");
	expect_sql(store, "PRAGMA foreign_key_check", "");
	store_close(store);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

#endif
