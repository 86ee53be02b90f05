/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/http_form.h"

/* What stands before the first `end`; it and `end` are taken off the front of `rest`. */
static struct slice cut(struct slice *rest, char end)
{
	const uint8_t *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
	const struct slice part = slice_of(rest->data, at ? (size_t)(at - rest->data) : rest->len);
	const size_t taken = part.len + (at ? 1 : 0);

	if (taken)
		*rest = slice_of(rest->data + taken, rest->len - taken);
	return part;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void decode(struct slice text, struct buf *out)
{
	buf_clear(out);
	buf_reserve(out, text.len);
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		const bool escapes = c == '%' && text.len - i > 2;
		const int high = escapes ? hex_value(text.data[i + 1]) : -1;
		const int low = escapes ? hex_value(text.data[i + 2]) : -1;

		if (high >= 0 && low >= 0) {
			buf_append_byte(out, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			buf_append_byte(out, c == '+' ? ' ' : c);
		}
	}
}

int http_form_next(struct slice *rest, struct buf *name, struct buf *value)
{
	while (rest->len) {
		struct slice pair = cut(rest, '&');

		if (pair.len == 0)
			continue;
		decode(cut(&pair, '='), name);
		decode(pair, value);
		return 1;
	}
	return 0;
}
