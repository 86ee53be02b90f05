/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer holds an open-file-description lock on "PATH.lock" for its life: the kernel drops it however the process
 * ends, and unlike the locks that SQLite takes for each transaction it keeps a second sink from starting at all. A
 * file of its own, since closing any descriptor of the database itself would drop SQLite's own POSIX locks.
 *
 * Write-ahead log: readers never hold up the sink's commits, nor it them, and a batch costs one fsync. With
 * synchronous=FULL that fsync comes before the commit returns. A commit whose fsync failed may yet be found in the log
 * by the next process, while the kernel has forgotten that the bytes never reached the disk; so a writer first moves
 * what the log holds into the database, which writes and syncs it anew, before it trusts any position in it.
 */
#include "schema/store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_READER_MS 5000
#define BUSY_WRITER_MS 10000
#define STORE_APPLICATION_ID 0x54504c53 /* "TPLS" */

static const char locked_reason[] = "store-locked";

/* What SQLite says, as an answer to what a caller should do. */
static const struct failure {
	int code;
	enum err_kind kind;
	const char *reason, *todo;
} failures[] = {
	{ SQLITE_BUSY, ERR_TEMPORARY, locked_reason, "another process holds it: is it the store of the sink?" },
	{ SQLITE_LOCKED, ERR_TEMPORARY, locked_reason, "another process holds it: is it the store of the sink?" },
	{ SQLITE_FULL, ERR_TEMPORARY, "store-full", "make room on that disk" },
	{ SQLITE_IOERR, ERR_SYSTEM, "store-io", "see the kernel's log for that disk" },
	{ SQLITE_READONLY, ERR_SYSTEM, "store-read-only", "it must lie where this program may write" },
	{ SQLITE_CANTOPEN, ERR_UNAVAILABLE, "store-open", "is the path right, and may this program read there?" },
	{ SQLITE_PERM, ERR_SYSTEM, "store-open", "may this program read there?" },
	{ SQLITE_CORRUPT, ERR_SYSTEM, "store-damaged", "keep the file as it is and restore a copy" },
	{ SQLITE_NOTADB, ERR_CONFIG, "store-foreign", "name another file" },
};

int store_fail(struct store *store, const char *doing, struct err *err)
{
	const int code = sqlite3_errcode(store->db) & 0xff;
	const struct failure unknown = { code, ERR_SYSTEM, "store-failed", "see the kernel's log" };
	const struct failure *failure = &unknown;

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].code == code)
			failure = &failures[i];
	return err_set(err, failure->kind, failure->reason, "store: %s: %s; %s", doing, sqlite3_errstr(code),
		       failure->todo);
}

int store_exec(struct store *store, const char *sql, const char *doing, struct err *err)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(store, doing, err);
}

/* Creates the file with its mode; the log and its index take theirs from it. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "store %s", path);
	close(fd);
	return 0;
}

static int take_lock(struct store *store, const char *path, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf name = BUF_INIT;
	int result = 0;

	buf_printf(&name, "%s.lock", path);
	store->lock = open(buf_text(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		result = err_errno(err, "%s", buf_text(&name));
	else if (fcntl(store->lock, F_OFD_SETLK, &lock) != 0)
		result = errno == EAGAIN || errno == EACCES ?
			err_set(err, ERR_TEMPORARY, locked_reason, "store %s: another writer has it: one sink a store", path) :
			err_errno(err, "%s", buf_text(&name));
	buf_release(&name);
	return result;
}

static int open_database(struct store *store, const char *path, enum store_mode mode, struct err *err)
{
	const int flags = (mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK)
		return store_fail(store, "open", err);
	sqlite3_busy_timeout(store->db, mode == STORE_WRITE ? BUSY_WRITER_MS : BUSY_READER_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
	return store_exec(store,
			  "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
			  "PRAGMA mmap_size = 0;", "settings", err);
}

static int pragma_int(struct store *store, const char *sql, int *value, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		*value = sqlite3_column_int(stmt, 0);
		result = 0;
	}
	if (sqlite3_finalize(stmt) != SQLITE_OK || result != 0)
		return store_fail(store, "settings", err);
	return 0;
}

int store_version(struct store *store, int *version, struct err *err)
{
	return pragma_int(store, "PRAGMA user_version", version, err);
}

/*
 * A file that is someone else's database, or of a later release, is left as it is. Many programs never set version nor
 * id; only an empty file is free to become a store.
 */
static int check_identity(struct store *store, const char *path, int *version, struct err *err)
{
	int id = 0, objects = 0;

	if (store_version(store, version, err) != 0 || pragma_int(store, "PRAGMA application_id", &id, err) != 0 ||
	    pragma_int(store, "SELECT count(*) FROM sqlite_schema", &objects, err) != 0)
		return -1;
	if (id != STORE_APPLICATION_ID && (id != 0 || *version != 0 || objects != 0))
		return err_set(err, ERR_CONFIG, "store-foreign",
			"store %s: a database, but not a store of tipline: it is left as it is; name another file", path);
	if (*version > store_newest_version())
		return err_set(err, ERR_CONFIG, "store-newer", "store %s: version %d, this release knows %d", path, *version,
			       store_newest_version());
	return 0;
}

static int settle_log(struct store *store, struct err *err)
{
	int busy = 0;

	if (pragma_int(store, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err) != 0)
		return -1;
	return busy ? err_set(err, ERR_TEMPORARY, locked_reason, "store: a reader holds up the log") : 0;
}

static int prepare_writer(struct store *store, struct err *err)
{
	/* The page size takes effect in an empty file alone, and only before the log is on. */
	if (store_exec(store, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		       "PRAGMA secure_delete = ON; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 1000;"
		       "PRAGMA journal_size_limit = 67108864;", "settings", err) != 0)
		return -1;
	return settle_log(store, err) != 0 ? -1 : store_migrate(store, err);
}

static int open_store(struct store *store, const char *path, enum store_mode mode, struct err *err)
{
	int version = 0;

	if (mode == STORE_WRITE && (take_lock(store, path, err) != 0 || make_file(path, err) != 0))
		return -1;
	if (open_database(store, path, mode, err) != 0 || check_identity(store, path, &version, err) != 0)
		return -1;
	if (mode == STORE_WRITE)
		return prepare_writer(store, err);
	if (version == 0)
		return err_set(err, ERR_TEMPORARY, "store-empty", "store %s: nothing was stored yet", path);
	if (version != store_newest_version())
		return err_set(err, ERR_CONFIG, "store-older", "store %s: version %d: start the sink once to migrate it",
			       path, version);
	return 0;
}

int store_open(struct store **out, const char *path, enum store_mode mode, struct err *err)
{
	struct store *store = mem_alloc(sizeof(*store));

	store->lock = -1;
	if (open_store(store, path, mode, err) != 0) {
		store_close(store);
		if (err && !strstr(err->text, path))
			err_prefix(err, "%s", path);
		return -1;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < N_STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}
