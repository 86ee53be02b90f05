/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 64

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Edits that turn one word into the other: a letter put in, left out or replaced, or two neighbours swapped (optimal
 * string alignment). Three rows of the usual table: the one being filled, the last, and the one before it.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			const size_t replaced = last[j - 1] + !same_letter(a[i - 1], b[j - 1]);

			row[j] = min2(replaced, min2(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

struct nearest nearest_to(const char *word)
{
	const size_t len = strlen(word);
	/* One slip in a short word, more in a long one; beyond that a guess would only mislead. */
	struct nearest nearest = { word, NULL, len <= 3 ? 2 : 2 + len / 4 };

	return nearest;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	const size_t len = strlen(nearest->word), name_len = strlen(name);
	size_t d;

	if (len == 0 || len > WORD_MAX || name_len > WORD_MAX)
		return;
	d = distance(nearest->word, len, name, name_len);
	if (d < nearest->distance) {
		nearest->distance = d;
		nearest->best = name;
	}
}

static void list_names(char hint[NEAREST_HINT_MAX], const char *const *names, size_t n)
{
	static const char begin[] = "; possible are ", more[] = ", …";
	size_t len = (size_t)snprintf(hint, NEAREST_HINT_MAX, "%s", begin);

	for (size_t i = 0; i < n && names[i]; i++) {
		const char *comma = i ? ", " : "";

		if (len + strlen(comma) + strlen(names[i]) + sizeof(more) > NEAREST_HINT_MAX) {
			memcpy(hint + len, more, sizeof(more));
			return;
		}
		len += (size_t)snprintf(hint + len, NEAREST_HINT_MAX - len, "%s%s", comma, names[i]);
	}
}

void nearest_hint(char hint[NEAREST_HINT_MAX], const char *word, const char *const *names, size_t n)
{
	struct nearest near = nearest_to(word);

	for (size_t i = 0; i < n && names[i]; i++)
		nearest_offer(&near, names[i]);
	if (near.best)
		snprintf(hint, NEAREST_HINT_MAX, "; did you mean %s?", near.best);
	else
		list_names(hint, names, n);
}
