/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/roster.h"

#include <string.h>

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	const char *text = node != NULL ? yaml_scalar(node) : NULL;
	return text != NULL ? text : "";
}

static int add_member(struct roster *roster, const char *team, const struct yaml_node *node, struct err *err)
{
	static const char *const keys[] = { "forename", "surname", "rank", "number", "nickname", "handle", NULL };

	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, err, "not a member of staff");
	if (yaml_only_keys(node, keys, err))
		return -1;
	if (roster->n == ROSTER_MAX)
		return yaml_error(node, err, "more than %d members", ROSTER_MAX);
	struct member *member = &roster->members[roster->n++];
	member->team = team;
	member->staff = (struct staff){ .forename = text_of(node, "forename"), .surname = text_of(node, "surname"),
					.rank = text_of(node, "rank"),         .number = text_of(node, "number"),
					.nickname = text_of(node, "nickname"), .handle = text_of(node, "handle") };
	return member->staff.surname[0] != '\0' ? 0 : yaml_error(node, err, "surname: missing");
}

static int read_teams(struct roster *roster, const char *path, struct err *err)
{
	const struct yaml_node *root = yaml_root(roster->yaml);

	if (root == NULL || yaml_kind(root) != YAML_MAP)
		return err_set(err, ERR_CONFIG, NULL, "%s: not a map of teams", path);
	for (size_t i = 0; i < yaml_count(root); i++) {
		const struct yaml_node *list = yaml_at(root, i);
		for (size_t j = 0; j < yaml_count(list); j++)
			if (add_member(roster, yaml_key_at(root, i), yaml_at(list, j), err))
				return -1;
	}
	return 0;
}

int roster_load(struct roster *roster, const char *path, struct err *err)
{
	roster->n = 0;
	if (yaml_load(&roster->yaml, path, err))
		return -1;
	if (read_teams(roster, path, err) == 0)
		return 0;
	roster_release(roster);
	return -1;
}

const struct staff *roster_find(const struct roster *roster, const char *team, size_t turn)
{
	size_t size = 0;
	for (size_t i = 0; i < roster->n; i++)
		size += strcmp(roster->members[i].team, team) == 0;
	if (size == 0)
		return NULL;
	turn %= size;
	for (size_t i = 0; i < roster->n; i++)
		if (strcmp(roster->members[i].team, team) == 0 && turn-- == 0)
			return &roster->members[i].staff;
	return NULL;
}

void roster_release(struct roster *roster)
{
	if (roster->yaml != NULL)
		yaml_free(roster->yaml);
	roster->yaml = NULL;
	roster->n = 0;
}
