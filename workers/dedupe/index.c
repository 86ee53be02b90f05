/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/index_state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workers/dedupe/entry.h"

#define INDEX_VERSION 1

static const char schema[] =
	"CREATE TABLE meta (version INTEGER NOT NULL, salt BLOB NOT NULL) STRICT;"
	"CREATE TABLE tip ("
	" seq INTEGER PRIMARY KEY," /* the order they came in */
	" tip_id BLOB NOT NULL UNIQUE, case_id BLOB NOT NULL, day INTEGER NOT NULL, digest BLOB NOT NULL,"
	" part INTEGER NOT NULL, offset INTEGER NOT NULL, tokens BLOB NOT NULL, links BLOB NOT NULL) STRICT;"
	"CREATE TABLE position (topic TEXT NOT NULL, part INTEGER NOT NULL, next INTEGER NOT NULL,"
	" PRIMARY KEY (topic, part)) STRICT, WITHOUT ROWID;";

/* A file of a release before this table gets it. */
static const char added_schema[] =
	"CREATE TABLE IF NOT EXISTS standing (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL,"
	" today INTEGER NOT NULL, n_tips INTEGER NOT NULL, window_days INTEGER NOT NULL, window_tips INTEGER NOT NULL)"
	" STRICT;"
	"CREATE TABLE IF NOT EXISTS linkage (one INTEGER PRIMARY KEY CHECK (one = 1), key_check INTEGER NOT NULL) STRICT;";

static const char *const statements[N_STATEMENTS] = {
	[FIND] = "SELECT tip_id, case_id, day, digest, part, offset, links FROM tip WHERE tip_id = ?1",
	[ADD] = "INSERT INTO tip (tip_id, case_id, day, digest, part, offset, links, tokens)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SET_POSITION] = "INSERT INTO position (topic, part, next) VALUES (?1, ?2, ?3)"
			 " ON CONFLICT (topic, part) DO UPDATE SET next = excluded.next",
	[GET_POSITION] = "SELECT next FROM position WHERE topic = ?1 AND part = ?2",
	[NOTE_STANDING] = "INSERT OR REPLACE INTO standing (one, seq, today, n_tips, window_days, window_tips)"
			  " VALUES (1, (SELECT max(seq) FROM tip), ?1, ?2, ?3, ?4)",
	[GET_STANDING] = "SELECT seq, today, n_tips, window_days, window_tips FROM standing",
	[WALK] = "SELECT tip_id, case_id, day, digest, part, offset, links, tokens, seq FROM tip WHERE seq > ?1"
		 " ORDER BY seq",
};

int index_sql_error(const struct index *index, struct err *err, const char *doing)
{
	const char *todo = sqlite3_errcode(index->db) == SQLITE_FULL ? "; make room on that disk" : "";

	return err_set(err, ERR_SYSTEM, NULL, "index: %s: %s%s", doing, sqlite3_errmsg(index->db), todo);
}

int index_run(struct index *index, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(index->db, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	if (rc == SQLITE_BUSY)
		return err_set(err, ERR_TEMPORARY, NULL,
			       "index: another process has this file open: one dedupe at a time may");
	if (rc == SQLITE_NOTADB)
		return err_set(err, ERR_CONFIG, NULL, "index: not a file of dedupe's: name another one under index");
	return index_sql_error(index, err, "cannot open");
}

/* The file is made here and not by SQLite, so that it is never open to others, not even for a moment. */
static int make_private(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return err_errno(err, "index: cannot open %s", path);
	if (fstat(fd, &st) < 0) {
		close(fd);
		return err_errno(err, "index: cannot look at %s", path);
	}
	close(fd);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, NULL, "index: %s is not a regular file", path);
	if (st.st_mode & 077)
		return err_set(err, ERR_CONFIG, NULL, "index: %s can be read by others than its owner (chmod 600)",
			       path);
	return 0;
}

/* What SQLite could not do is no word about whose file this is. */
static int read_meta(struct index *index, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(index->db, "SELECT version, salt FROM meta", -1, &stmt, NULL);
	bool ours;

	if (rc == SQLITE_ERROR) /* no such table */
		return err_set(err, ERR_CONFIG, NULL, "index: not a file of dedupe's: name another one under index");
	if (rc != SQLITE_OK)
		return index_sql_error(index, err, "cannot read");
	rc = sqlite3_step(stmt);
	ours = rc == SQLITE_ROW && sqlite3_column_int(stmt, 0) == INDEX_VERSION &&
	       sqlite3_column_bytes(stmt, 1) == INDEX_SALT_BYTES;
	if (ours)
		memcpy(index->salt, sqlite3_column_blob(stmt, 1), INDEX_SALT_BYTES);
	sqlite3_finalize(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return index_sql_error(index, err, "cannot read");
	return ours ? 0 : err_set(err, ERR_CONFIG, NULL, "index: made by another release of dedupe");
}

static int has_tables(struct index *index, bool *has, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(index->db, "SELECT 1 FROM sqlite_schema", -1, &stmt, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot open");
	rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	*has = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot open");
}

/* Within one transaction, so that a file is either whole or empty. */
static int make_tables(struct index *index, const uint8_t salt[INDEX_SALT_BYTES], struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (index_run(index, "BEGIN IMMEDIATE", err) < 0 || index_run(index, schema, err) < 0)
		return -1;
	if (sqlite3_prepare_v2(index->db, "INSERT INTO meta VALUES (?1, ?2)", -1, &stmt, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot make");
	sqlite3_bind_int(stmt, 1, INDEX_VERSION);
	sqlite3_bind_blob(stmt, 2, salt, INDEX_SALT_BYTES, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? index_run(index, "COMMIT", err) : index_sql_error(index, err, "cannot make");
}

static int prepare(struct index *index, struct err *err)
{
	for (int i = 0; i < N_STATEMENTS; i++)
		if (sqlite3_prepare_v3(index->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &index->statements[i],
				       NULL) != SQLITE_OK)
			return index_sql_error(index, err, "cannot read");
	return 0;
}

/*
 * Commits that were only in the log may rest on an fsync that failed: what the kernel still shows us could be gone
 * after a power loss. So the log is brought into the file, and that into the disk, before anything rests on it.
 */
static int settle_log(struct index *index, struct err *err)
{
	sqlite3_stmt *stmt;
	bool settled;

	if (sqlite3_prepare_v2(index->db, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &stmt, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot settle the log");
	settled = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 0; /* 1: busy */
	if (sqlite3_finalize(stmt) != SQLITE_OK || !settled)
		return index_sql_error(index, err, "cannot settle the log");
	return 0;
}

static int set_up(struct index *index, const uint8_t salt[INDEX_SALT_BYTES], struct err *err)
{
	bool has = false;

	/* BEGIN takes the exclusive lock now and not with the first tip, and locking_mode keeps it. Large pages: a
	 * row is some kilobytes of tokens. */
	if (index_run(index, "PRAGMA page_size = 16384", err) < 0 ||
	    index_run(index, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL", err) < 0 ||
	    index_run(index, "PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL", err) < 0 ||
	    index_run(index, "BEGIN EXCLUSIVE; COMMIT", err) < 0 || settle_log(index, err) < 0 ||
	    has_tables(index, &has, err) < 0)
		return -1;
	if (!has && make_tables(index, salt, err) < 0)
		return -1;
	if (read_meta(index, err) < 0 || index_run(index, added_schema, err) < 0)
		return -1;
	return prepare(index, err);
}

int index_open(struct index **out, const char *path, const uint8_t salt[INDEX_SALT_BYTES], struct err *err)
{
	struct index *index;
	int rc;

	if (path && make_private(path, err) < 0)
		return -1;
	index = mem_alloc(sizeof(*index));
	rc = sqlite3_open_v2(path ? path : ":memory:", &index->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (path ? 0 : SQLITE_OPEN_MEMORY), NULL);
	if (rc != SQLITE_OK)
		index_sql_error(index, err, "cannot open");
	else if (set_up(index, salt, err) == 0) {
		*out = index;
		return 0;
	}
	index_close(index);
	return path ? err_prefix(err, "%s", path) : -1;
}

void index_close(struct index *index)
{
	if (!index)
		return;
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(index->statements[i]);
	sqlite3_close(index->db); /* rolls back */
	buf_release(&index->links);
	buf_release(&index->tokens);
	free(index);
}

static int copy_blob(sqlite3_stmt *stmt, int column, void *out, size_t len)
{
	if (sqlite3_column_bytes(stmt, column) != (int)len)
		return -1;
	memcpy(out, sqlite3_column_blob(stmt, column), len);
	return 0;
}

static struct slice column_slice(sqlite3_stmt *stmt, int column)
{
	return slice_of(sqlite3_column_blob(stmt, column), (size_t)sqlite3_column_bytes(stmt, column));
}

/* Columns as FIND and WALK name them, without the tokens. */
static int read_row(sqlite3_stmt *stmt, struct index_row *row, struct err *err)
{
	if (copy_blob(stmt, 0, row->tip_id.bytes, TIP_ID_BYTES) < 0 ||
	    copy_blob(stmt, 1, row->case_id.bytes, TIP_ID_BYTES) < 0 ||
	    copy_blob(stmt, 3, row->digest, DIGEST_BYTES) < 0)
		return err_set(err, ERR_SYSTEM, NULL, "index: damaged: a row of the wrong shape");
	row->day = (uint32_t)sqlite3_column_int64(stmt, 2);
	row->partition = sqlite3_column_int(stmt, 4);
	row->offset = sqlite3_column_int64(stmt, 5);
	row->tokens = (struct token_list){ .n = 0 };
	return entry_links_decode(row->links, &row->n_links, column_slice(stmt, 6), err);
}

int index_find(struct index *index, const struct tip_id *tip_id, struct index_row *row, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[FIND];
	int rc, answer = 0;

	sqlite3_bind_blob(stmt, 1, tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		answer = read_row(stmt, row, err) < 0 ? -1 : 1;
	else if (rc != SQLITE_DONE)
		answer = index_sql_error(index, err, "cannot look up a tip");
	sqlite3_reset(stmt);
	return answer;
}

int index_begin(struct index *index, struct err *err)
{
	if (index->in_transaction)
		return 0;
	if (index_run(index, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	index->in_transaction = true;
	return 0;
}

int index_add(struct index *index, const struct index_row *row, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[ADD];
	int rc;

	if (index_begin(index, err) < 0)
		return -1;
	buf_clear(&index->links);
	buf_clear(&index->tokens);
	entry_links_encode(&index->links, row->links, row->n_links);
	entry_tokens_encode(&index->tokens, &row->tokens);
	sqlite3_bind_blob(stmt, 1, row->tip_id.bytes, TIP_ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 2, row->case_id.bytes, TIP_ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, row->day);
	sqlite3_bind_blob(stmt, 4, row->digest, DIGEST_BYTES, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 5, row->partition);
	sqlite3_bind_int64(stmt, 6, row->offset);
	sqlite3_bind_blob(stmt, 7, index->links.len ? (const void *)index->links.data : "", (int)index->links.len,
			  SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 8, index->tokens.data, (int)index->tokens.len, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot add a tip");
}

int index_set_position(struct index *index, const char *topic, int32_t partition, int64_t next, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[SET_POSITION];
	int rc;

	if (index_begin(index, err) < 0)
		return -1;
	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	sqlite3_bind_int64(stmt, 3, next);
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot set the position");
}

int index_commit(struct index *index, struct err *err)
{
	if (!index->in_transaction)
		return 0;
	if (sqlite3_exec(index->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot commit");
	index->in_transaction = false;
	return 0;
}

int64_t index_position(struct index *index, const char *topic, int32_t partition)
{
	sqlite3_stmt *stmt = index->statements[GET_POSITION];
	int64_t next = -1;

	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		next = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return next;
}

int index_note_standing(struct index *index, const struct index_standing *standing, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[NOTE_STANDING];
	int rc;

	if (index_begin(index, err) < 0)
		return -1;
	sqlite3_bind_int64(stmt, 1, standing->today);
	sqlite3_bind_int64(stmt, 2, standing->n_tips);
	sqlite3_bind_int64(stmt, 3, standing->window_days);
	sqlite3_bind_int64(stmt, 4, standing->window_tips);
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot note the window");
}

int index_standing(struct index *index, struct index_standing *standing, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[GET_STANDING];
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		*standing = (struct index_standing){ sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
						     sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3),
						     sqlite3_column_int64(stmt, 4) };
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot read the window");
}

int index_walk(struct index *index, int64_t seq, int (*each)(void *arg, const struct index_row *row, struct err *err),
	       void *arg, struct err *err)
{
	sqlite3_stmt *stmt = index->statements[WALK];
	struct arena *arena = arena_new(TOKENS_MAX * sizeof(struct token));
	int rc, answer = 0;

	sqlite3_bind_int64(stmt, 1, seq);
	while (answer == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		struct index_row row = { .seq = sqlite3_column_int64(stmt, 8) };

		arena_reset(arena);
		if (rc != SQLITE_ROW)
			answer = index_sql_error(index, err, "cannot read");
		else if (read_row(stmt, &row, err) < 0 ||
			 entry_tokens_decode(&row.tokens, column_slice(stmt, 7), arena, err) < 0)
			answer = err_prefix(err, "index: damaged");
		else
			answer = each(arg, &row, err);
	}
	sqlite3_reset(stmt);
	arena_free(arena);
	return answer;
}

const uint8_t *index_salt(const struct index *index)
{
	return index->salt;
}
