/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/classify/adapters.h"

#include "ops/runtime/log.h"

static bool is_other_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

int adapters_load(struct adapters *adapters, const char *path, struct err *err)
{
	/* Looked at before it is read: a change in between is seen at the next search. */
	if (stat(path, &adapters->seen) != 0)
		return err_errno(err, "%s", path);
	adapters->path = path;
	return adapter_list_load(&adapters->list, path, err);
}

static void reload(struct adapters *adapters, const struct stat *now)
{
	struct adapter_list list;
	struct err err = ERR_INIT;

	adapters->seen = *now;
	if (adapter_list_load(&list, adapters->path, &err) != 0) {
		log_err(LOG_LEVEL_ERROR, "classify.adapters_not_reloaded", &err);
		return;
	}
	adapter_list_release(&adapters->list);
	adapters->list = list;
	log_event(LOG_LEVEL_INFO, "classify.adapters_reloaded", NULL);
}

void adapters_look(struct adapters *adapters)
{
	struct stat now;

	if (stat(adapters->path, &now) == 0 && is_other_file(&now, &adapters->seen))
		reload(adapters, &now);
}

const struct adapter *adapters_find(struct adapters *adapters, uint16_t id)
{
	adapters_look(adapters);
	return adapter_list_find(&adapters->list, id);
}

void adapters_release(struct adapters *adapters)
{
	adapter_list_release(&adapters->list);
}
