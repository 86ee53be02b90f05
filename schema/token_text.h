/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_text: text as the tokeniser sees it: folded words and what parts them. Internal to token*.c.
 *
 * Folding: lower case; Latin letters lose their accents (U+00C0 to U+017F by a table) and combining marks are
 * dropped, so composed and decomposed text give the same words; apostrophes inside a word are dropped and a closing
 * 's with them, so that "Marsden's" meets "Marsden". Greek and Cyrillic are only lower-cased; other scripts stay as
 * they are. Bytes that are not UTF-8 part words. No locale is consulted.
 */
#ifndef TIPLINE_SCHEMA_TOKEN_TEXT_H
#define TIPLINE_SCHEMA_TOKEN_TEXT_H

#include "ops/runtime/buf.h"

#define WORD_MAX 64 /* bytes of a folded word; the rest of a longer one is ignored */

enum word_flag {
	WORD_CAPITAL = 1, /* its first letter is upper case */
	WORD_LOWER = 2,   /* has a lower-case letter */
	WORD_LETTER = 4,
	WORD_DIGIT = 8,
	WORD_STARTS = 16, /* the first of a sentence or a line */
	WORD_AT = 32,     /* @ stands in front, and no letter in front of that */
	WORD_OPENS = 64,  /* a quotation mark stands in front */
	WORD_CLOSES = 128, /* a quotation mark follows */
	WORD_SNAKE = 256  /* has an underscore inside */
};

/* What the tokeniser knows of a word. */
enum word_known {
	KNOWN_STOP = 1,          /* a common English function word: links nothing */
	KNOWN_RANK = 2,          /* value: enum rank */
	KNOWN_DETECTIVE = 4,
	KNOWN_CHIEF = 8,
	KNOWN_CUE = 16,          /* a name follows, in capitals or not */
	KNOWN_PARTICLE = 32,     /* of a surname: "van", "de" */
	KNOWN_PRONOUN = 64,      /* has a capital but is no name */
	KNOWN_BEFORE_PLACE = 128,
	KNOWN_HANDLE_CUE = 256,  /* a quoted word near it is a user name */
	KNOWN_MONTH = 512,       /* value: 1 to 12 */
	KNOWN_SURNAME = 2048,    /* a stop word that is also a surname: "Will", "So" */
	KNOWN_WEEKDAY = 1024     /* value: 1 (Monday) to 7 */
};

enum rank {
	RANK_NONE, RANK_CONSTABLE, RANK_SERGEANT, RANK_INSPECTOR, RANK_SUPERINTENDENT, RANK_COMMANDER, RANK_DC, RANK_DS,
	RANK_DI, RANK_DCI, RANK_DSUPT, RANK_PCSO, RANK_SPECIAL, RANK_OFFICER, N_RANKS
};

struct word {
	const char *text; /* folded, not NUL-ended, in the arena */
	uint16_t len, flags, known;
	uint8_t value;
	char gap;         /* the one character that parts it from the word before; 0: none or several */
};

struct words {
	struct word *items;
	size_t n;
};

/* Appends the words of `text`; `words->items` must have room (words_room) for them. */
void words_read(struct words *words, struct slice text, struct arena *arena);
/* An upper bound for the words of a text of `len` bytes. */
static inline size_t words_room(size_t len)
{
	return len / 2 + 1;
}

/* What one code point folds to. */
enum fold_kind { FOLD_PART, FOLD_DROP, FOLD_LETTER, FOLD_DIGIT };
struct fold {
	enum fold_kind kind;
	uint8_t len, upper; /* upper: it was an upper-case letter; caseless letters count as lower */
	char text[4];
};
void fold_code(struct fold *fold, uint32_t code);

/* Fills `known` and `value`. */
void word_look_up(struct word *word);

#endif
