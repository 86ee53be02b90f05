/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/relinker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/log.h"
#include "schema/locked.h"

/* An index that was never told is of the epoch before the last, which is the one that the rotation began from. */
static int carry_index(struct relinker *relinker, const struct relink *relink, struct index *index, struct err *err)
{
	const struct relink_epoch *to = &relink->epochs[relink->n - 1];
	const struct relink_epoch *from = relink_find(relink, relinker->check);

	if (relinker->check == to->check)
		return 0;
	if (!relinker->check)
		from = &relink->epochs[relink->n > 1 ? relink->n - 2 : 0];
	if (!from)
		return err_set(err, ERR_CONFIG, NULL, "%s: has not the epoch of the linkage key that the index is under "
			"(%016" PRIx64
			       ")", relinker->path, relinker->check);
	if (index_relink(index, from, to, err) < 0)
		return -1;
	relinker->check = to->check;
	log_event(LOG_LEVEL_INFO, "dedupe.index_relinked", NULL);
	return 1;
}

int relinker_reload(struct relinker *relinker, struct index *index, struct err *err)
{
	struct relink *fresh;
	int result;

	if (!*relinker->path || access(relinker->path, F_OK) != 0)
		return 0;
	fresh = locked_alloc(sizeof(*fresh), err);
	if (!fresh)
		return -1;
	result = relink_load(fresh, relinker->path, err);
	if (result == 0)
		result = carry_index(relinker, fresh, index, err);
	if (result >= 0)
		*relinker->relink = *fresh;
	locked_free(fresh);
	return result;
}

int relinker_open(struct relinker *relinker, const struct conf *conf, struct index *index, struct err *err)
{
	relinker->path = conf_str(conf, "keys.relink");
	relinker->relink = locked_alloc(sizeof(*relinker->relink), err);
	if (!relinker->relink || index_key_check(index, &relinker->check, err) < 0)
		return -1;
	return relinker_reload(relinker, index, err) < 0 ? -1 : 0;
}

void relinker_release(struct relinker *relinker)
{
	locked_free(relinker->relink);
	relinker->relink = NULL;
}

/* Tips of two keys that nothing carries over never meet: said, since somebody should know why links are missing. */
static void say_unknown(struct relinker *relinker, uint64_t check)
{
	char theirs[17], own[17];

	if (relinker->said)
		return;
	relinker->said = true;
	snprintf(theirs, sizeof(theirs), "%016" PRIx64, check);
	snprintf(own, sizeof(own), "%016" PRIx64, relinker->check);
	log_event(LOG_LEVEL_WARN, "dedupe.linkage_unknown", "tip", theirs, "index", own, "detail",
		  "tips come under another linkage key than the index is under, and keys.relink does not say how to carry them "
		  "over: they are not linked to those before", NULL);
}

int relinker_carry(struct relinker *relinker, struct index *index, struct token_list *tokens, struct arena *arena,
		   struct err *err)
{
	const struct relink_epoch *from, *to;
	struct token *items;

	if (!tokens->key_check || tokens->key_check == relinker->check)
		return 0;
	if (!relinker->check) {
		relinker->check = tokens->key_check;
		return index_set_key_check(index, relinker->check, err);
	}
	from = relink_find(relinker->relink, tokens->key_check);
	to = relink_find(relinker->relink, relinker->check);
	if (!from || !to) {
		say_unknown(relinker, tokens->key_check);
		return 0;
	}
	items = arena_alloc(arena, (tokens->n + 1) * sizeof(*items));
	if (tokens->n)
		memcpy(items, tokens->items, tokens->n * sizeof(*items));
	tokens->items = items;
	relink_tokens(from, to, tokens);
	return 0;
}

void relinker_paths(const struct relinker *relinker, void (*each)(void *arg, const char *path), void *arg)
{
	if (*relinker->path)
		each(arg, relinker->path);
}

void relinker_names(const struct relinker *relinker, void (*each)(void *arg, const char *name), void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "relink:%016" PRIx64, relinker->check);
	each(arg, name);
}
