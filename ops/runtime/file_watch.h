/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_watch: whether a path is another file, or another version of it, than when it was last looked at (one stat). For
 * a folder: whether an entry came, went or was renamed. What is written over in place within one tick of the file
 * system's clock and keeps its size does not show.
 */
#ifndef TIPLINE_OPS_RUNTIME_FILE_WATCH_H
#define TIPLINE_OPS_RUNTIME_FILE_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

struct file_watch {
	char *path; /* owned */
	struct stat seen; /* zero where there is nothing */
};

/* Looks for the first time. */
void file_watch_begin(struct file_watch *watch, const char *path);
/* Looks again; true once for each change that it sees. */
bool file_watch_changed(struct file_watch *watch);
void file_watch_end(struct file_watch *watch);

#endif
