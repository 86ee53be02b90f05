/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/paraphrase.h"

#include <ctype.h>
#include <string.h>

static const struct {
	const char *from, *to;
} synonyms[] = {
	{ "always", "every time" },   { "asked", "wanted to know" }, { "because", "as" },       { "began", "started" },
	{ "believe", "think" },       { "bought", "got" },           { "frightened", "scared" },
	{ "happened", "took place" }, { "however", "but" },          { "job", "work" },         { "cash", "money" },
	{ "large", "big" },           { "everybody", "everyone" },   { "maybe", "perhaps" },    { "mobile", "phone" },
	{ "money", "cash" },          { "nobody", "no one" },        { "noticed", "saw" },      { "often", "a lot" },
	{ "quickly", "fast" },        { "said", "told us" },         { "saw", "noticed" },      { "several", "a few" },
	{ "sometimes", "at times" },  { "speaks", "talks" },         { "started", "began" },    { "usually", "mostly" },
	{ "many", "a lot of" },       { "whole", "entire" },        { "yesterday", "the other day" },
};

#define SYNONYM_PERCENT 40
#define DROP_PERCENT 20
#define SLIP_PERCENT 25
#define SENTENCES_MIN 4
#define SENTENCES_MAX 256

struct sentences {
	size_t starts[SENTENCES_MAX + 1]; /* starts[n] is the end */
	size_t n;
};

static void find_sentences(const char *text, struct sentences *sentences)
{
	size_t len = strlen(text);
	sentences->n = 0;
	sentences->starts[sentences->n++] = 0;
	for (size_t i = 1; i + 1 < len && sentences->n < SENTENCES_MAX; i++)
		if (text[i] == ' ' && strchr(".!?", text[i - 1]) != NULL && isupper((unsigned char)text[i + 1]))
			sentences->starts[sentences->n++] = i + 1;
	sentences->starts[sentences->n] = len;
}

/* One sentence of many, never the first: that one says what it is about. */
static size_t sentence_to_drop(const struct sentences *sentences, struct prng *prng)
{
	if (sentences->n < SENTENCES_MIN || !prng_percent(prng, DROP_PERCENT))
		return 0;
	return 1 + prng_below(prng, sentences->n - 1);
}

static const char *synonym_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (strlen(synonyms[i].from) == len && memcmp(synonyms[i].from, word, len) == 0)
			return synonyms[i].to;
	return NULL;
}

static void append_varied(const char *text, size_t len, struct prng *prng, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		size_t end = at;
		while (end < len && (isalnum((unsigned char)text[end]) || (unsigned char)text[end] >= 0x80))
			end++;
		const char *other = end > at ? synonym_of(text + at, end - at) : NULL;
		if (other != NULL && prng_percent(prng, SYNONYM_PERCENT))
			buf_append_str(out, other);
		else
			buf_append(out, text + at, end - at);
		if (end < len && end == at)
			buf_append_byte(out, (uint8_t)text[end++]);
		at = end;
	}
}

/* Two lower-case letters inside a word change places. */
static void slip(struct buf *out, size_t from, struct prng *prng)
{
	for (int tries = 0; tries < 8 && out->len > from + 8; tries++) {
		uint8_t *c = out->data + from + 2 + prng_below(prng, out->len - from - 6);
		if (!islower(c[-2]) || !islower(c[-1]) || !islower(c[0]) || !islower(c[1]) || !islower(c[2]))
			continue;
		uint8_t kept = c[0];
		c[0] = c[1];
		c[1] = kept;
		return;
	}
}

void paraphrase_vary(const char *text, bool slips, struct prng *prng, struct buf *out)
{
	struct sentences sentences;
	const size_t *starts = sentences.starts;
	size_t from = out->len;

	find_sentences(text, &sentences);
	size_t dropped = sentence_to_drop(&sentences, prng);
	for (size_t i = 0; i < sentences.n; i++)
		if (dropped == 0 || i != dropped)
			append_varied(text + starts[i], starts[i + 1] - starts[i], prng, out);
	while (out->len > from + 1 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	if (slips && prng_percent(prng, SLIP_PERCENT))
		slip(out, from, prng);
}
