/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libfyaml.h>
#include <stdarg.h>

#include "ops/runtime/utf8.h"
#include "ops/runtime/yaml_tree.h"

#define YAML_DEPTH_MAX 64

struct reader {
	struct yaml *yaml;
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct err *err;
	int line;  /* of the latest event */
	int depth;
};

__attribute__((format(printf, 3, 4))) static int complain(struct reader *reader, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)err_vset(reader->err, ERR_CONFIG, NULL, fmt, args);
	va_end(args);
	return err_prefix(reader->err, "%s:%d", reader->yaml->name, line);
}

/* The next event, to be freed; NULL when the text is no YAML, which has then been said. */
static struct fy_event *next_event(struct reader *reader)
{
	struct fy_event *event = fy_parser_parse(reader->parser);
	struct fy_diag_error *problem;
	const struct fy_mark *mark;
	void *prev = NULL;

	if (event) {
		mark = fy_event_start_mark(event);
		if (mark)
			reader->line = mark->line + 1;
		return event;
	}
	problem = fy_diag_errors_iterate(reader->diag, &prev);
	if (problem)
		complain(reader, problem->line > 0 ? problem->line : reader->line, "%s", problem->msg);
	else
		complain(reader, reader->line, "the file ends too early");
	return NULL;
}

static int refuse_extras(struct reader *reader, struct fy_event *event)
{
	if (event->type == FYET_ALIAS || fy_event_get_anchor_token(event))
		return complain(reader, reader->line, "anchors and aliases are not used here");
	if (fy_event_get_tag_token(event))
		return complain(reader, reader->line, "tags (\"!\") are not used here");
	return 0;
}

static char *scalar_text(struct reader *reader, struct fy_event *event)
{
	size_t len = 0;
	const char *text = event->scalar.value ? fy_token_get_text(event->scalar.value, &len) : "";

	if (!text || (len && memchr(text, '\0', len))) {
		complain(reader, reader->line, "a text holds a NUL character");
		return NULL;
	}
	return arena_str(reader->yaml->arena, text, len);
}

static struct yaml_node *node_new(struct reader *reader, enum yaml_kind kind)
{
	struct yaml_node *node = arena_alloc(reader->yaml->arena, sizeof(*node));

	node->kind = kind;
	node->line = node->key_line = reader->line;
	node->yaml = reader->yaml;
	return node;
}

static int read_node(struct reader *reader, struct fy_event *event, struct yaml_node **out);

static int read_scalar(struct reader *reader, struct fy_event *event, struct yaml_node **out)
{
	struct yaml_node *node = node_new(reader, YAML_SCALAR);

	node->plain = !event->scalar.value || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
	node->text = scalar_text(reader, event);
	*out = node;
	return node->text ? 0 : -1;
}

static int by_key(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	const int order = strcmp((*x)->key, (*y)->key);

	return order ? order : (*x)->key_line - (*y)->key_line;
}

/* Sorting finds duplicates as well, in a time that a hostile file cannot stretch. */
static int sort_keys(struct reader *reader, struct yaml_node *map)
{
	map->by_key = arena_copy(reader->yaml->arena, map->entries, map->count * sizeof(*map->entries));
	qsort(map->by_key, map->count, sizeof(*map->by_key), by_key);
	for (size_t i = 1; i < map->count; i++) {
		const struct yaml_node *first = map->by_key[i - 1], *second = map->by_key[i];

		if (strcmp(first->key, second->key) == 0)
			return complain(reader, second->key_line, "key \"%s\" stands twice, first on line %d",
					second->key, first->key_line);
	}
	return 0;
}

static void collect(struct reader *reader, struct yaml_node *node, struct yaml_node *first)
{
	size_t i = 0;

	node->entries = arena_alloc(reader->yaml->arena, node->count * sizeof(*node->entries));
	for (; first; first = first->next)
		node->entries[i++] = first;
}

/* Takes `event`: the key. */
static int read_pair(struct reader *reader, struct fy_event *event, struct yaml_node **out)
{
	struct fy_event *value;
	char *key = NULL;
	const int line = reader->line;
	int rc = refuse_extras(reader, event);

	if (rc == 0 && event->type != FYET_SCALAR)
		rc = complain(reader, line, "a key must be a plain word");
	if (rc == 0) {
		key = scalar_text(reader, event);
		rc = key ? 0 : -1;
	}
	fy_parser_event_free(reader->parser, event);
	if (rc < 0)
		return -1;
	value = next_event(reader);
	if (!value || read_node(reader, value, out) < 0)
		return -1;
	(*out)->key = key;
	(*out)->key_line = line;
	return 0;
}

static int read_entries(struct reader *reader, struct yaml_node *node)
{
	const enum fy_event_type end = node->kind == YAML_MAP ? FYET_MAPPING_END : FYET_SEQUENCE_END;
	struct yaml_node *first = NULL, **link = &first;

	for (;;) {
		struct fy_event *event = next_event(reader);
		int rc;

		if (!event)
			return -1;
		if (event->type == end) {
			fy_parser_event_free(reader->parser, event);
			break;
		}
		rc = node->kind == YAML_MAP ? read_pair(reader, event, link) : read_node(reader, event, link);
		if (rc < 0)
			return -1;
		link = &(*link)->next;
		node->count++;
	}
	collect(reader, node, first);
	return node->kind == YAML_MAP ? sort_keys(reader, node) : 0;
}

/* Takes `event`. */
static int read_node(struct reader *reader, struct fy_event *event, struct yaml_node **out)
{
	const bool is_map = event->type == FYET_MAPPING_START;
	int rc = refuse_extras(reader, event);

	if (rc == 0 && event->type == FYET_SCALAR) {
		rc = read_scalar(reader, event, out);
		fy_parser_event_free(reader->parser, event);
		return rc;
	}
	if (rc == 0 && !is_map && event->type != FYET_SEQUENCE_START)
		rc = complain(reader, reader->line, "something unexpected stands here");
	fy_parser_event_free(reader->parser, event);
	if (rc < 0)
		return -1;
	if (reader->depth == YAML_DEPTH_MAX)
		return complain(reader, reader->line, "nested deeper than %d levels", YAML_DEPTH_MAX);
	*out = node_new(reader, is_map ? YAML_MAP : YAML_LIST);
	reader->depth++;
	rc = read_entries(reader, *out);
	reader->depth--;
	return rc;
}

/* An empty document is an empty plain scalar to libfyaml. */
static bool is_nothing(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain && node->text[0] == '\0';
}

static int read_document(struct reader *reader)
{
	struct fy_event *event = next_event(reader);

	if (!event)
		return -1;
	if (read_node(reader, event, &reader->yaml->root) < 0)
		return -1;
	if (is_nothing(reader->yaml->root))
		reader->yaml->root = NULL;
	return 0;
}

static int read_stream(struct reader *reader)
{
	int documents = 0;

	for (;;) {
		struct fy_event *event = next_event(reader);
		enum fy_event_type type;

		if (!event)
			return -1;
		type = event->type;
		fy_parser_event_free(reader->parser, event);
		if (type == FYET_STREAM_END)
			return 0;
		if (type != FYET_DOCUMENT_START)
			continue;
		if (documents++ > 0)
			return complain(reader, reader->line, "a second document begins here; one a file");
		if (read_document(reader) < 0)
			return -1;
	}
}

static int check_utf8(struct reader *reader, const char *text, size_t len)
{
	int line = 1, valid;
	uint32_t code;

	for (size_t at = 0; at < len;) {
		at += utf8_next((const uint8_t *)text + at, len - at, &code, &valid);
		if (!valid || code == 0)
			return complain(reader, line, "this is not UTF-8 text");
		line += code == '\n';
	}
	return 0;
}

/* Some remarks of the library would go to standard error, among the lines of the log, though collected as well. */
static void discard(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

int yaml_read(struct yaml *yaml, const char *text, size_t len, struct err *err)
{
	struct reader reader = { .yaml = yaml, .err = err, .line = 1 };
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 };
	struct fy_diag_cfg diag_cfg;
	int rc = check_utf8(&reader, text, len);

	if (rc < 0 || len == 0)
		return rc;
	errno = 0;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = discard;
	reader.diag = fy_diag_create(&diag_cfg);
	if (!reader.diag)
		return mem_refused(err, yaml->name);
	fy_diag_set_collect_errors(reader.diag, true);
	cfg.diag = reader.diag;
	reader.parser = fy_parser_create(&cfg);
	rc = reader.parser && fy_parser_set_string(reader.parser, text, len) == 0 ? read_stream(&reader) : -1;
	/* The library takes what it got no memory for as a text that ends, or as an empty value. */
	if (errno == ENOMEM)
		rc = mem_refused(err, yaml->name);
	if (reader.parser)
		fy_parser_destroy(reader.parser);
	fy_diag_destroy(reader.diag);
	return rc;
}
