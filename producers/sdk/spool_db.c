/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/spool_db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/digest.h"

#define SPOOL_FORMAT 1

/* Exclusive locking before the journal mode: then SQLite keeps the log's index in memory, not in a third file. */
static const char setup[] =
	"PRAGMA page_size = 16384;"
	"PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA journal_size_limit = 33554432;"
	"PRAGMA cell_size_check = ON;";

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS tips ("
	" id INTEGER PRIMARY KEY, tip_id BLOB NOT NULL, digest BLOB NOT NULL, frame BLOB NOT NULL"
	") STRICT;"
	"CREATE TABLE IF NOT EXISTS quarantine ("
	" id INTEGER PRIMARY KEY, tip_id BLOB NOT NULL, code INTEGER NOT NULL, reason TEXT NOT NULL,"
	" frame BLOB NOT NULL) STRICT;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char *const texts[N_SPOOL_STATEMENTS] = {
	[SPOOL_BEGIN] = "BEGIN IMMEDIATE",
	[SPOOL_COMMIT] = "COMMIT",
	[SPOOL_ROLLBACK] = "ROLLBACK",
	[SPOOL_INSERT] = "INSERT INTO tips (id, tip_id, digest, frame) VALUES (?1, ?2, ?3, ?4)",
	[SPOOL_READ] = "SELECT id, tip_id, digest, frame FROM tips WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SPOOL_DELETE] = "DELETE FROM tips WHERE id = ?1",
	[SPOOL_MOVE] = "INSERT OR REPLACE INTO quarantine (id, tip_id, code, reason, frame)"
		       " SELECT id, tip_id, ?2, ?3, frame FROM tips WHERE id = ?1",
	[SPOOL_ASIDE] = "SELECT id, tip_id, frame FROM quarantine WHERE code <> 0 ORDER BY id LIMIT 1",
	[SPOOL_DELETE_ASIDE] = "DELETE FROM quarantine WHERE id = ?1",
	[SPOOL_COUNT] = "SELECT count(*) FROM tips",
	[SPOOL_COUNT_ASIDE] = "SELECT count(*) FROM quarantine",
	[SPOOL_LAST] = "SELECT max(coalesce((SELECT max(id) FROM tips), 0),"
		       " coalesce((SELECT max(id) FROM quarantine), 0))",
};

int spool_db_fail(struct spool_db *db, const char *what, struct err *err)
{
	int code = sqlite3_extended_errcode(db->sqlite);
	int primary = code & 0xff;

	/*
	 * After an input/output error nobody knows which pages reached the disk, and a second sync would report success
	 * for pages the kernel has already dropped.
	 */
	if (primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		db->broken = true;
	return err_set(err, ERR_SYSTEM, NULL, "spool: %s: %s (%d)%s", what, sqlite3_errmsg(db->sqlite), code,
		       primary == SQLITE_FULL ? "; make room on that disk" : "");
}

static int prepare_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, "spool %s", path);
	int rc = fchmod(fd, 0600);
	if (rc != 0)
		rc = err_errno(err, "spool %s", path);
	close(fd);
	return rc;
}

static int exec(struct spool_db *db, const char *path, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
	if (rc == SQLITE_BUSY)
		return err_set(err, ERR_UNAVAILABLE, "spool-in-use",
			       "spool %s is in use by another process: one spool, one adapter", path);
	if (rc == SQLITE_NOTADB)
		return err_set(err, ERR_CONFIG, NULL,
			"spool %s: is no spool (not a database): name another file under spool.path", path);
	if (rc != SQLITE_OK)
		return spool_db_fail(db, path, err);
	return 0;
}

static int check_format(struct spool_db *db, const char *path, struct err *err)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(db->sqlite, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return spool_db_fail(db, path, err);
	int format = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
	if (sqlite3_finalize(statement) != SQLITE_OK)
		return spool_db_fail(db, path, err);
	if (format < 0 || format > SPOOL_FORMAT)
		return err_set(err, ERR_CONFIG, NULL, "spool %s: written by a later release (format %d)", path,
			       format);
	return 0;
}

static int open_all(struct spool_db *db, const char *path, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(path, &db->sqlite, flags, NULL) != SQLITE_OK)
		return spool_db_fail(db, path, err);
	if (exec(db, path, setup, err) || check_format(db, path, err) || exec(db, path, schema, err))
		return -1;
	/*
	 * A sync that failed may have left the log with frames that never reached the disk; what is appended behind them
	 * would be lost with them in a power cut. So the log is emptied into the file before anything new is promised.
	 */
	if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		return spool_db_fail(db, path, err);
	for (int i = 0; i < N_SPOOL_STATEMENTS; i++)
		if (sqlite3_prepare_v3(db->sqlite, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i],
				       NULL) != SQLITE_OK)
			return spool_db_fail(db, texts[i], err);
	db->synced = true;
	return 0;
}

int spool_db_open(struct spool_db *db, const char *path, struct err *err)
{
	*db = (struct spool_db){ 0 };
	if (prepare_file(path, err))
		return -1;
	if (open_all(db, path, err)) {
		spool_db_close(db);
		return -1;
	}
	return 0;
}

void spool_db_close(struct spool_db *db)
{
	for (int i = 0; i < N_SPOOL_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sqlite);
	*db = (struct spool_db){ 0 };
}

int spool_db_step(struct spool_db *db, sqlite3_stmt *statement, struct err *err)
{
	int failed = sqlite3_step(statement) == SQLITE_DONE ? 0 : spool_db_fail(db, "write", err);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return failed;
}

int spool_db_run(struct spool_db *db, enum spool_statement statement, struct err *err)
{
	return spool_db_step(db, db->statements[statement], err);
}

int spool_db_int(struct spool_db *db, enum spool_statement statement, int64_t *value, struct err *err)
{
	sqlite3_stmt *s = db->statements[statement];
	int rc = 0;
	if (sqlite3_step(s) == SQLITE_ROW)
		*value = sqlite3_column_int64(s, 0);
	else
		rc = spool_db_fail(db, "read", err);
	sqlite3_reset(s);
	return rc;
}

/* This pragma acts when it is compiled, so a prepared statement would do nothing. */
static int set_sync(struct spool_db *db, bool synced, struct err *err)
{
	if (db->synced == synced)
		return 0;
	const char *sql = synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
		return spool_db_fail(db, "synchronous", err);
	db->synced = synced;
	return 0;
}

int spool_db_begin(struct spool_db *db, bool synced, struct err *err)
{
	if (db->broken)
		return err_set(err, ERR_SYSTEM, "spool-broken",
			       "the spool failed before and is not trusted until the next start");
	if (set_sync(db, synced, err))
		return -1;
	return spool_db_run(db, SPOOL_BEGIN, err);
}

int spool_db_end(struct spool_db *db, struct err *err)
{
	if (spool_db_run(db, SPOOL_COMMIT, err) == 0)
		return 0;
	spool_db_undo(db);
	return -1;
}

void spool_db_undo(struct spool_db *db)
{
	if (sqlite3_get_autocommit(db->sqlite) == 0 && spool_db_run(db, SPOOL_ROLLBACK, NULL))
		db->broken = true;
}

int spool_db_insert(struct spool_db *db, int64_t id, const struct tip_id *tip_id, struct slice frame, struct err *err)
{
	uint8_t digest[DIGEST_HASH_BYTES];
	sqlite3_stmt *s = db->statements[SPOOL_INSERT];

	digest_hash(digest, frame);
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_blob(s, 2, tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, digest, sizeof(digest), SQLITE_STATIC);
	sqlite3_bind_blob64(s, 4, frame.data, frame.len, SQLITE_STATIC);
	return spool_db_step(db, s, err);
}

/* 1: a row went back as `id`; 0: there is none; -1. */
static int requeue_one(struct spool_db *db, int64_t id, struct err *err)
{
	sqlite3_stmt *aside = db->statements[SPOOL_ASIDE], *gone = db->statements[SPOOL_DELETE_ASIDE];
	struct tip_id tip_id = { { 0 } };
	int step = sqlite3_step(aside), result = -1;

	if (step == SQLITE_ROW && sqlite3_column_bytes(aside, 1) == TIP_ID_BYTES) {
		memcpy(tip_id.bytes, sqlite3_column_blob(aside, 1), TIP_ID_BYTES);
		sqlite3_bind_int64(gone, 1, sqlite3_column_int64(aside, 0));
		result = spool_db_insert(db, id, &tip_id, slice_of(sqlite3_column_blob(aside, 2),
				(size_t)sqlite3_column_bytes(aside, 2)), err);
		result = result == 0 && spool_db_step(db, gone, err) == 0 ? 1 : -1;
	} else {
		result = step == SQLITE_DONE ? 0 : spool_db_fail(db, "the quarantine", err);
	}
	sqlite3_reset(aside);
	return result;
}

int spool_db_requeue(struct spool_db *db, int64_t id, size_t *n, struct err *err)
{
	int moved;

	*n = 0;
	if (spool_db_begin(db, true, err))
		return -1;
	while ((moved = requeue_one(db, id + (int64_t)*n, err)) > 0)
		(*n)++;
	if (moved < 0) {
		spool_db_undo(db);
		return -1;
	}
	return spool_db_end(db, err);
}
