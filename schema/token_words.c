/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/runtime/utf8.h"
#include "schema/token_text.h"

struct reader {
	struct words *words;
	char *out;             /* where the next folded byte goes */
	struct word *word;     /* the one being read, or NULL */
	size_t gaps;           /* characters since the word before */
	uint32_t gap;          /* the last of them */
	size_t apostrophe;     /* length of the word where an apostrophe was dropped; 0: none */
	bool starts, lone_at;  /* a sentence begins; the gap before ends in an @ of its own */
};

static bool is_space(uint32_t code)
{
	return code == ' ' || code == '\t' || code == 0xA0;
}

static bool is_quote(uint32_t code)
{
	return code == '"' || code == '\'' || code == '`' || (code >= 0x2018 && code <= 0x201F) || code == 0xAB ||
	       code == 0xBB;
}

static void word_close(struct reader *r)
{
	struct word *word = r->word;

	if (!word)
		return;
	if (r->apostrophe && r->apostrophe + 1 == word->len && word->text[word->len - 1] == 's')
		word->len--;
	r->word = NULL;
	r->gaps = 0;
	r->starts = false;
	if (word->len == 0)
		r->words->n--;
	else
		word_look_up(word);
}

static void word_open(struct reader *r)
{
	struct word *word = &r->words->items[r->words->n++];

	word->text = r->out;
	word->len = 0;
	word->known = 0;
	word->value = 0;
	word->flags = r->starts ? WORD_STARTS : 0;
	word->gap = 0;
	if (r->gaps == 1 && r->gap < 0x80)
		word->gap = (char)(is_space(r->gap) || r->gap == '\n' ? ' ' : r->gap);
	if (r->gaps && is_quote(r->gap))
		word->flags |= WORD_OPENS;
	if (r->gaps && r->gap == '@' && r->lone_at)
		word->flags |= WORD_AT;
	r->apostrophe = 0;
	r->word = word;
}

static void part(struct reader *r, uint32_t code)
{
	if (r->word && is_quote(code))
		r->word->flags |= WORD_CLOSES;
	r->lone_at = !r->word;
	word_close(r);
	if (code == '.' || code == '!' || code == '?' || code == '\n' || code == ':')
		r->starts = true;
	r->gap = code;
	r->gaps++;
}

static void add(struct reader *r, const struct fold *fold)
{
	struct word *word;
	bool first;

	if (!r->word)
		word_open(r);
	word = r->word;
	first = !(word->flags & WORD_LETTER);
	if (fold->kind == FOLD_DIGIT) {
		word->flags |= WORD_DIGIT;
	} else {
		word->flags |= WORD_LETTER;
		if (!fold->upper)
			word->flags |= WORD_LOWER;
		else if (first)
			word->flags |= WORD_CAPITAL;
	}
	if (word->len + fold->len > WORD_MAX)
		return;
	memcpy(r->out, fold->text, fold->len);
	r->out += fold->len;
	word->len = (uint16_t)(word->len + fold->len);
}

static bool is_ascii_word(uint8_t c)
{
	uint8_t low = c | 0x20;

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

/* The way of nearly all bytes: a run of plain letters and digits. Returns its length. */
static size_t add_ascii(struct reader *r, const uint8_t *p, size_t left)
{
	struct word *word;
	unsigned flags;
	size_t n = 0;

	if (!r->word)
		word_open(r);
	word = r->word;
	flags = word->flags;
	for (; n < left && is_ascii_word(p[n]); n++) {
		uint8_t c = p[n];

		if (c <= '9') {
			flags |= WORD_DIGIT;
		} else if (c <= 'Z') {
			flags |= flags & WORD_LETTER ? 0u : WORD_CAPITAL;
			flags |= WORD_LETTER;
			c |= 0x20;
		} else {
			flags |= WORD_LETTER | WORD_LOWER;
		}
		if (word->len < WORD_MAX) {
			*r->out++ = (char)c;
			word->len++;
		}
	}
	word->flags = (uint16_t)flags;
	return n;
}

/* A letter or digit may come next: ASCII, or any character above it. */
static bool joins_next(const uint8_t *p, size_t left)
{
	return left > 0 && (p[0] >= 0xC0 || is_ascii_word(p[0]));
}

/* Characters that belong to the word when they stand inside one. True when dealt with. */
static bool inside(struct reader *r, uint32_t code, bool joined)
{
	if (!r->word || !joined)
		return false;
	if (code == '_') {
		r->word->flags |= WORD_SNAKE;
		return true;
	}
	if (code != '\'' && code != '`' && code != 0x2018 && code != 0x2019)
		return false;
	r->apostrophe = r->word->len;
	return true;
}

static void read_code(struct reader *r, uint32_t code, bool joined)
{
	struct fold fold;

	if (inside(r, code, joined))
		return;
	fold_code(&fold, code);
	if (fold.kind == FOLD_LETTER || fold.kind == FOLD_DIGIT)
		add(r, &fold);
	else if (fold.kind == FOLD_PART || is_quote(code))
		part(r, code);
}

void words_read(struct words *words, struct slice text, struct arena *arena)
{
	struct reader r = { .words = words, .starts = true, .lone_at = true };
	size_t i = 0;

	r.out = arena_alloc(arena, text.len + 1);
	while (i < text.len) {
		uint32_t code = text.data[i];
		size_t n = 1;

		if (is_ascii_word(text.data[i])) {
			i += add_ascii(&r, text.data + i, text.len - i);
			continue;
		}
		if (code >= 0x80)
			n = utf8_next(text.data + i, text.len - i, &code, NULL);
		read_code(&r, code, joins_next(text.data + i + n, text.len - i - n));
		i += n;
	}
	word_close(&r);
}
