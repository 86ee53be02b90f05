/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: the keyed tokens by which tips are linked and conflicts of interest are found, without the words.
 *
 * A token is SipHash-2-4 under the linkage key over its class and its normalised text (lower case, accents and
 * apostrophes dropped, a closing 's dropped, digits kept; see token_text.h). Only classify and the office that enters
 * staff registers hold the key; dedupe and route compare 64-bit numbers. The same normalisation serves both, so a
 * register entry and a tip that mean the same meet in the same token.
 *
 * Classes, and where they come from:
 *   WORD    each word of narrative, where, when (stop words left out)
 *   BIGRAM  each two neighbouring words, stop words left out but for one that is a surname, after another word
 *   NAME    capitalised words, words after a rank or "called"; every word of subjects' names and nicknames; "rank
 *           surname" with the rank's short form ("ds marsden"), "forename surname", joined by a space. Where capitals
 *           tell nothing (all capitals, or sentences begun without) every word of 3 letters or more. A name that ends
 *           in s stands without it too. A word of rank only where it may be a surname ("PC Sergeant").
 *   NUMBER  collar numbers, number plates, phone-like runs, times, amounts: letters and digits only, 3 or more
 *           characters; a collar number of 4 digits and letters also as its digits
 *   DATE    day and month, ISO dates and d/m: "01-03"; a weekday with a month: "tuesday-01"
 *   PLACE   stations, the words of `where`, capitalised words after "in", "at" …, post code districts
 *   HANDLE  @names, words with an underscore, quoted user names: letters and digits only
 *
 * Conflicts of interest are found by NAME, NUMBER and HANDLE, and matching is over-inclusive on purpose: a surname
 * meets any mention of the same word as a name, whoever was meant, and in a narrative without capitals any mention of
 * the word at all; surnames that are no common words are looked for in small letters too, as are forename and surname
 * together (token_staff.c). The two errors are not alike. A tip that goes to the oversight team for nothing costs a
 * reader minutes; a tip that reaches the team of the man it names costs the tipster his safety. So a forename alone
 * is no token of staff, but a surname alone is. A list that was cut cannot show that there is no conflict.
 */
#ifndef TIPLINE_SCHEMA_TOKEN_H
#define TIPLINE_SCHEMA_TOKEN_H

#include "ops/runtime/buf.h"
#include "schema/tip.h"

#define LINKAGE_KEY_BYTES 32
#define TOKENS_MAX 4096

enum token_class {
	TOKEN_WORD, TOKEN_BIGRAM, TOKEN_NAME, TOKEN_NUMBER, TOKEN_DATE, TOKEN_PLACE, TOKEN_HANDLE, N_TOKEN_CLASSES
};

extern const char *const token_class_names[N_TOKEN_CLASSES];

struct token {
	uint64_t mac;
	uint8_t class;
};

struct token_list { /* sorted by class, then mac; no repeats */
	struct token *items; /* in the arena */
	size_t n;
	bool cut;            /* there were more than TOKENS_MAX; words and bigrams were left out first */
	uint64_t key_check;  /* token_key_check of the key they were made with; 0: not told */
};

/*
 * Tells which linkage key tokens were made with: a MAC of a text that no token has. Tokens of two keys never meet, so
 * a register of another key would find no conflict and say nothing: records and registers carry this, and route
 * compares it.
 */
uint64_t token_key_check(const uint8_t key[LINKAGE_KEY_BYTES]);

/* Normalises `text` as tokens of this class are, and returns its MAC. */
uint64_t token_mac(const uint8_t key[LINKAGE_KEY_BYTES], enum token_class class, const char *text, size_t len);
/* All tokens of a tip. */
void token_list_of_tip(struct token_list *list, const struct tip *tip, const uint8_t key[LINKAGE_KEY_BYTES],
		       struct arena *arena);
/* The tokens by which a member of staff is recognised; any one that a tip has too is a conflict. */
struct staff {
	const char *forename, *surname, *rank, *number, *nickname, *handle; /* NULL or "" when not known */
};
void token_list_of_staff(struct token_list *list, const struct staff *staff, const uint8_t key[LINKAGE_KEY_BYTES],
			 struct arena *arena);
/* True when the two sorted lists share a token. */
bool token_list_meets(const struct token_list *a, const struct token_list *b);

#endif
