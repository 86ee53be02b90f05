/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "schema/token_set.h"

#define WEEKDAY_REACH 4 /* words between a weekday and its month */

static const char *const weekdays[] = {
	"", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
};

/* "3", "03", "3rd": 1 to `max`, or 0. */
static int small_number(const struct word *word, int max)
{
	static const char *const endings[] = { "st", "nd", "rd", "th", NULL };
	size_t digits = 0;
	int value = 0;

	while (digits < word->len && digits < 3 && word->text[digits] >= '0' && word->text[digits] <= '9')
		value = value * 10 + (word->text[digits++] - '0');
	if (digits == 0 || digits > 2 || value > max)
		return 0;
	for (size_t i = 0; endings[i] && digits < word->len; i++)
		if (word->len == digits + 2 && memcmp(word->text + digits, endings[i], 2) == 0)
			return value;
	return digits == word->len ? value : 0;
}

static void add_date(struct token_set *set, int month, int day)
{
	char text[16];
	int len;

	if (month < 1 || day < 1)
		return;
	len = snprintf(text, sizeof(text), "%02d-%02d", month, day);
	token_set_add(set, TOKEN_DATE, text, (size_t)len);
}

static void around_month(struct token_set *set, const struct words *words, size_t i, int month)
{
	const struct word *w = words->items;
	char text[24];

	if (i > 0)
		add_date(set, month, small_number(&w[i - 1], 31));
	if (i > 1 && w[i - 1].len == 2 && memcmp(w[i - 1].text, "of", 2) == 0)
		add_date(set, month, small_number(&w[i - 2], 31));
	if (i + 1 < words->n && !(w[i + 1].flags & WORD_STARTS))
		add_date(set, month, small_number(&w[i + 1], 31));
	for (size_t back = 1; back <= WEEKDAY_REACH && back <= i; back++) {
		int len;

		if (!(w[i - back].known & KNOWN_WEEKDAY))
			continue;
		len = snprintf(text, sizeof(text), "%s-%02d", weekdays[w[i - back].value], month);
		token_set_add(set, TOKEN_DATE, text, (size_t)len);
		return;
	}
}

/* "2026-01-03", "03/01/2026", "3/1": the second by the British order. */
static void written_in_digits(struct token_set *set, const struct words *words, size_t i)
{
	const struct word *w = &words->items[i];

	if (i + 2 < words->n && w->len == 4 && w[1].gap == '-' && w[2].gap == '-')
		add_date(set, small_number(&w[1], 12), small_number(&w[2], 31));
	if (i + 1 < words->n && w->len <= 2 && w[1].gap == '/')
		add_date(set, small_number(&w[1], 12), small_number(w, 31));
}

void token_dates(struct token_set *set, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];

		if (word->known & KNOWN_MONTH)
			around_month(set, words, i, word->value);
		else if (word_is_number(word))
			written_in_digits(set, words, i);
	}
}
