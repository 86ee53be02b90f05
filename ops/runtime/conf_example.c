/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration to begin with: what must be said is left open, everything else is a comment with its default. */
#include <string.h>

#include "ops/runtime/conf_tree.h"
#include "ops/runtime/prose.h"

#define ROWS_MAX 256

struct example {
	const struct conf_key *rows[ROWS_MAX];
	size_t n;
	struct buf *out;
};

/* Whether the row lies under `prefix` ("kafka."), and then the next part of its name. */
static const char *part_under(const struct conf_key *row, const char *prefix, size_t *len)
{
	const size_t skip = strlen(prefix);

	if (strncmp(row->name, prefix, skip) != 0)
		return NULL;
	*len = strcspn(row->name + skip, ".");
	return row->name + skip;
}

static bool same_part(const struct conf_key *row, const char *prefix, const char *part, size_t len)
{
	size_t other_len;
	const char *other = part_under(row, prefix, &other_len);

	return other && other_len == len && memcmp(other, part, len) == 0;
}

/* A map is open when something in it must be said; under any name ("*") nothing must. */
static bool is_open(const struct example *example, const char *prefix, const char *part, size_t len)
{
	for (size_t i = 0; i < example->n; i++)
		if (same_part(example->rows[i], prefix, part, len) && !example->rows[i]->def &&
		    !strchr(example->rows[i]->name, '*'))
			return true;
	return false;
}

/* Help, a comment above what it is about. */
static void write_help(struct buf *out, int depth, const char *help)
{
	struct buf lines = BUF_INIT;
	const char *line, *end;

	prose_wrap(&lines, 0, help);
	for (line = buf_text(&lines); *line; line = end + (*end != '\0')) {
		end = strchrnul(line, '\n');
		buf_printf(out, "%*s# %.*s\n", depth * 2, "", (int)(end - line), line);
	}
	buf_release(&lines);
}

static void write_leaf(struct example *example, const struct conf_key *row, int depth, const char *part, bool open)
{
	const char *value = row->def ? row->def : "FILL-IN";
	struct buf type = BUF_INIT;

	conf_describe_type(row, &type);
	write_help(example->out, depth, row->help);
	write_help(example->out, depth, buf_text(&type));
	buf_release(&type);
	buf_printf(example->out, "%*s%s%s:", depth * 2, "", open ? "" : "#", *part == '*' ? "N" : part);
	if (row->type == CONF_LIST && *value && *value != '[')
		buf_printf(example->out, " [%s]", value);
	else if (*value)
		buf_printf(example->out, " %s", value);
	buf_append_byte(example->out, '\n');
}

static void write_level(struct example *example, const char *prefix, int depth, bool within_open)
{
	for (size_t i = 0; i < example->n; i++) {
		size_t len, first = 0;
		const char *part = part_under(example->rows[i], prefix, &len);
		char name[128];
		bool open;

		if (!part)
			continue;
		while (!same_part(example->rows[first], prefix, part, len))
			first++;
		if (first < i)
			continue; /* rows of one map may stand in several tables */
		open = within_open && is_open(example, prefix, part, len);
		if (part[len] == '\0') {
			write_leaf(example, example->rows[i], depth, part, open);
			continue;
		}
		buf_printf(example->out, "%*s%s%.*s:\n", depth * 2, "", open ? "" : "#", *part == '*' ? 1 : (int)len,
			   *part == '*' ? "N" : part);
		(void)snprintf(name, sizeof(name), "%s%.*s.", prefix, (int)len, part);
		write_level(example, name, depth + 1, open);
	}
}

void conf_example(const struct conf_key *const tables[], struct buf *out)
{
	struct example example = { .out = out };

	example.n = conf_rows(tables, example.rows, ROWS_MAX);
	write_level(&example, "", 0, true);
}
