/* SPDX-License-Identifier: Apache-2.0 */
/* fsync, write and rename that fail with an errno of the harness's choice, on regular files of one folder. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/chaos/shim.h"

#define SHOWN __attribute__((visibility("default")))

/* Each function behind ours, looked up at its first use: a constructor may come after a caller. */
#define NEXT(type, name) \
	static _Atomic(type) kept; \
	type next = atomic_load(&kept); \
	if (!next) { \
		void *found = shim_next(name); \
		memcpy(&next, &found, sizeof(next)); \
		atomic_store(&kept, next); \
	}

typedef int (*fd_fn)(int);
typedef ssize_t (*write_fn)(int, const void *, size_t);
typedef ssize_t (*pwrite_fn)(int, const void *, size_t, off_t);
typedef int (*rename_fn)(const char *, const char *);

static bool under(const char *path)
{
	const char *folder = getenv("CHAOS_UNDER");
	size_t len = folder ? strlen(folder) : 0;

	return len && !strncmp(path, folder, len) && path[len] == '/';
}

static bool fd_under(int fd)
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return false;
	path[len] = '\0';
	return under(path);
}

static int asked(enum shim_call call)
{
	return atomic_load(&shim_control()->error[call]);
}

static int fail(int error)
{
	atomic_fetch_add(&shim_control()->hits, 1);
	errno = error;
	return -1;
}

SHOWN int fsync(int fd)
{
	NEXT(fd_fn, "fsync")
	int error = asked(SHIM_FSYNC);
	return error && fd_under(fd) ? fail(error) : next(fd);
}

SHOWN int fdatasync(int fd)
{
	NEXT(fd_fn, "fdatasync")
	int error = asked(SHIM_FSYNC);
	return error && fd_under(fd) ? fail(error) : next(fd);
}

SHOWN ssize_t write(int fd, const void *data, size_t len)
{
	NEXT(write_fn, "write")
	int error = asked(SHIM_WRITE);
	return error && fd_under(fd) ? fail(error) : next(fd, data, len);
}

SHOWN ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	NEXT(pwrite_fn, "pwrite")
	int error = asked(SHIM_WRITE);
	return error && fd_under(fd) ? fail(error) : next(fd, data, len, at);
}

SHOWN ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	NEXT(pwrite_fn, "pwrite64")
	int error = asked(SHIM_WRITE);
	return error && fd_under(fd) ? fail(error) : next(fd, data, len, (off_t)at);
}

SHOWN int rename(const char *from, const char *to)
{
	NEXT(rename_fn, "rename")
	int error = asked(SHIM_RENAME);
	return error && under(to) ? fail(error) : next(from, to);
}
