/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/yaml.h"

#include <inttypes.h>
#include <stdarg.h>

#include "ops/runtime/file.h"
#include "ops/runtime/nearest.h"
#include "ops/runtime/number.h"
#include "ops/runtime/yaml_tree.h"

#define YAML_SIZE_MAX (4u << 20)

int yaml_load(struct yaml **out, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, YAML_SIZE_MAX, err);

	if (rc == 0)
		rc = yaml_parse(out, path, buf_text(&text), text.len, err);
	buf_release(&text);
	return rc;
}

int yaml_parse(struct yaml **out, const char *name, const char *text, size_t len, struct err *err)
{
	struct yaml *yaml;

	if (len > YAML_SIZE_MAX)
		return err_set(err, ERR_CONFIG, NULL, "%s: larger than 4 MiB", name);
	yaml = mem_alloc(sizeof(*yaml));
	yaml->name = mem_strdup(name);
	yaml->arena = arena_new(4 * len);
	if (yaml_read(yaml, text, len, err) < 0) {
		yaml_free(yaml);
		return -1;
	}
	*out = yaml;
	return 0;
}

void yaml_free(struct yaml *yaml)
{
	if (!yaml)
		return;
	arena_free(yaml->arena);
	free(yaml->name);
	free(yaml);
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
	return yaml->root;
}

enum yaml_kind yaml_kind(const struct yaml_node *node)
{
	return node->kind;
}

int yaml_line(const struct yaml_node *node)
{
	return node->line;
}

int yaml_key_line(const struct yaml_node *node)
{
	return node->key_line;
}

const char *yaml_file(const struct yaml_node *node)
{
	return node->yaml->name;
}

const char *yaml_scalar(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

bool yaml_is_plain(const struct yaml_node *node)
{
	return node->plain;
}

size_t yaml_count(const struct yaml_node *node)
{
	return node ? node->count : 0;
}

const struct yaml_node *yaml_at(const struct yaml_node *node, size_t i)
{
	return i < yaml_count(node) ? node->entries[i] : NULL;
}

const char *yaml_key_at(const struct yaml_node *map, size_t i)
{
	return i < yaml_count(map) ? map->entries[i]->key : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	size_t low = 0, high = map && map->kind == YAML_MAP ? map->count : 0;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int order = strcmp(key, map->by_key[mid]->key);

		if (order == 0)
			return map->by_key[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

int yaml_error(const struct yaml_node *node, struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)err_vset(err, ERR_CONFIG, NULL, fmt, args);
	va_end(args);
	return node ? err_prefix(err, "%s:%d", node->yaml->name, node->line) : -1;
}

/* Plain scalars only: "5" in quotes is a text. NULL when it is anything else. */
static const char *plain_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && node->plain && *node->text ? node->text : NULL;
}

int yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *out, struct err *err)
{
	const char *text = plain_text(node);
	int64_t v = 0;
	enum number_result result = text ? number_int(text, &v) : NUMBER_NOT;

	if (result == NUMBER_NOT)
		return yaml_error(node, err, "a whole number is wanted here");
	if (result == NUMBER_HUGE || v < min || v > max)
		return yaml_error(node, err, "%s is out of range: %" PRId64 " to %" PRId64, text, min, max);
	*out = v;
	return 0;
}

int yaml_double(const struct yaml_node *node, double min, double max, double *out, struct err *err)
{
	const char *text = plain_text(node);
	double v = 0;
	enum number_result result = text ? number_double(text, &v) : NUMBER_NOT;

	if (result == NUMBER_NOT)
		return yaml_error(node, err, "a number is wanted here");
	if (result == NUMBER_HUGE || v < min || v > max)
		return yaml_error(node, err, "%s is out of range: %g to %g", text, min, max);
	*out = v;
	return 0;
}

int yaml_bool(const struct yaml_node *node, bool *out, struct err *err)
{
	const char *text = plain_text(node);

	if (text && strcasecmp(text, "true") == 0)
		*out = true;
	else if (text && strcasecmp(text, "false") == 0)
		*out = false;
	else
		return yaml_error(node, err, "true or false is wanted here");
	return 0;
}

static bool in_list(const char *const list[], const char *word)
{
	for (; *list; list++) {
		if (strcmp(*list, word) == 0)
			return true;
	}
	return false;
}

int yaml_only_keys(const struct yaml_node *map, const char *const allowed[], struct err *err)
{
	for (size_t i = 0; i < yaml_count(map); i++) {
		const struct yaml_node *entry = map->entries[i];
		char hint[NEAREST_HINT_MAX];

		if (!entry->key)
			return yaml_error(map, err, "keys with values are wanted here");
		if (in_list(allowed, entry->key))
			continue;
		nearest_hint(hint, entry->key, allowed, SIZE_MAX);
		return err_set(err, ERR_CONFIG, NULL, "%s:%d: there is no key \"%.64s\" here%s", map->yaml->name,
			       entry->key_line, entry->key, hint);
	}
	return 0;
}
