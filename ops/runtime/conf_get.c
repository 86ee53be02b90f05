/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/conf_tree.h"

/* What a key is that belongs to a name the file does not have, e.g. teams.nobody.recipient. */
static const struct conf_value absent = { .where = "", .written = "", .text = "" };

static const struct conf_value *value_of(const struct conf *conf, const char *key)
{
	size_t low = 0, high = conf->n_values;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int order = strcmp(key, conf->values[mid].name);

		if (order == 0)
			return &conf->values[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	for (size_t i = 0; i < conf->n_rows; i++) {
		if (conf_match(conf->rows[i]->name, key) == CONF_MATCH_EXACT)
			return &absent;
	}
	BUG("no table has the configuration key %s", key);
}

static const struct conf_value *typed(const struct conf *conf, const char *key, enum conf_type first,
				      enum conf_type last)
{
	const struct conf_value *value = value_of(conf, key);

	if (value->row && (value->row->type < first || value->row->type > last))
		BUG("configuration key %s is read as another type than its row says", key);
	return value;
}

const char *conf_str(const struct conf *conf, const char *key)
{
	return typed(conf, key, CONF_STRING, CONF_CHOICE)->text;
}

bool conf_bool(const struct conf *conf, const char *key)
{
	return typed(conf, key, CONF_BOOL, CONF_BOOL)->integer != 0;
}

int64_t conf_int(const struct conf *conf, const char *key)
{
	return typed(conf, key, CONF_INT, CONF_DURATION)->integer;
}

double conf_number(const struct conf *conf, const char *key)
{
	return typed(conf, key, CONF_NUMBER, CONF_NUMBER)->number;
}

size_t conf_list(const struct conf *conf, const char *key, const char *const **items)
{
	const struct conf_value *value = typed(conf, key, CONF_LIST, CONF_LIST);

	*items = (const char *const *)value->items;
	return value->n_items;
}

bool conf_given(const struct conf *conf, const char *key)
{
	return value_of(conf, key)->given;
}

/* "teams" and "teams.*" are the same question. */
static bool is_prefix(const char *group, const char *asked)
{
	const size_t n = strlen(group);

	return strncmp(group, asked, n) == 0 && (asked[n] == '\0' || strcmp(asked + n, ".*") == 0);
}

size_t conf_names(const struct conf *conf, const char *prefix, const char *const **names)
{
	for (const struct conf_group *group = conf->groups; group; group = group->next) {
		if (is_prefix(group->prefix, prefix)) {
			*names = (const char *const *)group->names;
			return group->n_names;
		}
	}
	BUG("no table has names under %s", prefix);
}

const char *conf_where(const struct conf *conf, const char *key)
{
	const struct conf_value *value = value_of(conf, key);

	return value->row ? value->where : conf->file;
}

const char *conf_hash(const struct conf *conf)
{
	return conf->hash;
}
