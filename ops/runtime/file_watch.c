/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/file_watch.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"

static bool is_other(const struct stat *a, const struct stat *b)
{
	return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	       a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

static void look(const struct file_watch *watch, struct stat *now)
{
	if (stat(watch->path, now) != 0)
		memset(now, 0, sizeof(*now));
}

void file_watch_begin(struct file_watch *watch, const char *path)
{
	watch->path = mem_strdup(path);
	look(watch, &watch->seen);
}

bool file_watch_changed(struct file_watch *watch)
{
	struct stat before = watch->seen;

	look(watch, &watch->seen);
	return is_other(&before, &watch->seen);
}

void file_watch_end(struct file_watch *watch)
{
	free(watch->path);
	watch->path = NULL;
}
