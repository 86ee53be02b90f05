/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/conf.h"

#include <inttypes.h>

#include "ops/runtime/conf_tree.h"
#include "ops/runtime/nearest.h"

#define ROWS_MAX 256
#define VALUES_MAX 4096 /* names that the file itself brings are bounded by this */

struct loader {
	struct conf *conf;
	struct err *err;
};

/* A place in the tree: `near` is the deepest node on the way that the file has, for messages. */
struct place {
	const char *name;
	const struct yaml_node *node, *near;
};

static size_t part_len(const char *name)
{
	return strcspn(name, ".");
}

static bool part_matches(const char *pattern, const char *name)
{
	const size_t n = part_len(pattern);

	if (n == 1 && *pattern == '*')
		return true;
	return part_len(name) == n && memcmp(pattern, name, n) == 0;
}

enum conf_match conf_match(const char *pattern, const char *name)
{
	for (;;) {
		if (!part_matches(pattern, name))
			return CONF_MATCH_NONE;
		pattern += part_len(pattern);
		name += part_len(name);
		if (!*name)
			return *pattern ? CONF_MATCH_PREFIX : CONF_MATCH_EXACT;
		if (!*pattern)
			return CONF_MATCH_NONE;
		pattern++;
		name++;
	}
}

static bool has_row(const struct conf_key **rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i]->name, name) == 0)
			return true;
	}
	return false;
}

size_t conf_rows(const struct conf_key *const tables[], const struct conf_key **rows, size_t max)
{
	size_t n = 0;

	for (; tables && *tables; tables++) {
		for (const struct conf_key *row = *tables; row->name; row++) {
			if (has_row(rows, n, row->name))
				continue;
			if (n == max)
				BUG("more than %zu configuration keys", max);
			rows[n++] = row;
		}
	}
	return n;
}

static const char *join(struct conf *conf, const char *prefix, const char *part, size_t len)
{
	const size_t room = strlen(prefix) + len + 2;
	char *name = arena_alloc(conf->arena, room);

	snprintf(name, room, "%s%s%.*s", prefix, *prefix ? "." : "", (int)len, part);
	return name;
}

/* Unknown keys. */

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* What else could stand where `name` does; or, at the wrong level, the whole name of the key that was meant. */
static const char *suggestion(struct conf *conf, const char *name)
{
	const char *key = last_part(name);
	const size_t level = (size_t)(key - name);
	struct nearest near = nearest_to(key);

	for (size_t i = 0; i < conf->n_rows; i++) {
		const char *pattern = conf->rows[i]->name;
		const char *at = pattern;

		for (const char *n = name; n < key; n += part_len(n) + 1)
			at = at && part_matches(at, n) && at[part_len(at)] ? at + part_len(at) + 1 : NULL;
		if (at && *at != '*')
			nearest_offer(&near, arena_str(conf->arena, at, part_len(at)));
	}
	if (near.best)
		return join(conf, arena_str(conf->arena, name, level ? level - 1 : 0), near.best, strlen(near.best));
	for (size_t i = 0; i < conf->n_rows; i++) {
		const char *whole = conf->rows[i]->name;

		if (whole && strcmp(last_part(whole), key) == 0)
			return whole;
	}
	return NULL;
}

static int unknown_key(struct loader *l, const char *name, const struct yaml_node *node)
{
	const char *meant = suggestion(l->conf, name);

	return err_set(l->err, ERR_CONFIG, NULL, "%s:%d: there is no key %s%s%s%s", l->conf->file,
		       yaml_key_line(node), name, meant ? "; did you mean " : "", meant ? meant : "",
		       meant ? "?" : "; --help lists the keys of this program");
}

static enum conf_match match_any(const struct conf *conf, const char *name)
{
	enum conf_match best = CONF_MATCH_NONE;

	for (size_t i = 0; i < conf->n_rows; i++) {
		const enum conf_match match = conf_match(conf->rows[i]->name, name);

		if (match > best)
			best = match;
	}
	return best;
}

static int check_keys(struct loader *l, const struct place *place);

static int check_key(struct loader *l, const char *prefix, const char *key, const struct yaml_node *node)
{
	struct place place = { .node = node, .near = node };

	if (!*key || strchr(key, '.'))
		return err_set(l->err, ERR_CONFIG, NULL, "%s:%d: a key has no dots; write \"%.*s:\" and under it, "
			       "indented, the rest", l->conf->file, yaml_key_line(node), (int)part_len(key), key);
	place.name = join(l->conf, prefix, key, strlen(key));
	switch (match_any(l->conf, place.name)) {
	case CONF_MATCH_EXACT:
		return 0;
	case CONF_MATCH_PREFIX:
		return check_keys(l, &place);
	default:
		return unknown_key(l, place.name, node);
	}
}

static int check_keys(struct loader *l, const struct place *place)
{
	const struct yaml_node *map = place->node;

	if (!map || (yaml_kind(map) == YAML_SCALAR && !*yaml_scalar(map)))
		return 0;
	if (yaml_kind(map) != YAML_MAP)
		return err_set(l->err, ERR_CONFIG, NULL, "%s:%d: %s%skeys with values are wanted here", l->conf->file,
			       yaml_key_line(map), place->name, *place->name ? ": " : "");
	for (size_t i = 0; i < yaml_count(map); i++) {
		if (check_key(l, place->name, yaml_key_at(map, i), yaml_at(map, i)) < 0)
			return -1;
	}
	return 0;
}

/* Values. */

static const char *place_text(struct conf *conf, const struct yaml_node *node)
{
	const size_t room = strlen(conf->file) + 16;
	char *text = arena_alloc(conf->arena, room);

	if (node)
		snprintf(text, room, "%s:%d", conf->file, yaml_key_line(node));
	else
		snprintf(text, room, "%s", conf->file);
	return text;
}

static int value_add(struct loader *l, const struct conf_key *row, const struct place *place)
{
	struct conf *conf = l->conf;
	struct conf_value *value;

	if (!place->node && !row->def)
		return err_set(l->err, ERR_CONFIG, NULL, "%s: %s is missing: %s", place_text(conf, place->near),
			       place->name, row->help);
	if (conf->n_values == VALUES_MAX)
		return err_set(l->err, ERR_CONFIG, NULL, "%s: more than %d values", conf->file, VALUES_MAX);
	if (conf->n_values == conf->cap_values) {
		conf->cap_values = conf->cap_values ? 2 * conf->cap_values : 64;
		conf->values = mem_grow(conf->values, conf->cap_values * sizeof(*conf->values));
	}
	value = &conf->values[conf->n_values++];
	*value = (struct conf_value){ .row = row, .name = place->name, .given = place->node != NULL };
	value->where = place_text(conf, place->node);
	return conf_value_read(conf, value, place->node, l->err);
}

static void group_add(struct conf *conf, const struct place *place)
{
	struct conf_group *group;

	for (group = conf->groups; group; group = group->next) {
		if (strcmp(group->prefix, place->name) == 0)
			return;
	}
	group = arena_alloc(conf->arena, sizeof(*group));
	group->prefix = place->name;
	group->n_names = yaml_count(place->node);
	group->names = arena_alloc(conf->arena, group->n_names * sizeof(*group->names));
	for (size_t i = 0; i < group->n_names; i++) {
		const char *name = yaml_key_at(place->node, i);

		group->names[i] = arena_str(conf->arena, name, strlen(name));
	}
	group->next = conf->groups;
	conf->groups = group;
}

/* Goes down the tree along what is left of the row's name, and down each branch where that says `*`. */
static int expand(struct loader *l, const struct conf_key *row, const char *rest, const struct place *place)
{
	const size_t n = part_len(rest);
	const char *next = rest[n] ? rest + n + 1 : "";
	struct place below;

	if (!*rest)
		return value_add(l, row, place);
	if (n != 1 || *rest != '*') {
		char part[128];

		snprintf(part, sizeof(part), "%.*s", (int)n, rest);
		below.name = join(l->conf, place->name, rest, n);
		below.node = yaml_get(place->node, part);
		below.near = below.node ? below.node : place->near;
		return expand(l, row, next, &below);
	}
	group_add(l->conf, place);
	for (size_t i = 0; i < yaml_count(place->node); i++) {
		const char *key = yaml_key_at(place->node, i);

		below.name = join(l->conf, place->name, key, strlen(key));
		below.node = below.near = yaml_at(place->node, i);
		if (expand(l, row, next, &below) < 0)
			return -1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct conf_value *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static uint64_t fnv1a(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
	} while (*text++);
	return hash;
}

/* A value counts as it is meant, "1m" as "60s"; a path counts as written, wherever the file lies. */
static void hash_values(struct conf *conf)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325);
	char number[64];

	for (size_t i = 0; i < conf->n_values; i++) {
		const struct conf_value *value = &conf->values[i];
		const bool counted = value->row->type >= CONF_BOOL && value->row->type <= CONF_NUMBER;

		snprintf(number, sizeof(number), "%" PRId64 " %.17g", value->integer, value->number);
		hash = fnv1a(hash, value->name);
		hash = fnv1a(hash, counted ? number : value->written);
		for (size_t j = 0; j < value->n_items; j++)
			hash = fnv1a(hash, value->items[j]);
	}
	snprintf(conf->hash, sizeof(conf->hash), "%016" PRIx64, hash);
}

static int read_values(struct loader *l, const struct yaml_node *root)
{
	const struct place top = { .name = "", .node = root };

	if (check_keys(l, &top) < 0)
		return -1;
	for (size_t i = 0; i < l->conf->n_rows; i++) {
		const struct conf_key *row = l->conf->rows[i];

		if (expand(l, row, row->name, &top) < 0)
			return -1;
	}
	if (l->conf->n_values)
		qsort(l->conf->values, l->conf->n_values, sizeof(*l->conf->values), by_name);
	hash_values(l->conf);
	return 0;
}

static struct conf *conf_new(const char *file, const struct conf_key *const tables[])
{
	struct conf *conf = mem_alloc(sizeof(*conf));
	const char *slash = strrchr(file, '/');

	conf->arena = arena_new(16384);
	conf->file = arena_str(conf->arena, file, strlen(file));
	conf->folder = arena_str(conf->arena, file, slash ? (size_t)(slash - file) + 1 : 0);
	conf->rows = arena_alloc(conf->arena, ROWS_MAX * sizeof(*conf->rows));
	conf->n_rows = conf_rows(tables, conf->rows, ROWS_MAX);
	return conf;
}

static int conf_build(struct conf **out, struct yaml *yaml, const char *name, const struct conf_key *const tables[],
		      struct err *err)
{
	struct loader l = { conf_new(name, tables), err };
	const int rc = read_values(&l, yaml_root(yaml));

	yaml_free(yaml);
	if (rc < 0)
		conf_free(l.conf);
	else
		*out = l.conf;
	return rc;
}

int conf_load(struct conf **out, const char *path, const struct conf_key *const tables[], struct err *err)
{
	struct yaml *yaml;

	return yaml_load(&yaml, path, err) < 0 ? -1 : conf_build(out, yaml, path, tables, err);
}

int conf_parse(struct conf **out, const char *name, const char *text, const struct conf_key *const tables[],
	       struct err *err)
{
	struct yaml *yaml;

	return yaml_parse(&yaml, name, text, strlen(text), err) < 0 ? -1 : conf_build(out, yaml, name, tables, err);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	free(conf->values);
	arena_free(conf->arena);
	free(conf);
}
