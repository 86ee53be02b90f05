/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/print.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/prose.h"

#define COLUMNS_MAX 32
#define SCREEN_MIN 40  /* narrower is no screen to fit */
#define REST_INDENT 4

static void cell(struct buf *out, const json_t *value);

/* Without what a terminal would obey: C0, DEL, and C1 (which UTF-8 writes as C2 80 to C2 9F). */
void ctl_plain(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];

		if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
			text++;
		else if (c >= 0x20 && c != 0x7f) {
			buf_append_byte(out, c);
			continue;
		}
		buf_append_byte(out, '?');
	}
}

/* A small object in one cell: "key-unknown 20, poison 1". */
static void pairs(struct buf *out, const json_t *object)
{
	const char *key;
	json_t *value;
	size_t start = out->len;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		buf_append_str(out, out->len > start ? ", " : "");
		ctl_plain(out, key);
		buf_append_byte(out, ' ');
		cell(out, value);
	}
	if (out->len == start)
		buf_append_byte(out, '-');
}

static bool is_empty(const json_t *value)
{
	return json_is_null(value) || (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value));
}

/* A cell as people read it: lists joined by spaces, null as "-", true and false as yes and no. */
static void cell(struct buf *out, const json_t *value)
{
	size_t i;
	json_t *item;

	if (!value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
		buf_append_str(out, "-");
	else if (json_is_string(value))
		ctl_plain(out, json_string_value(value));
	else if (json_is_boolean(value))
		buf_append_str(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.3f", json_real_value(value)); /* as scores stand in cases */
	else if (json_is_array(value))
		json_array_foreach(value, i, item) {
			if (i)
				buf_append_byte(out, ' ');
			cell(out, item);
		}
	else
		pairs(out, value);
}

/* Characters, not bytes, so that columns line up. */
static int width_of(const struct buf *text)
{
	int n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += (text->data[i] & 0xc0) != 0x80;
	return n;
}

static void put_cell(const struct buf *text, int width, bool right, bool last)
{
	int pad = width - width_of(text);

	if (right)
		printf("%*s%s", pad, "", buf_text(text));
	else
		printf("%s%*s", buf_text(text), last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

/* Widths of the columns, titles included. */
static void measure(const json_t *rows, const struct ctl_column *columns, int *widths)
{
	struct buf text = BUF_INIT;
	size_t i;
	json_t *row;

	for (size_t c = 0; columns[c].key; c++) {
		buf_append_str(&text, columns[c].title);
		widths[c] = width_of(&text);
		json_array_foreach(rows, i, row) {
			buf_clear(&text);
			cell(&text, json_object_get(row, columns[c].key));
			if (width_of(&text) > widths[c])
				widths[c] = width_of(&text);
		}
		buf_clear(&text);
	}
	buf_release(&text);
}

/* Columns of the terminal that is standard output; 0 when it is none. */
static int screen_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= SCREEN_MIN ? size.ws_col : PROSE_WIDTH;
}

/* How many columns stand beside each other: all, or on a terminal those that fit, at least one. */
static size_t columns_that_fit(const struct ctl_column *columns, const int *widths, size_t indent)
{
	const size_t screen = (size_t)screen_width();
	size_t n = 0, used = indent;

	for (; columns[n].key; n++) {
		used += (size_t)widths[n] + (n ? 2 : 0);
		if (screen && n && used > screen)
			break;
	}
	return n;
}

/* The other columns of a row, under it, by name; of those the empty ones are left out. */
static void print_rest(const json_t *row, const struct ctl_column *columns, size_t indent)
{
	struct buf text = BUF_INIT, lines = BUF_INIT;

	for (; columns->key; columns++) {
		const json_t *value = json_object_get(row, columns->key);

		if (!value || is_empty(value))
			continue;
		buf_append_str(&text, text.len ? ", " : "");
		for (const char *c = columns->title; *c; c++)
			buf_append_byte(&text, (uint8_t)tolower((unsigned char)*c));
		buf_append_byte(&text, ' ');
		cell(&text, value);
	}
	if (text.len) {
		prose_wrap(&lines, (int)indent + REST_INDENT, buf_text(&text));
		fputs(buf_text(&lines), stdout);
	}
	buf_release(&text);
	buf_release(&lines);
}

static void print_row(const json_t *row, const struct ctl_column *columns, const int *widths, size_t fit)
{
	struct buf text = BUF_INIT;

	for (size_t c = 0; c < fit; c++) {
		buf_clear(&text);
		if (row)
			cell(&text, json_object_get(row, columns[c].key));
		else
			buf_append_str(&text, columns[c].title);
		put_cell(&text, widths[c], columns[c].right, c + 1 == fit);
	}
	buf_release(&text);
}

static void print_rows(const json_t *rows, const struct ctl_column *columns, const char *indent)
{
	int widths[COLUMNS_MAX] = { 0 };
	size_t i, fit;
	json_t *row;

	measure(rows, columns, widths);
	fit = columns_that_fit(columns, widths, strlen(indent));
	fputs(indent, stdout);
	print_row(NULL, columns, widths, fit);
	json_array_foreach(rows, i, row) {
		fputs(indent, stdout);
		print_row(row, columns, widths, fit);
		print_rest(row, columns + fit, strlen(indent));
	}
}

static void add_column(struct ctl_column columns[COLUMNS_MAX + 1], const char *key, const json_t *value)
{
	struct ctl_column *column = columns;

	while (column->key && strcmp(column->key, key) != 0)
		column++;
	if (column == columns + COLUMNS_MAX)
		BUG("a table of more than %d columns", COLUMNS_MAX);
	column->key = column->title = key;
	column->right |= json_is_number(value);
}

/* A list inside an object; without columns of its own they are the members of its entries. */
static void print_nested(const json_t *list, const struct ctl_column *own)
{
	struct ctl_column columns[COLUMNS_MAX + 1] = { { NULL, NULL, false } };
	size_t i;
	const char *key;
	json_t *row, *value;

	json_array_foreach(list, i, row) {
		json_object_foreach(row, key, value) {
			add_column(columns, key, value);
		}
	}
	print_rows(list, own ? own : columns, "  ");
}

/* A member on a line of its own; on a terminal its text goes on under itself. */
static void print_member(const char *key, int width, const struct buf *text)
{
	struct buf lines = BUF_INIT;

	if (isatty(STDOUT_FILENO) != 1 || width + 2 + width_of(text) <= PROSE_WIDTH) {
		printf("%-*s  %s\n", width, key, buf_text(text));
		return;
	}
	prose_wrap(&lines, width + 2, buf_text(text));
	printf("%-*s  %s", width, key, buf_text(&lines) + width + 2);
	buf_release(&lines);
}

/* What is not there takes no line. */
static void print_members(const json_t *object, const struct ctl_column *nested)
{
	json_t *members = (json_t *)(uintptr_t)object; /* Jansson's iterators take no const */
	struct buf text = BUF_INIT;
	const char *key;
	json_t *value;
	int width = 0;

	json_object_foreach(members, key, value)
		if (!is_empty(value) && (int)strlen(key) > width)
			width = (int)strlen(key);
	json_object_foreach(members, key, value) {
		if (is_empty(value))
			continue;
		if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			printf("%s\n", key);
			print_nested(value, nested);
			continue;
		}
		buf_clear(&text);
		cell(&text, value);
		print_member(key, width, &text);
	}
	buf_release(&text);
}

static void print_remarks(const json_t *remarks)
{
	struct buf text = BUF_INIT;
	size_t i;
	json_t *remark;

	json_array_foreach(remarks, i, remark) {
		buf_clear(&text);
		cell(&text, remark);
		printf("%s\n", buf_text(&text));
	}
	buf_release(&text);
}

void ctl_print(const struct ctl_output *out, bool as_json)
{
	if (!out->value)
		return;
	if (as_json) {
		json_dumpf(out->value, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
		putchar('\n');
		return;
	}
	if (json_is_array(out->value) && json_array_size(out->value))
		print_rows(out->value, out->columns, "");
	else if (json_is_object(out->value))
		print_members(out->value, out->columns);
	print_remarks(out->remarks);
	if (out->note)
		printf("%s\n", out->note);
}
