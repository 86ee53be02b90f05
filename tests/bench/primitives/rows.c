/* SPDX-License-Identifier: Apache-2.0 */
/* A row with a unique id and a blob, in SQLite as the store sets it up, `arg` rows to a transaction; 0: bench->few. */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/primitives/primitives.h"

struct rows {
	sqlite3 *db;
	sqlite3_stmt *add;
	char path[512];
	uint8_t *blob;
	size_t len, in_transaction, batch;
};

static void exec(struct rows *rows, const char *sql)
{
	if (sqlite3_exec(rows->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		bench_fail("SQLite", sqlite3_errmsg(rows->db));
}

static void *prepare_rows(const struct bench *bench, int batch, enum bench_size size)
{
	struct rows *rows = mem_alloc(sizeof(*rows));

	rows->batch = batch ? (size_t)batch : bench->few;
	rows->len = bench->sizes[size];
	rows->blob = mem_alloc(rows->len);
	randombytes_buf(rows->blob, rows->len);
	snprintf(rows->path, sizeof(rows->path), "%s/primitive-rows.db", bench->folder);
	(void)unlink(rows->path);
	if (sqlite3_open(rows->path, &rows->db) != SQLITE_OK)
		bench_fail(rows->path, "cannot be opened");
	exec(rows, "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		   "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
	exec(rows, "CREATE TABLE rows (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT");
	if (sqlite3_prepare_v2(rows->db, "INSERT INTO rows (id, value) VALUES (?1, ?2)", -1, &rows->add, NULL) !=
	    SQLITE_OK)
		bench_fail("SQLite", sqlite3_errmsg(rows->db));
	return rows;
}

static void *prepare_store(const struct bench *bench, int batch)
{
	return prepare_rows(bench, batch, SIZE_ROUTED);
}

static void *prepare_index(const struct bench *bench, int batch)
{
	return prepare_rows(bench, batch, SIZE_INDEX);
}

static void *prepare_spool(const struct bench *bench, int batch)
{
	return prepare_rows(bench, batch, SIZE_FRAME);
}

static void add(struct rows *rows)
{
	uint8_t id[16];

	if (rows->in_transaction == 0)
		exec(rows, "BEGIN");
	randombytes_buf(id, sizeof(id));
	sqlite3_bind_blob(rows->add, 1, id, sizeof(id), SQLITE_STATIC);
	sqlite3_bind_blob(rows->add, 2, rows->blob, (int)rows->len, SQLITE_STATIC);
	if (sqlite3_step(rows->add) != SQLITE_DONE)
		bench_fail("SQLite", sqlite3_errmsg(rows->db));
	sqlite3_reset(rows->add);
	if (++rows->in_transaction < rows->batch)
		return;
	exec(rows, "COMMIT");
	rows->in_transaction = 0;
}

static void run(void *state, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(state);
}

static void release(void *state)
{
	struct rows *rows = state;

	sqlite3_finalize(rows->add);
	sqlite3_close(rows->db);
	(void)unlink(rows->path);
	free(rows->blob);
	free(rows);
}

const struct primitive row_primitives[] = {
	{ "store-row-500", "a row of the store, 500 to a transaction", 2000, 500, prepare_store, run, release, RUNS },
	{ "store-row-few", "the same, few to a transaction", 400, 0, prepare_store, run, release, RUNS },
	{ "index-row-500", "a row of dedupe's index, 500 to a transaction", 2000, 500, prepare_index, run, release, RUNS },
	{ "index-row-few", "the same, few to a transaction", 400, 0, prepare_index, run, release, RUNS },
	{ "spool-row-1", "a row of the spool, a transaction of its own", 100, 1, prepare_spool, run, release, RUNS },
	{ 0 },
};
