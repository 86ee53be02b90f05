/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_set: tokens being gathered: MACed, each kept once, at most TOKENS_MAX of them. And the rules that find tokens
 * of each class in a list of words. Internal to token*.c.
 *
 * The order in which a tip's rules run is the order of what matters: names first, words and bigrams last, so that a
 * flood of words never pushes out a name.
 */
#ifndef TIPLINE_SCHEMA_TOKEN_SET_H
#define TIPLINE_SCHEMA_TOKEN_SET_H

#include "schema/token.h"
#include "schema/token_text.h"

#define TOKEN_SLOTS (2 * TOKENS_MAX) /* a power of two */

struct token_set {
	const uint8_t *key;
	uint16_t *slots;     /* open addressing by MAC: index into items + 1 */
	struct token *items;
	size_t n;
	bool cut;
};

void token_set_init(struct token_set *set, const uint8_t key[LINKAGE_KEY_BYTES], struct arena *arena);
void token_set_add(struct token_set *set, enum token_class class, const char *text, size_t len);
/* "first second" */
void token_set_add_pair(struct token_set *set, enum token_class class, const struct word *first,
			const struct word *second);
void token_set_add_word(struct token_set *set, enum token_class class, const struct word *word);
/* The words one after another without anything between: number plates, handles. */
void token_set_add_joined(struct token_set *set, enum token_class class, const struct word *words, size_t n);
/* Sorted by class, then MAC. */
void token_set_finish(const struct token_set *set, struct token_list *list, struct arena *arena);
uint64_t token_mac_folded(const uint8_t key[LINKAGE_KEY_BYTES], enum token_class class, const char *text, size_t len);

bool word_is(const struct word *word, const char *text);
/* True when `list`, which NULL ends, has the word. */
bool word_in(const struct word *word, const char *const *list);
static inline bool word_is_number(const struct word *word)
{
	return (word->flags & WORD_DIGIT) && !(word->flags & WORD_LETTER);
}

/*
 * The short form of the rank that ends at word `i` ("ds" for "Detective Sergeant", "DS" and "det sgt"), or NULL.
 * Skips nothing: the word itself must be one of rank.
 */
const char *token_rank(const struct words *words, size_t i);

void token_names(struct token_set *set, const struct words *words);
void token_full_name(struct token_set *set, const struct words *name, const struct words *rank);
/* All by which a tip may name him by his name; see token_staff.c. */
void token_staff_name(struct token_set *set, const struct words *forename, const struct words *surname,
		      const struct words *rank);
void token_numbers(struct token_set *set, const struct words *words);
void token_dates(struct token_set *set, const struct words *words);
void token_places(struct token_set *set, const struct words *words);
void token_handles(struct token_set *set, const struct words *words);

#endif
