/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite writes the copy while it reads in one transaction, so that the sink goes on and the copy is of one moment.
 * The bytes of the file alone are no copy: what was committed lately is in the log beside it.
 */
#include "schema/store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sync_path(const char *path, int flags, struct err *err)
{
	int fd = open(path, flags | O_CLOEXEC);
	int result = fd < 0 || fsync(fd) != 0 ? err_errno(err, "copy %s", path) : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static int sync_copy(const char *path, struct err *err)
{
	char *folder = mem_strdup(path);
	int result = sync_path(path, O_RDWR, err) != 0 ? -1 : sync_path(dirname(folder), O_RDONLY | O_DIRECTORY, err);

	free(folder);
	return result;
}

static int write_copy(struct store *store, const char *path, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int result = -1;

	/* To SQLite the copy is a database attached for as long as it is written. */
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 1);
	if (sqlite3_prepare_v2(store->db, "VACUUM INTO ?1", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_DONE)
		result = 0;
	if (result != 0)
		(void)store_fail(store, "copy", err);
	sqlite3_finalize(stmt);
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
	return result;
}

int store_copy(struct store *store, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ?
			err_set(err, ERR_DATA, "copy-exists", "copy %s: there is such a file, which stays as it is; name another",
				path) :
			err_errno(err, "copy %s", path);
	close(fd);
	if (write_copy(store, path, err) == 0 && sync_copy(path, err) == 0)
		return 0;
	(void)unlink(path);
	return -1;
}
