/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/conf_tree.h"
#include "ops/runtime/prose.h"

#define ROWS_MAX 256

static const char *const type_names[] = {
	[CONF_STRING] = "text",
	[CONF_BOOL] = "true or false",
	[CONF_INT] = "whole number",
	[CONF_SIZE] = "size",
	[CONF_DURATION] = "time",
	[CONF_NUMBER] = "number",
	[CONF_PATH] = "path",
	[CONF_FILE] = "file",
	[CONF_SECRET] = "file of mode 600",
	[CONF_DIR] = "folder",
	[CONF_ADDRESS] = "host:port",
	[CONF_CHOICE] = "one of",
	[CONF_LIST] = "list of texts",
};

void conf_describe_type(const struct conf_key *row, struct buf *out)
{
	const bool only = row->type == CONF_CHOICE && !strchr(row->choices, '|');

	buf_append_str(out, only ? "only" : type_names[row->type]);
	for (const char *c = row->type == CONF_CHOICE ? row->choices : ""; *c;) {
		const size_t n = strcspn(c, "|");

		buf_printf(out, "%s %.*s", c == row->choices ? "" : c[n] ? "," : " or", (int)n, c);
		c += n + (c[n] != '\0');
	}
	if (row->min != 0 || row->max != 0) {
		buf_append_str(out, ", ");
		conf_quantity(row->type, row->min, out);
		buf_append_str(out, " to ");
		conf_quantity(row->type, row->max, out);
	}
	if (!row->def)
		buf_append_str(out, "; required");
	else if (*row->def)
		buf_printf(out, "; default %s", row->def);
	else
		buf_append_str(out, "; optional");
}

void conf_describe(const struct conf_key *const tables[], struct buf *out)
{
	const struct conf_key *rows[ROWS_MAX];
	const size_t n = conf_rows(tables, rows, ROWS_MAX);
	struct buf head = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&head);
		buf_printf(&head, "%s: ", rows[i]->name);
		conf_describe_type(rows[i], &head);
		prose_wrap(out, 2, buf_text(&head));
		prose_wrap(out, 6, rows[i]->help);
	}
	buf_release(&head);
}

void conf_describe_roff(const struct conf_key *const tables[], struct buf *out)
{
	const struct conf_key *rows[ROWS_MAX];
	const size_t n = conf_rows(tables, rows, ROWS_MAX);
	struct buf type = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&type);
		conf_describe_type(rows[i], &type);
		buf_append_str(out, ".TP\n\\fB");
		prose_roff(out, rows[i]->name);
		buf_append_str(out, "\\fR \\(em ");
		prose_roff(out, buf_text(&type));
		buf_append_byte(out, '\n');
		prose_roff_paragraphs(out, rows[i]->help);
	}
	buf_release(&type);
}
