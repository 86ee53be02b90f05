/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tip_keys.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_FIRST 64

static unsigned int hex_value(uint8_t c)
{
	return c <= '9' ? c - (unsigned int)'0' : (c | 0x20u) - 'a' + 10u;
}

static uint32_t hex4(const uint8_t *p)
{
	return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

static void append_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_append_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_append_byte(out, (uint8_t)(0xC0 | c >> 6));
	} else if (c < 0x10000) {
		buf_append_byte(out, (uint8_t)(0xE0 | c >> 12));
		buf_append_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	} else {
		buf_append_byte(out, (uint8_t)(0xF0 | c >> 18));
		buf_append_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		buf_append_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_append_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
}

/* The escape at p, after its backslash; returns how many bytes it takes. */
static size_t decode_escape(struct buf *out, const uint8_t *p)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *p);
	uint32_t c;

	if (*p != 'u') {
		buf_append_byte(out, letter ? (uint8_t)means[letter - letters] : *p);
		return 1;
	}
	c = hex4(p + 1);
	if (c < 0xD800 || c > 0xDBFF) {
		append_utf8(out, c);
		return 5;
	}
	append_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (hex4(p + 7) - 0xDC00)); /* the second half follows: checked */
	return 11;
}

static void decode(struct buf *out, struct slice text)
{
	size_t i = 0;

	while (i < text.len) {
		if (text.data[i] == '\\')
			i += 1 + decode_escape(out, text.data + i + 1);
		else
			buf_append_byte(out, text.data[i++]);
	}
}

void tip_keys_add(struct tip_keys *keys, uint32_t object, struct slice document, struct slice text)
{
	struct tip_key *key;

	if (keys->n == keys->room) {
		keys->room = keys->room ? 2 * keys->room : KEYS_FIRST;
		keys->items = mem_grow(keys->items, keys->room * sizeof(keys->items[0]));
	}
	key = &keys->items[keys->n++];
	key->object = object;
	key->escaped = memchr(text.data, '\\', text.len) != NULL;
	key->at = key->escaped ? keys->decoded.len : (size_t)(text.data - document.data);
	if (key->escaped)
		decode(&keys->decoded, text);
	key->len = key->escaped ? keys->decoded.len - key->at : text.len;
}

static int compare(const void *left, const void *right)
{
	const struct tip_key *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->text, b->text, a->len) : 0;
}

bool tip_keys_repeat(struct tip_keys *keys, struct slice document)
{
	for (size_t i = 0; i < keys->n; i++)
		keys->items[i].text = (keys->items[i].escaped ? keys->decoded.data : document.data) + keys->items[i].at;
	if (keys->n > 1)
		qsort(keys->items, keys->n, sizeof(keys->items[0]), compare);
	for (size_t i = 1; i < keys->n; i++)
		if (compare(&keys->items[i - 1], &keys->items[i]) == 0)
			return true;
	return false;
}

void tip_keys_release(struct tip_keys *keys)
{
	free(keys->items);
	buf_release(&keys->decoded);
}
