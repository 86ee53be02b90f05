/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/classify/normal.h"

#include <string.h>

enum kind { PARTS, ENDS, JOINS, APOSTROPHE };

/* What the bytes at `p` are, and how many of them make the character. */
static enum kind kind_of(const uint8_t *p, size_t left, size_t *n)
{
	uint8_t c = p[0];

	*n = 1;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return JOINS;
	if (c == '\'')
		return APOSTROPHE;
	if (c == '.' || c == '!' || c == '?' || c == '\n')
		return ENDS;
	if (c < 0x80)
		return PARTS;
	if (c == 0xC2 && left > 1 && p[1] != 0xA3) { /* U+0080 to U+00BF, but for the pound sign */
		*n = 2;
		return PARTS;
	}
	if (c == 0xE2 && left > 2 && (p[1] == 0x80 || p[1] == 0x81)) { /* U+2000 to U+207F */
		*n = 3;
		return p[1] == 0x80 && (p[2] == 0x98 || p[2] == 0x99) ? APOSTROPHE : PARTS;
	}
	return JOINS;
}

static void put(struct normal *normal, uint8_t c, size_t from)
{
	normal->text[normal->len] = c;
	normal->origin[normal->len] = (uint32_t)from;
	normal->len++;
}

static void put_space(struct normal *normal, size_t from)
{
	if (normal->len == 0 || normal->text[normal->len - 1] != ' ')
		put(normal, ' ', from);
}

static void put_end(struct normal *normal, size_t from)
{
	put_space(normal, from);
	if (normal->len >= 2 && normal->text[normal->len - 2] == NORMAL_END)
		return;
	put(normal, NORMAL_END, from);
	put(normal, ' ', from);
}

/* An apostrophe belongs to the word when letters stand on both sides. */
static bool is_inside(const struct normal *normal, const uint8_t *next, size_t left)
{
	size_t n;

	return normal->len > 0 && normal->text[normal->len - 1] != ' ' && left > 0 && kind_of(next, left, &n) == JOINS;
}

static void make_room(struct normal *normal, size_t len)
{
	size_t need = 3 * len + 3; /* each byte gives three at most: " . " */

	if (need <= normal->cap)
		return;
	normal_release(normal);
	normal->text = mem_alloc(need);
	normal->origin = mem_alloc(need * sizeof(*normal->origin));
	normal->cap = need;
}

void normal_set(struct normal *normal, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	normal_wipe(normal);
	make_room(normal, len);
	put_space(normal, 0);
	for (size_t i = 0, n; i < len; i += n) {
		enum kind kind = kind_of(p + i, len - i, &n);

		if (kind == APOSTROPHE && !is_inside(normal, p + i + n, len - i - n))
			kind = PARTS;
		if (kind == JOINS)
			put(normal, p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i], i);
		else if (kind == PARTS)
			put_space(normal, i);
		else if (kind == ENDS)
			put_end(normal, i);
	}
	put_space(normal, len);
	normal->origin[normal->len] = (uint32_t)len;
}

void normal_wipe(struct normal *normal)
{
	if (normal->text)
		mem_wipe(normal->text, normal->len);
	normal->len = 0;
}

void normal_release(struct normal *normal)
{
	normal_wipe(normal);
	free(normal->text);
	free(normal->origin);
	*normal = (struct normal){ 0 };
}
