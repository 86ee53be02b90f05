/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/teams.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/fingerprint.h"
#include "schema/keys.h"

struct team_loader {
	struct team_list list;
	const struct conf *conf;
};

/* CONF_PATH has put the configuration's folder in front. */
static bool is_none(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "none") == 0;
}

static int load_register(struct team *team, const struct conf *conf, struct err *err)
{
	char key[64 + TEAM_NAME_MAX];

	snprintf(key, sizeof(key), "teams.%s.register", team->name);
	team->register_path = conf_str(conf, key);
	if (!*team->register_path)
		return err_set(err, ERR_CONFIG, NULL,
			       "'%s' is not set: a tip could reach the man it names; 'none' if the team has no register",
			       key);
	if (!is_none(team->register_path))
		return staff_register_load(&team->staff, team->register_path, err) < 0 ? err_prefix(err, "%s", key) : 0;
	if (access(team->register_path, F_OK) == 0)
		return err_set(err, ERR_CONFIG, NULL, "'%s': there is a file %s: give a register another name", key,
			       team->register_path);
	return 0;
}

static int refuse_shared_recipient(const struct team_list *list, const struct team *team, struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (memcmp(list->items[i].recipient.key, team->recipient.key, AGE_KEY_BYTES) == 0)
			return err_set(err, ERR_CONFIG, NULL,
				       "the teams '%s' and '%s' have one recipient: each could open what is kept from it",
				       list->items[i].name, team->name);
	return 0;
}

static int load_team(void *arg, const char *name, struct err *err)
{
	struct team_loader *loader = arg;
	struct team_list *list = &loader->list;
	char key[64 + TEAM_NAME_MAX];
	struct team *team;
	const char *path;

	if (list->n == ROUTE_TEAMS_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the policy names more than %d teams", ROUTE_TEAMS_MAX);
	team = &list->items[list->n];
	snprintf(team->name, sizeof(team->name), "%s", name);
	snprintf(team->topic, sizeof(team->topic), TOPIC_TEAM_PREFIX "%s", name);
	snprintf(key, sizeof(key), "teams.%s.recipient", name);
	path = conf_str(loader->conf, key);
	team->recipient_path = path;
	if (!*path)
		return err_set(err, ERR_CONFIG, NULL, "the policy names the team '%s', but '%s' is not set", name,
			       key);
	if (keys_load_recipient(&team->recipient, path, err) < 0)
		return err_prefix(err, "%s", key);
	if (refuse_shared_recipient(list, team, err) < 0 || load_register(team, loader->conf, err) < 0)
		return -1;
	list->n++;
	return 0;
}

int team_list_load(struct team_list *list, const struct policy *policy, const struct conf *conf, struct err *err)
{
	struct team_loader loader = { .conf = conf };

	loader.list.items = mem_alloc(ROUTE_TEAMS_MAX * sizeof(*loader.list.items));
	if (policy_each_team(policy, load_team, &loader, err) < 0) {
		team_list_release(&loader.list);
		return -1;
	}
	*list = loader.list;
	return 0;
}

void team_list_release(struct team_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		staff_register_release(&list->items[i].staff);
	free(list->items);
	*list = (struct team_list){ .n = 0 };
}

const struct team *team_list_find(const struct team_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	BUG("the policy names a team that was not loaded");
}

void team_list_paths(const struct team_list *list, void (*each)(void *arg, const char *path), void *arg)
{
	for (size_t i = 0; i < list->n; i++) {
		each(arg, list->items[i].recipient_path);
		if (!is_none(list->items[i].register_path))
			each(arg, list->items[i].register_path);
	}
}

void team_list_names(const struct team_list *list, void (*each)(void *arg, const char *name), void *arg)
{
	char name[FINGERPRINT_NAME + TEAM_NAME_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct team *team = &list->items[i];

		fingerprint_name(name, "team", slice_of(team->recipient.key, AGE_KEY_BYTES));
		each(arg, name);
		for (size_t k = 0; k < team->staff.n_keys; k++) {
			snprintf(name, sizeof(name), "register:%s:%016" PRIx64, team->name, team->staff.key_checks[k]);
			each(arg, name);
		}
	}
}
