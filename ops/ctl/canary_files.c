/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/canary.h"

/* Holes, of which Kafka's indices consist, are passed over; a file system that knows none has one piece of data. */
static int search_data(struct canary *canary, int fd, uint64_t size)
{
	uint64_t at = 0;

	while (at < size) {
		const off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		at = data < 0 ? at : (uint64_t)data;
		hole = lseek(fd, (off_t)at, SEEK_HOLE);
		if (canary_pread(canary, fd, at, hole < 0 || (uint64_t)hole > size ? size : (uint64_t)hole) < 0)
			return -1;
		at = hole < 0 ? size : (uint64_t)hole;
	}
	return 0;
}

static bool is_markers(const struct canary *canary, const struct stat *st)
{
	return st->st_dev == canary->markers->device && st->st_ino == canary->markers->inode;
}

/* What went away since its name was read is no fault: Kafka and SQLite remove files all the time. */
static void search_file(struct canary *canary, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char why[ERR_WHY_MAX];
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0) {
		canary_not_searched(canary, path, "%s", err_why(errno, why));
		return;
	}
	if (fstat(fd, &st) == 0 && is_markers(canary, &st)) {
		canary_not_searched(canary, path, "holds the markers themselves");
	} else {
		canary_object(canary, "%s", path);
		if (search_data(canary, fd, (uint64_t)st.st_size) < 0)
			canary_not_searched(canary, path, "%s", err_why(errno, why));
	}
	close(fd);
}

/* The name of a file or folder. What it says is not shown, so its folder stands for it. */
static void search_name(struct canary *canary, const FTSENT *entry)
{
	canary_object(canary, "a name in %.*s", (int)(entry->fts_pathlen - entry->fts_namelen), entry->fts_path);
	search_stream_feed(&canary->stream, (const uint8_t *)entry->fts_name, entry->fts_namelen);
	canary->objects--;
}

static void walk(struct canary *canary, const char *path)
{
	char *roots[] = { mem_strdup(path), NULL }, why[ERR_WHY_MAX];
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (fts && (errno = 0, entry = fts_read(fts)) != NULL) {
		if (entry->fts_info != FTS_DP && entry->fts_level > 0)
			search_name(canary, entry);
		if (entry->fts_info == FTS_F)
			search_file(canary, entry->fts_path);
		else if ((entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) &&
			 (entry->fts_errno != ENOENT || entry->fts_level == 0))
			canary_not_searched(canary, entry->fts_path, "%s", err_why(entry->fts_errno, why));
		else if (entry->fts_level == 0 && (entry->fts_info == FTS_DEFAULT || entry->fts_info == FTS_SLNONE))
			canary_not_searched(canary, path, "neither a file nor a folder: give its bytes on standard input");
	}
	if (!fts || errno)
		canary_not_searched(canary, path, "%s", err_why(errno, why));
	if (fts)
		fts_close(fts);
	free(roots[0]);
}

void canary_files(struct canary *canary, const char *path)
{
	canary_place(canary, "files", "%s", path);
	walk(canary, path);
	canary_place_end(canary);
}

void canary_siblings(struct canary *canary, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct buf folder = BUF_INIT, file = BUF_INIT;
	char why[ERR_WHY_MAX];
	struct dirent *entry;
	DIR *open;

	buf_append(&folder, path, (size_t)(name - path));
	canary_place(canary, "files", "%s*", path);
	open = opendir(folder.len ? buf_text(&folder) : ".");
	if (!open && errno != ENOENT)
		canary_not_searched(canary, path, "%s", err_why(errno, why));
	while (open && (entry = readdir(open)) != NULL) {
		if (entry->d_type == DT_DIR || strncmp(entry->d_name, name, strlen(name)) != 0)
			continue;
		buf_clear(&file);
		buf_printf(&file, "%s%s", buf_text(&folder), entry->d_name);
		search_file(canary, buf_text(&file));
	}
	if (open)
		closedir(open);
	canary_place_end(canary);
	buf_release(&folder);
	buf_release(&file);
}

void canary_standard_input(struct canary *canary)
{
	char why[ERR_WHY_MAX];

	canary_place(canary, "input", "standard input");
	canary_object(canary, "standard input");
	if (canary_read(canary, STDIN_FILENO) < 0)
		canary_not_searched(canary, "standard input", "%s", err_why(errno, why));
	canary_place_end(canary);
}
