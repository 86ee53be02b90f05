/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of a member of staff. Of a tip they are to meet every mention of him, in whatever letters: NAME where the
 * tip's capitals or a rank tell a name, and WORD and BIGRAM where they do not ("then imran khan took the cash").
 *
 * A surname that is also a word of every other tip ("Young", "Banks") has no WORD: oversight would get them all. It is
 * found as a NAME and, in small letters, behind the forename. Behind a forename that tips drop as a stop word ("Will
 * Young") there is no BIGRAM to meet, so there it has its WORD after all.
 */
#include <string.h>

#include "schema/token_set.h"

/* Surnames that are words of tips, or ranks. Stop words are known as such already, and have no WORD anyway. */
static const char *const common[] = {
	"abbot", "bailey", "baker", "ball", "banks", "barber", "bell", "best", "bird", "bishop", "black", "blood",
	"bond", "book", "booth", "bridge", "brook", "brooks", "brown", "bull", "bush", "butcher", "butler", "carpenter",
	"carter", "case", "cash", "chambers", "chance", "chase", "church", "clark", "close", "coffee", "cole",
	"commander", "constable", "cook", "cooper", "court", "cross", "day", "dean", "down", "drew", "driver", "duke",
	"early", "east", "english", "farmer", "field", "fields", "finch", "fish", "fisher", "flowers", "forest",
	"foster", "fox", "french", "friend", "gamble", "gates", "glass", "gold", "good", "grant", "gray", "green",
	"grey", "grove", "guard", "hand", "hands", "hard", "head", "heath", "hill", "holder", "holmes", "hope", "house",
	"hunt", "hunter", "inspector", "judge", "keen", "key", "keys", "king", "kitchen", "knight", "knock", "lake",
	"lane", "law", "lawless", "little", "lock", "long", "lord", "love", "major", "mann", "march", "mark", "marks",
	"marsh", "mason", "masters", "may", "means", "mills", "money", "moon", "moor", "moore", "noble", "north", "old",
	"outside", "page", "park", "parker", "parks", "penny", "piper", "pitt", "plant", "pool", "poor", "pope",
	"porter", "post", "pound", "powers", "price", "prior", "quick", "read", "reader", "rice", "rich", "ring",
	"rivers", "rose", "rush", "sale", "savage", "sergeant", "shepherd", "shoes", "short", "silver", "singer",
	"small", "smart", "south", "spark", "special", "speed", "spring", "steel", "steward", "stone", "stones",
	"street", "strong", "summers", "superintendent", "swift", "taylor", "thing", "turner", "underhill", "vale",
	"walker", "wall", "walls", "ward", "waters", "way", "weeks", "west", "white", "wild", "winter", "wise", "wood",
	"woods", "workman", "worth", "young", NULL,
};

static bool is_particle(const struct word *word)
{
	return (word->known & KNOWN_PARTICLE) != 0;
}

/* A word, and as many write it of what is his: "khans". */
static void add_word(struct token_set *set, const struct word *word)
{
	char text[WORD_MAX + 1];

	token_set_add_word(set, TOKEN_WORD, word);
	memcpy(text, word->text, word->len);
	text[word->len] = 's';
	token_set_add(set, TOKEN_WORD, text, word->len + 1u);
}

static void add_bigram(struct token_set *set, const struct word *first, const struct word *second)
{
	char text[2 * WORD_MAX + 2];
	size_t len = (size_t)first->len + 1 + second->len;

	token_set_add_pair(set, TOKEN_BIGRAM, first, second);
	memcpy(text, first->text, first->len);
	text[first->len] = ' ';
	memcpy(text + first->len + 1, second->text, second->len);
	text[len] = 's';
	token_set_add(set, TOKEN_BIGRAM, text, len + 1);
}

void token_staff_name(struct token_set *set, const struct words *forename, const struct words *surname,
		      const struct words *rank)
{
	const struct word *first = forename->n ? &forename->items[0] : NULL;
	bool unpaired = first && (first->known & KNOWN_STOP);
	bool particles_only = true;

	token_full_name(set, surname, rank);
	for (size_t i = 0; i < surname->n; i++)
		particles_only = particles_only && is_particle(&surname->items[i]);
	for (size_t i = 0; i < surname->n; i++) {
		const struct word *word = &surname->items[i];

		if (word->len < 2)
			continue;
		if (is_particle(word) && !particles_only)
			continue;
		if (i > 0)
			add_bigram(set, word - 1, word);
		token_set_add_word(set, TOKEN_NAME, word); /* a stop word, a rank or "Van" alone too */
		if (unpaired || !(word_in(word, common) || (word->known & KNOWN_STOP) || particles_only))
			add_word(set, word);
	}
	/* The forename alone would name half of London: only with the surname's first word after it. */
	if (first && surname->n) {
		token_set_add_pair(set, TOKEN_NAME, first, &surname->items[0]);
		add_bigram(set, first, &surname->items[0]);
	}
}
