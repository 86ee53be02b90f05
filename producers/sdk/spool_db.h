/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_db: the SQLite file of a spool: tables, statements, transactions. Not locked: the spool calls it under its
 * lock. A failed write rolls the transaction back; a failed sync or a damaged file makes `broken` true for good.
 */
#ifndef TIPLINE_PRODUCERS_SDK_SPOOL_DB_H
#define TIPLINE_PRODUCERS_SDK_SPOOL_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip_id.h"

enum spool_statement {
	SPOOL_BEGIN, SPOOL_COMMIT, SPOOL_ROLLBACK,
	SPOOL_INSERT, SPOOL_READ, SPOOL_DELETE, SPOOL_MOVE, SPOOL_ASIDE, SPOOL_DELETE_ASIDE, SPOOL_COUNT,
	SPOOL_COUNT_ASIDE, SPOOL_LAST,
	N_SPOOL_STATEMENTS
};

struct spool_db {
	sqlite3 *sqlite;
	sqlite3_stmt *statements[N_SPOOL_STATEMENTS];
	bool broken;
	bool synced; /* the level of synchronous now */
};

int spool_db_open(struct spool_db *db, const char *path, struct err *err);
void spool_db_close(struct spool_db *db);

/* Binds nothing; for statements without parameters and without a result. */
int spool_db_run(struct spool_db *db, enum spool_statement statement, struct err *err);
int spool_db_int(struct spool_db *db, enum spool_statement statement, int64_t *value, struct err *err);
/* Steps a bound statement that gives no row, and resets it. */
int spool_db_step(struct spool_db *db, sqlite3_stmt *statement, struct err *err);
/* `synced`: on disk when spool_db_end returns 0. */
int spool_db_begin(struct spool_db *db, bool synced, struct err *err);
int spool_db_end(struct spool_db *db, struct err *err);
void spool_db_undo(struct spool_db *db);

/* One row, in the caller's transaction. */
int spool_db_insert(struct spool_db *db, int64_t id, const struct tip_id *tip_id, struct slice frame, struct err *err);
/* What a gateway refused: from the quarantine to new rows from `id` on, `n` of them. One transaction, synced. */
int spool_db_requeue(struct spool_db *db, int64_t id, size_t *n, struct err *err);

int spool_db_fail(struct spool_db *db, const char *what, struct err *err);

#endif
