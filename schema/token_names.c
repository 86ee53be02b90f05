/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/token_set.h"

/* The short form of each rank, and what "detective" or "chief" in front makes of it. */
static const struct rank_form {
	const char *plain, *detective, *chief;
} rank_forms[N_RANKS] = {
	[RANK_CONSTABLE] = { "pc", "dc", "pc" },
	[RANK_SERGEANT] = { "ps", "ds", "ps" },
	[RANK_INSPECTOR] = { "insp", "di", "ci" },
	[RANK_SUPERINTENDENT] = { "supt", "dsupt", "csupt" },
	[RANK_COMMANDER] = { "commander", "commander", "commander" },
	[RANK_DC] = { "dc", "dc", "dc" },
	[RANK_DS] = { "ds", "ds", "ds" },
	[RANK_DI] = { "di", "di", "di" },
	[RANK_DCI] = { "dci", "dci", "dci" },
	[RANK_DSUPT] = { "dsupt", "dsupt", "dsupt" },
	[RANK_PCSO] = { "pcso", "pcso", "pcso" },
	[RANK_SPECIAL] = { "special", "special", "special" },
	[RANK_OFFICER] = { "pc", "pc", "pc" },
};

const char *token_rank(const struct words *words, size_t i)
{
	const struct word *word = &words->items[i];
	unsigned before = i > 0 ? word[-1].known : 0;
	const struct rank_form *form;

	if (!(word->known & KNOWN_RANK))
		return NULL;
	form = &rank_forms[word->value];
	if (before & KNOWN_DETECTIVE)
		return form->detective;
	if (!(before & KNOWN_CHIEF))
		return form->plain;
	if (i > 1 && (word[-2].known & KNOWN_DETECTIVE) && word->value == RANK_INSPECTOR)
		return "dci";
	return form->chief;
}

static void add_name(struct token_set *set, const struct word *word)
{
	token_set_add_word(set, TOKEN_NAME, word);
	/* Many write "Marsdens" for "Marsden's". */
	if (word->len >= 5 && word->text[word->len - 1] == 's')
		token_set_add(set, TOKEN_NAME, word->text, word->len - 1u);
}

static void add_ranked(struct token_set *set, const char *rank, const struct word *word)
{
	struct word first = { .text = rank, .len = (uint16_t)strlen(rank) };
	struct word bare = *word;

	token_set_add_pair(set, TOKEN_NAME, &first, word);
	if (word->len >= 5 && word->text[word->len - 1] == 's') {
		bare.len--;
		token_set_add_pair(set, TOKEN_NAME, &first, &bare);
	}
}

/*
 * Whether capitals tell names from other words here. They do not when nearly all letters are capitals, nor when most
 * sentences begin without one: then every word may be a name.
 */
static bool capitals_tell(const struct words *words)
{
	size_t starts = 0, capital_starts = 0, lettered = 0, shouted = 0;

	for (size_t i = 0; i < words->n; i++) {
		unsigned flags = words->items[i].flags;

		if (!(flags & WORD_LETTER))
			continue;
		lettered++;
		shouted += (flags & WORD_CAPITAL) && !(flags & WORD_LOWER) && words->items[i].len > 1;
		if (flags & WORD_STARTS) {
			starts++;
			capital_starts += (flags & WORD_CAPITAL) != 0;
		}
	}
	return shouted * 10 < lettered * 7 && capital_starts * 2 >= starts;
}

static bool after_cue(const struct words *words, size_t i)
{
	return i > 0 && (words->items[i - 1].known & (KNOWN_RANK | KNOWN_CUE));
}

static bool is_name(const struct words *words, size_t i, bool capitals)
{
	const struct word *word = &words->items[i];

	if (!(word->flags & WORD_LETTER) || (word->flags & WORD_DIGIT) || word->len < 2)
		return false;
	if (capitals && (word->flags & WORD_CAPITAL) && !(word->flags & WORD_STARTS))
		return !(word->known & KNOWN_PRONOUN);
	if (word->known & KNOWN_STOP)
		return false;
	if (capitals)
		return (word->flags & WORD_CAPITAL) || after_cue(words, i);
	return word->len >= 3 || after_cue(words, i);
}

static bool name_follows(const struct words *words, size_t i, bool capitals)
{
	return i + 1 < words->n && !(words->items[i + 1].flags & WORD_STARTS) && is_name(words, i + 1, capitals);
}

/* In front of a rank, but of nobody's surname: "one Sergeant came". */
static const char *const determiners[] = { "a", "an", "another", "any", "each", "every", "her", "his", "my", "no",
					   "one", "our", "some", "that", "the", "their", "this", "two", "your", NULL };

/*
 * A word of rank that may be the surname of the man ("PC Sergeant"): behind another rank or a cue, and a whole word in
 * capitals with no name behind it ("I saw Sergeant there"). Where it was only his rank, the token does no harm but to a
 * team that has a member of this name.
 */
static bool rank_may_be_name(const struct words *words, size_t i, bool capitals)
{
	const struct word *word = &words->items[i];

	if (after_cue(words, i))
		return true;
	if (!capitals || !(word->flags & WORD_CAPITAL) || !(word->flags & WORD_LOWER) ||
	    name_follows(words, i, capitals))
		return false;
	return i == 0 || !(word_in(word - 1, determiners) || (word[-1].known & (KNOWN_DETECTIVE | KNOWN_CHIEF)));
}

/* A name, alone and with the word before it. */
static void add_named(struct token_set *set, const struct words *words, size_t i, const char *rank, bool before)
{
	const struct word *word = &words->items[i];

	add_name(set, word);
	if (rank)
		add_ranked(set, rank, word);
	if (i > 0 && !(word->flags & WORD_STARTS) && (before || !(words->items[i - 1].known & KNOWN_STOP)))
		token_set_add_pair(set, TOKEN_NAME, &words->items[i - 1], word);
}

void token_names(struct token_set *set, const struct words *words)
{
	bool capitals = capitals_tell(words);
	const char *rank = NULL; /* of the run of names that we are in */
	bool before = false;     /* the word before was a name, and no rank */

	for (size_t i = 0; i < words->n; i++) {
		const char *here = token_rank(words, i);
		bool name = here ? rank_may_be_name(words, i, capitals) : is_name(words, i, capitals);

		if (name)
			add_named(set, words, i, rank, before);
		if (here || !name)
			rank = here;
		before = name && !here;
	}
}

void token_full_name(struct token_set *set, const struct words *name, const struct words *rank)
{
	const char *short_rank = rank->n ? token_rank(rank, rank->n - 1) : NULL;
	const struct word *before = NULL;

	for (size_t i = 0; i < name->n; i++) {
		const struct word *word = &name->items[i];
		const char *here = token_rank(name, i);

		if (here && i + 1 < name->n) { /* "DS Fitzpatrick" as a name; but "John Sergeant" is called so */
			short_rank = here;
			continue;
		}
		if (word->len < 2 || (word->known & (KNOWN_PARTICLE | KNOWN_STOP)))
			continue;
		add_name(set, word);
		if (before)
			token_set_add_pair(set, TOKEN_NAME, before, word);
		if (short_rank)
			add_ranked(set, short_rank, word);
		before = word;
	}
}
