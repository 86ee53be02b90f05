/* SPDX-License-Identifier: Apache-2.0 */
/* Key files as files: who may read them, and writing them so that a crash leaves either all or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/keys.h"
#include "schema/keys_text.h"
#include "schema/locked.h"

#define SECRET_FILE_MAX 65536
#define PATH_LENGTH_MAX 4096

int keys_begin(struct err *err)
{
	/* A probe: better to fail here, with the limit's name, than at the first key. */
	void *probe = locked_alloc(AGE_KEY_BYTES, err);

	if (probe == NULL)
		return -1;
	locked_free(probe);
	return 0;
}

static int check_secret_file(const struct stat *st, const char *path, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CONFIG, NULL, "%s: not a regular file", path);
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: others than its owner can reach this secret (mode %03o): "
			       "chmod 600 it", path, (unsigned)(st->st_mode & 0777));
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: belongs to user %u, and this program runs as %u: chown it, or "
			       "start the program as its owner", path, (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_size > SECRET_FILE_MAX)
		return err_set(err, ERR_CONFIG, NULL, "%s: too large for a key file", path);
	return 0;
}

static int read_all(struct buf *out, int fd, const char *path, struct err *err)
{
	uint8_t *to = buf_reserve(out, SECRET_FILE_MAX + 1);
	size_t len = 0;

	while (len <= SECRET_FILE_MAX) {
		ssize_t got = read(fd, to + len, SECRET_FILE_MAX + 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_errno(err, "%s", path);
			break;
		}
		if (got == 0) {
			out->len += len;
			out->data[out->len] = '\0';
			return 0;
		}
		len += (size_t)got;
	}
	if (len > SECRET_FILE_MAX)
		err_set(err, ERR_CONFIG, NULL, "%s: too large for a key file", path);
	mem_wipe(to, len);
	return -1;
}

int keys_read_secret(struct buf *out, const char *path, struct err *err)
{
	/* Non-blocking, since opening a FIFO that nobody writes would wait for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char why[ERR_WHY_MAX];
	struct stat st;
	int result = -1;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, err_why(errno, why));
	if (fstat(fd, &st) != 0)
		err_errno(err, "%s", path);
	else if (check_secret_file(&st, path, err) == 0)
		result = read_all(out, fd, path, err);
	close(fd);
	return result;
}

static int write_all(int fd, struct slice content)
{
	while (content.len > 0) {
		ssize_t done = write(fd, content.data, content.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		content = slice_of(content.data + done, content.len - (size_t)done);
	}
	return 0;
}

int keys_sync_parent(const char *path, struct err *err)
{
	const char *end = path + strlen(path), *slash;
	struct buf folder = BUF_INIT;
	int fd, result = 0;

	while (end > path + 1 && end[-1] == '/')
		end--;
	slash = memrchr(path, '/', (size_t)(end - path));
	if (slash == NULL)
		buf_append_str(&folder, ".");
	else
		buf_append(&folder, path, (size_t)(slash - path) + 1);
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		result = err_errno(err, "%s", buf_text(&folder));
	if (fd >= 0)
		close(fd);
	buf_release(&folder);
	return result;
}

/* Gives the finished file its name, which must be free; not every file system has RENAME_NOREPLACE. */
static int take_name(const char *temporary, const char *path)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(temporary, path) != 0)
		return -1;
	unlink(temporary);
	return 0;
}

typedef int name_fn(const char *temporary, const char *path);

static int replace_name(const char *temporary, const char *path)
{
	return rename(temporary, path);
}

/*
 * What root writes into a daemon's folder is the daemon's from the first moment. Asks for no memory: that there is none
 * would end the program here, and leave the temporary file.
 */
static int give_to_owner(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_LENGTH_MAX];
	struct stat st;

	if (geteuid() != 0)
		return 0;
	(void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./");
	return stat(folder, &st) == 0 && st.st_uid != 0 ? fchown(fd, st.st_uid, st.st_gid) : 0;
}

/* Everything but the name: the bytes are on disk and the mode is set. */
static int fill_temporary(int fd, const char *path, struct slice content, unsigned mode, struct err *err)
{
	int failed = give_to_owner(fd, path) != 0 || fchmod(fd, (mode_t)mode) != 0 || write_all(fd, content) != 0 ||
		fsync(fd) != 0;

	if (failed)
		err_errno(err, "%s", path);
	if (close(fd) != 0 && !failed) {
		failed = 1;
		err_errno(err, "%s", path);
	}
	return failed ? -1 : 0;
}

static int write_named(const char *path, struct slice content, unsigned mode, name_fn *name, struct err *err)
{
	char temporary[PATH_LENGTH_MAX];
	int fd, result;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s" KEYS_TEMPORARY, path) >= sizeof(temporary))
		return err_set(err, ERR_CONFIG, NULL, "the path of a key file is too long");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", path);
	result = fill_temporary(fd, path, content, mode, err);
	if (result == 0 && name(temporary, path) != 0) {
		if (errno == EEXIST)
			result = err_set(err, ERR_CONFIG, NULL, "%s: is there already and is not overwritten", path);
		else
			result = err_errno(err, "%s", path);
	}
	if (result != 0) {
		unlink(temporary);
		return -1;
	}
	return keys_sync_parent(path, err);
}

int keys_write(const char *path, struct slice content, unsigned mode, struct err *err)
{
	return write_named(path, content, mode, take_name, err);
}

int keys_replace(const char *path, struct slice content, unsigned mode, struct err *err)
{
	return write_named(path, content, mode, replace_name, err);
}
