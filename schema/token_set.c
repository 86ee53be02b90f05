/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/token_set.h"

#include <string.h>

#include "schema/digest.h"

#define BUCKETS (N_TOKEN_CLASSES * 256)
#define MAC_TEXT_MAX 256

uint64_t token_mac_folded(const uint8_t key[LINKAGE_KEY_BYTES], enum token_class class, const char *text, size_t len)
{
	uint8_t input[1 + MAC_TEXT_MAX];

	if (len > MAC_TEXT_MAX)
		len = MAC_TEXT_MAX;
	input[0] = (uint8_t)class;
	memcpy(input + 1, text, len);
	return digest_mac64(key, slice_of(input, 1 + len));
}

uint64_t token_key_check(const uint8_t key[LINKAGE_KEY_BYTES])
{
	return digest_mac64(key, slice_str("\xfftipline linkage key")); /* no token class is 255 */
}

void token_set_init(struct token_set *set, const uint8_t key[LINKAGE_KEY_BYTES], struct arena *arena)
{
	set->key = key;
	set->slots = arena_alloc(arena, TOKEN_SLOTS * sizeof(set->slots[0]));
	set->items = arena_alloc(arena, TOKENS_MAX * sizeof(set->items[0]));
	set->n = 0;
	set->cut = false;
}

void token_set_add(struct token_set *set, enum token_class class, const char *text, size_t len)
{
	uint64_t mac = token_mac_folded(set->key, class, text, len);
	size_t at = mac % TOKEN_SLOTS;

	while (set->slots[at]) {
		const struct token *old = &set->items[set->slots[at] - 1];

		if (old->mac == mac && old->class == class)
			return;
		at = (at + 1) % TOKEN_SLOTS;
	}
	if (set->n == TOKENS_MAX) {
		set->cut = true;
		return;
	}
	set->items[set->n].mac = mac;
	set->items[set->n].class = (uint8_t)class;
	set->slots[at] = (uint16_t)++set->n;
}

void token_set_add_word(struct token_set *set, enum token_class class, const struct word *word)
{
	token_set_add(set, class, word->text, word->len);
}

void token_set_add_pair(struct token_set *set, enum token_class class, const struct word *first,
			const struct word *second)
{
	char text[2 * WORD_MAX + 1];

	memcpy(text, first->text, first->len);
	text[first->len] = ' ';
	memcpy(text + first->len + 1, second->text, second->len);
	token_set_add(set, class, text, (size_t)first->len + 1 + second->len);
}

void token_set_add_joined(struct token_set *set, enum token_class class, const struct word *words, size_t n)
{
	char text[MAC_TEXT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n && len + words[i].len <= sizeof(text); i++) {
		memcpy(text + len, words[i].text, words[i].len);
		len += words[i].len;
	}
	token_set_add(set, class, text, len);
}

static size_t bucket_of(const struct token *token)
{
	return (size_t)token->class << 8 | token->mac >> 56;
}

static bool token_before(const struct token *a, const struct token *b)
{
	return a->class != b->class ? a->class < b->class : a->mac < b->mac;
}

/*
 * MACs are uniform, so one pass by class and highest byte leaves runs of a few, which insertion puts in order:
 * several times faster than comparing through qsort, which would cost as much as all the rest.
 */
void token_set_finish(const struct token_set *set, struct token_list *list, struct arena *arena)
{
	uint16_t starts[BUCKETS + 1] = { 0 };
	struct token *out = arena_alloc(arena, (set->n + 1) * sizeof(*out));

	for (size_t i = 0; i < set->n; i++)
		starts[bucket_of(&set->items[i]) + 1]++;
	for (size_t i = 0; i < BUCKETS; i++)
		starts[i + 1] = (uint16_t)(starts[i + 1] + starts[i]);
	for (size_t i = 0; i < set->n; i++)
		out[starts[bucket_of(&set->items[i])]++] = set->items[i];
	for (size_t i = 1; i < set->n; i++) {
		struct token token = out[i];
		size_t j = i;

		for (; j > 0 && token_before(&token, &out[j - 1]); j--)
			out[j] = out[j - 1];
		out[j] = token;
	}
	list->items = out;
	list->n = set->n;
	list->cut = set->cut;
	list->key_check = token_key_check(set->key);
}

bool word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->len && memcmp(text, word->text, word->len) == 0;
}

bool word_in(const struct word *word, const char *const *list)
{
	for (; *list; list++)
		if (word_is(word, *list))
			return true;
	return false;
}
