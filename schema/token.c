/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/token.h"

#include <string.h>

#include "schema/token_set.h"
#include "schema/token_text.h"

const char *const token_class_names[N_TOKEN_CLASSES] = {
	[TOKEN_WORD] = "word",
	[TOKEN_BIGRAM] = "bigram",
	[TOKEN_NAME] = "name",
	[TOKEN_NUMBER] = "number",
	[TOKEN_DATE] = "date",
	[TOKEN_PLACE] = "place",
	[TOKEN_HANDLE] = "handle",
};

static void read_slice(struct words *words, struct slice text, struct arena *arena)
{
	words->items = arena_alloc(arena, words_room(text.len) * sizeof(*words->items));
	words->n = 0;
	words_read(words, text, arena);
}

static void read_text(struct words *words, const char *text, struct arena *arena)
{
	read_slice(words, slice_of(text ? text : "", text ? strlen(text) : 0), arena);
}

uint64_t token_mac(const uint8_t key[LINKAGE_KEY_BYTES], enum token_class class, const char *text, size_t len)
{
	const bool joined = class == TOKEN_NUMBER || class == TOKEN_HANDLE;
	struct arena *arena = arena_new(4096);
	struct buf folded = BUF_INIT;
	struct words words;
	uint64_t mac;

	read_slice(&words, slice_of(text, len), arena);
	for (size_t i = 0; i < words.n; i++) {
		if (i > 0 && !joined)
			buf_append_byte(&folded, class == TOKEN_DATE ? '-' : ' ');
		buf_append(&folded, words.items[i].text, words.items[i].len);
	}
	mac = token_mac_folded(key, class, buf_text(&folded), folded.len);
	buf_release(&folded);
	arena_free(arena);
	return mac;
}

static void add_joined_text(struct token_set *set, enum token_class class, const char *text, struct arena *arena)
{
	struct words words;

	read_text(&words, text, arena);
	if (words.n)
		token_set_add_joined(set, class, words.items, words.n);
}

static void add_place_text(struct token_set *set, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		if (words->items[i].len >= 2 && (words->items[i].flags & WORD_LETTER) &&
		    !(words->items[i].known & KNOWN_STOP))
			token_set_add_word(set, TOKEN_PLACE, &words->items[i]);
}

static void add_subject(struct token_set *set, const struct subject *subject, struct arena *arena)
{
	struct words name, rank, other;

	read_text(&rank, subject->rank, arena);
	read_text(&name, subject->name, arena);
	token_full_name(set, &name, &rank);
	read_text(&other, subject->nickname, arena);
	token_full_name(set, &other, &rank);
	read_text(&other, subject->number, arena);
	token_numbers(set, &other);
	if (subject->number)
		add_joined_text(set, TOKEN_NUMBER, subject->number, arena);
	if (subject->vehicle) {
		add_joined_text(set, TOKEN_NUMBER, subject->vehicle, arena);
		read_text(&other, subject->vehicle, arena);
		token_numbers(set, &other);
	}
	if (subject->handle)
		add_joined_text(set, TOKEN_HANDLE, subject->handle, arena);
	read_text(&other, subject->as_written, arena);
	token_names(set, &other);
	token_numbers(set, &other);
	read_text(&other, subject->station, arena);
	add_place_text(set, &other);
}

static void add_words(struct token_set *set, const struct words *words)
{
	const struct word *before = NULL;

	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];

		/* "tom will": a stop word that is a surname, after a word that is none. */
		if ((word->known & KNOWN_SURNAME) && i > 0 && !(word[-1].known & KNOWN_STOP))
			token_set_add_pair(set, TOKEN_BIGRAM, word - 1, word);
		if ((word->known & KNOWN_STOP) || (word->len < 2 && !(word->flags & WORD_DIGIT)))
			continue;
		token_set_add_word(set, TOKEN_WORD, word);
		if (before)
			token_set_add_pair(set, TOKEN_BIGRAM, before, word);
		before = word;
	}
}

void token_list_of_tip(struct token_list *list, const struct tip *tip, const uint8_t key[LINKAGE_KEY_BYTES],
		       struct arena *arena)
{
	struct words narrative, where, when;
	struct token_set set;

	token_set_init(&set, key, arena);
	for (size_t i = 0; i < tip->n_subjects; i++)
		add_subject(&set, &tip->subjects[i], arena);
	read_slice(&narrative, slice_of(tip->narrative, tip->narrative_len), arena);
	read_text(&where, tip->where, arena);
	read_text(&when, tip->when, arena);
	token_names(&set, &narrative);
	token_handles(&set, &narrative);
	token_numbers(&set, &narrative);
	token_numbers(&set, &when);
	token_dates(&set, &narrative);
	token_dates(&set, &when);
	add_place_text(&set, &where);
	token_places(&set, &narrative);
	add_words(&set, &where);
	add_words(&set, &when);
	add_words(&set, &narrative);
	token_set_finish(&set, list, arena);
}

void token_list_of_staff(struct token_list *list, const struct staff *staff, const uint8_t key[LINKAGE_KEY_BYTES],
			 struct arena *arena)
{
	struct words forename, surname, rank, other;
	struct token_set set;

	token_set_init(&set, key, arena);
	read_text(&forename, staff->forename, arena);
	read_text(&surname, staff->surname, arena);
	read_text(&rank, staff->rank, arena);
	token_staff_name(&set, &forename, &surname, &rank);
	read_text(&other, staff->nickname, arena);
	if (other.n == 1)
		token_full_name(&set, &other, &rank);
	for (size_t i = 1; i < other.n; i++)
		token_set_add_pair(&set, TOKEN_NAME, &other.items[i - 1], &other.items[i]);
	if (staff->number && staff->number[0]) {
		read_text(&other, staff->number, arena);
		token_numbers(&set, &other);
		add_joined_text(&set, TOKEN_NUMBER, staff->number, arena);
	}
	if (staff->handle && staff->handle[0])
		add_joined_text(&set, TOKEN_HANDLE, staff->handle, arena);
	token_set_finish(&set, list, arena);
}

bool token_list_meets(const struct token_list *a, const struct token_list *b)
{
	size_t i = 0, j = 0;

	while (i < a->n && j < b->n) {
		const struct token *x = &a->items[i], *y = &b->items[j];

		if (x->class == y->class && x->mac == y->mac)
			return true;
		if (x->class < y->class || (x->class == y->class && x->mac < y->mac))
			i++;
		else
			j++;
	}
	return false;
}
