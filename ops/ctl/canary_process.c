/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/canary.h"

#define DAEMON_PREFIX "tipline-"
#define NAME_SIZE 64
#define NEEDS "run as root or with CAP_SYS_PTRACE: a daemon lets no one else look into it"

static int open_in(pid_t pid, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/%.64s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* As ps shows it, 15 characters at most; "?" when there is none. */
static void name_of(pid_t pid, char name[NAME_SIZE])
{
	const int fd = open_in(pid, "comm");
	const ssize_t n = fd < 0 ? -1 : read(fd, name, NAME_SIZE - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0) {
		memcpy(name, "?", 2);
		return;
	}
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

static void refused(struct canary *canary, const char *object)
{
	char why[ERR_WHY_MAX];

	if (errno == EACCES || errno == EPERM)
		canary_not_searched(canary, object, "refused; %s", NEEDS);
	else
		canary_not_searched(canary, object, "%s", errno == ENOENT || errno == ESRCH ? "there is no such process" :
				    err_why(errno, why));
}

/* What the system tells of a process. */
static void search_told(struct canary *canary, pid_t pid)
{
	static const char *const names[] = { "environ", "cmdline", "maps" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const int fd = open_in(pid, names[i]);

		canary_object(canary, "/proc/%d/%s", (int)pid, names[i]);
		if (fd < 0 || canary_read(canary, fd) < 0)
			refused(canary, canary->object);
		if (fd >= 0)
			close(fd);
	}
}

/* Files that it has open: temporary ones that have no name any more are found only so. */
static void search_open_files(struct canary *canary, pid_t pid)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder) {
		refused(canary, path);
		return;
	}
	while ((entry = readdir(folder)) != NULL) {
		int fd;

		snprintf(path, sizeof(path), "fd/%.16s", entry->d_name);
		if (fstatat(dirfd(folder), entry->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode))
			continue;
		fd = open_in(pid, path);
		canary_object(canary, "/proc/%d/%s", (int)pid, path);
		if (fd < 0 || canary_pread(canary, fd, 0, (uint64_t)st.st_size) < 0)
			refused(canary, canary->object);
		if (fd >= 0)
			close(fd);
	}
	closedir(folder);
}

/* A page that cannot be read (it went away, or stands behind a guard) is left out, not the pages behind it. */
static void search_pages(struct canary *canary, int mem, uint64_t start, uint64_t end, uint64_t *unread)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	while (start < end && canary_pread(canary, mem, start, end) < 0) {
		start = (canary->stream.at + canary->stream.kept) / page * page + page;
		*unread += page;
	}
}

/* One line of maps: "55e0-55f0 rw-p 0000 00:00 0   [heap]". */
static void search_mapping(struct canary *canary, pid_t pid, int mem, const char *line, uint64_t *unread)
{
	uint64_t start, end;
	char *rest;

	start = strtoull(line, &rest, 16);
	if (*rest != '-')
		return;
	end = strtoull(rest + 1, &rest, 16);
	if (*rest != ' ' || rest[2] != 'w')
		return;
	rest = strpbrk(rest, "/[");
	canary_object(canary, "/proc/%d/mem %.200s", (int)pid, rest ? rest : "[anonymous]");
	search_pages(canary, mem, start, end, unread);
}

/* All of maps at once, so that it is of one moment. */
static int read_maps(struct buf *text, pid_t pid)
{
	const int fd = open_in(pid, "maps");
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, buf_reserve(text, 1 << 16), 1 << 16)) > 0) {
		text->len += (size_t)n;
		text->data[text->len] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static void search_memory(struct canary *canary, pid_t pid)
{
	struct buf maps = BUF_INIT;
	const int mem = open_in(pid, "mem");
	uint64_t unread = 0;
	char object[64];

	snprintf(object, sizeof(object), "/proc/%d/mem", (int)pid);
	if (mem < 0 || read_maps(&maps, pid) < 0)
		refused(canary, object);
	for (char *line = maps.len ? (char *)maps.data : NULL, *end; line && *line; line = end) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		search_mapping(canary, pid, mem, line, &unread);
	}
	if (mem >= 0 && canary->bytes == 0)
		canary_not_searched(canary, object, "none of its memory can be read; %s", NEEDS);
	else if (unread)
		canary_not_searched(canary, object, "%" PRIu64 " bytes cannot be read", unread);
	if (mem >= 0)
		close(mem);
	buf_release(&maps);
}

void canary_process(struct canary *canary, pid_t pid)
{
	static const struct {
		const char *kind;
		void (*search)(struct canary *canary, pid_t pid);
	} parts[] = { { "process", search_told }, { "open files", search_open_files }, { "memory", search_memory } };
	char name[NAME_SIZE];

	name_of(pid, name);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		canary_place(canary, parts[i].kind, "%d %s", (int)pid, name);
		parts[i].search(canary, pid);
		canary_place_end(canary);
	}
}

size_t canary_daemons(struct canary *canary)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (folder && (entry = readdir(folder)) != NULL) {
		const long pid = strtol(entry->d_name, NULL, 10);
		char name[NAME_SIZE];

		if (pid <= 0)
			continue;
		name_of((pid_t)pid, name);
		if (strncmp(name, DAEMON_PREFIX, strlen(DAEMON_PREFIX)) != 0)
			continue;
		canary_process(canary, (pid_t)pid);
		n++;
	}
	if (folder)
		closedir(folder);
	return n;
}
