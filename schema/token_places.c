/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/token_set.h"

#define PLACE_WORDS 3 /* "in Honor Oak Park" */

/* Post code areas of London and around it. */
static const char *const areas[] = {
	"br", "cm", "cr", "da", "e", "ec", "en", "gu", "ha", "ig", "kt", "n", "nw", "rm", "se", "sl", "sm", "sw", "tn",
	"tw", "ub", "w", "wc", "wd", NULL,
};

/* "SE6", "E17", "SW1A": upper case in the text. */
static bool is_district(const struct word *word)
{
	struct word area = *word;
	size_t i = 0, digits = 0;

	if (!(word->flags & WORD_DIGIT) || !(word->flags & WORD_CAPITAL) || (word->flags & WORD_LOWER) || word->len > 4)
		return false;
	while (i < word->len && word->text[i] >= 'a' && word->text[i] <= 'z')
		i++;
	area.len = (uint16_t)i;
	while (i < word->len && word->text[i] >= '0' && word->text[i] <= '9') {
		i++;
		digits++;
	}
	return digits >= 1 && digits <= 2 && word->len - i <= 1 && word_in(&area, areas);
}

static bool may_be_place(const struct word *word)
{
	return (word->flags & WORD_CAPITAL) && !(word->flags & (WORD_STARTS | WORD_DIGIT)) && word->len >= 3 &&
	       !(word->known & (KNOWN_STOP | KNOWN_MONTH | KNOWN_WEEKDAY | KNOWN_RANK));
}

void token_places(struct token_set *set, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		if (is_district(&words->items[i]))
			token_set_add_word(set, TOKEN_PLACE, &words->items[i]);
		if (!(words->items[i].known & KNOWN_BEFORE_PLACE))
			continue;
		for (size_t k = 1; k <= PLACE_WORDS && i + k < words->n && may_be_place(&words->items[i + k]); k++)
			token_set_add_word(set, TOKEN_PLACE, &words->items[i + k]);
	}
}

static bool near_handle_cue(const struct words *words, size_t i)
{
	for (size_t back = 1; back <= 3 && back <= i; back++)
		if (words->items[i - back].known & KNOWN_HANDLE_CUE)
			return true;
	return false;
}

static size_t handle_words(const struct words *words, size_t i)
{
	size_t n = 1;

	while (i + n < words->n && (words->items[i + n].gap == '.' || words->items[i + n].gap == '-') &&
	       !(words->items[i + n].flags & WORD_CAPITAL))
		n++;
	return n;
}

void token_handles(struct token_set *set, const struct words *words)
{
	const unsigned quoted = WORD_OPENS | WORD_CLOSES, mixed = WORD_LETTER | WORD_DIGIT;

	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];
		bool in_quotes = (word->flags & quoted) == quoted && word->len >= 3;

		if (word->flags & WORD_AT)
			token_set_add_joined(set, TOKEN_HANDLE, word, handle_words(words, i));
		else if ((word->flags & WORD_SNAKE) || (in_quotes && (word->flags & mixed) == mixed) ||
			 (in_quotes && near_handle_cue(words, i)))
			token_set_add_word(set, TOKEN_HANDLE, word);
	}
}
