/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/token_set.h"

#define NUMBER_MIN 3
#define PHONE_DIGITS 9

static size_t count_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

static bool is_year(const char *text, size_t len)
{
	return len == 4 && (memcmp(text, "19", 2) == 0 || memcmp(text, "20", 2) == 0);
}

/* "3308EA": also without its letters, since people quote collar numbers so. */
static void add_collar(struct token_set *set, const struct word *word)
{
	size_t digits = count_digits(word->text, word->len);

	if (digits >= 4 && digits < word->len && word->len - digits <= 2 && !is_year(word->text, digits))
		token_set_add(set, TOKEN_NUMBER, word->text, digits);
}

/* Two words that are one when written closely: "3308 EA", "LK19 TVW", "P123 ABC". */
static bool is_split(const struct word *first, const struct word *second)
{
	size_t digits = count_digits(first->text, first->len), letters = 0;

	if (second->gap != ' ' || (second->flags & WORD_DIGIT) || (second->known & KNOWN_STOP))
		return false;
	if (digits == first->len)
		return digits >= 3 && digits <= 5 && second->len <= 2 && !(second->flags & WORD_LOWER);
	while (letters < first->len && (first->text[letters] < '0' || first->text[letters] > '9'))
		letters++;
	digits = count_digits(first->text + letters, first->len - letters);
	return second->len == 3 && letters >= 1 && letters <= 2 && digits >= 1 && digits <= 3 &&
	       letters + digits == first->len;
}

/* The length in words of a run of digits parted by single characters of `gaps`; `*digits`: of all of them. */
static size_t run_of(const struct words *words, size_t from, const char *gaps, size_t *digits)
{
	size_t n = 1;

	*digits = words->items[from].len;
	while (from + n < words->n && word_is_number(&words->items[from + n]) && words->items[from + n].gap &&
	       strchr(gaps, words->items[from + n].gap)) {
		*digits += words->items[from + n].len;
		n++;
	}
	return n;
}

static void add_runs(struct token_set *set, const struct words *words, size_t i)
{
	size_t digits, n;

	n = run_of(words, i, ",.:", &digits);
	if (n > 1 && digits >= NUMBER_MIN)
		token_set_add_joined(set, TOKEN_NUMBER, &words->items[i], n);
	n = run_of(words, i, " -.()", &digits);
	if (n > 1 && digits >= PHONE_DIGITS)
		token_set_add_joined(set, TOKEN_NUMBER, &words->items[i], n);
}

void token_numbers(struct token_set *set, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];

		if (!(word->flags & WORD_DIGIT))
			continue;
		if (word->len >= NUMBER_MIN)
			token_set_add_word(set, TOKEN_NUMBER, word);
		add_collar(set, word);
		if (i + 1 < words->n && is_split(word, &words->items[i + 1]))
			token_set_add_joined(set, TOKEN_NUMBER, word, 2);
		if (word_is_number(word) && (i == 0 || !word_is_number(word - 1) || word->gap == 0))
			add_runs(set, words, i);
	}
}
