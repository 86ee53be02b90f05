/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/print.h"

#include <stdio.h>
#include <string.h>

#include "ops/runtime/buf.h"

#define COLUMNS_MAX 16

/* A cell as people read it: lists joined by spaces, null as "-", true and false as yes and no. */
static void cell(struct buf *out, const json_t *value)
{
	size_t i;
	json_t *item;

	if (!value || json_is_null(value))
		buf_append_str(out, "-");
	else if (json_is_string(value))
		for (const char *c = json_string_value(value); *c; c++)
			buf_append_byte(out, (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : (uint8_t)*c);
	else if (json_is_boolean(value))
		buf_append_str(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.2f", json_real_value(value));
	else if (json_is_array(value))
		json_array_foreach(value, i, item) {
			if (i)
				buf_append_byte(out, ' ');
			cell(out, item);
		}
	else
		buf_append_str(out, "…");
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

static void print_rows(const json_t *rows, const struct ctl_column *columns)
{
	int widths[COLUMNS_MAX] = { 0 };
	struct buf text = BUF_INIT;
	size_t i, n = 0;
	json_t *row;

	while (columns[n].key && n < COLUMNS_MAX) {
		buf_clear(&text);
		buf_append_str(&text, columns[n].title);
		widths[n] = width_of(&text);
		json_array_foreach(rows, i, row) {
			buf_clear(&text);
			cell(&text, json_object_get(row, columns[n].key));
			if (width_of(&text) > widths[n])
				widths[n] = width_of(&text);
		}
		n++;
	}
	for (size_t c = 0; c < n; c++) {
		buf_clear(&text);
		buf_append_str(&text, columns[c].title);
		put_cell(&text, widths[c], columns[c].right, c + 1 == n);
	}
	json_array_foreach(rows, i, row)
		for (size_t c = 0; c < n; c++) {
			buf_clear(&text);
			cell(&text, json_object_get(row, columns[c].key));
			put_cell(&text, widths[c], columns[c].right, c + 1 == n);
		}
	buf_release(&text);
}

static void print_members(const json_t *object, const char *indent)
{
	struct buf text = BUF_INIT;
	const char *key;
	json_t *value;
	int width = 0;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if ((int)strlen(key) > width)
			width = (int)strlen(key);
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			size_t i;
			json_t *item;

			printf("%s%s\n", indent, key);
			json_array_foreach(value, i, item) {
				print_members(item, "  ");
				fputs(i + 1 < json_array_size(value) ? "\n" : "", stdout);
			}
			continue;
		}
		buf_clear(&text);
		cell(&text, value);
		printf("%s%-*s  %s\n", indent, width, key, buf_text(&text));
	}
	buf_release(&text);
}

void ctl_print(const struct ctl_output *out, bool as_json)
{
	if (!out->value)
		return;
	if (as_json) {
		json_dumpf(out->value, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		return;
	}
	if (json_is_array(out->value) && json_array_size(out->value))
		print_rows(out->value, out->columns);
	else if (json_is_object(out->value))
		print_members(out->value, "");
	if (out->note)
		printf("%s\n", out->note);
}
