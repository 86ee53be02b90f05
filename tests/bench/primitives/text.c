/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a tip: JSON, the lexicon in one pass, a keyed hash for each word and pair of words. */
#include <ctype.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/primitives/primitives.h"
#include "workers/classify/lexicon_inner.h"

#define WORD 32

struct text {
	const struct bench *bench;
	json_t **documents;
	struct lexicon *lexicon;
	struct normal *normal;
	size_t at;
	uint64_t sum; /* so that nothing is optimised away */
};

static void *prepare(const struct bench *bench, int arg)
{
	struct text *text = mem_alloc(sizeof(*text));

	(void)arg;
	text->bench = bench;
	return text;
}

static void *prepare_documents(const struct bench *bench, int arg)
{
	struct text *text = prepare(bench, arg);

	text->documents = mem_alloc(bench->n_bodies * sizeof(json_t *));
	for (size_t i = 0; i < bench->n_bodies; i++)
		text->documents[i] = json_loads(buf_text(&bench->bodies[i]), 0, NULL);
	return text;
}

static void *prepare_scan(const struct bench *bench, int arg)
{
	struct text *text = prepare(bench, arg);
	struct err err = ERR_INIT;

	if (lexicon_load(&text->lexicon, bench->lexicon, &err) != 0)
		bench_fail(bench->lexicon, err.text);
	text->normal = mem_alloc(bench->n_bodies * sizeof(*text->normal));
	for (size_t i = 0; i < bench->n_bodies; i++)
		normal_set(&text->normal[i], bench->narratives[i], strlen(bench->narratives[i]));
	return text;
}

static void release(void *state)
{
	struct text *text = state;

	for (size_t i = 0; text->documents && i < text->bench->n_bodies; i++)
		json_decref(text->documents[i]);
	for (size_t i = 0; text->normal && i < text->bench->n_bodies; i++)
		normal_release(&text->normal[i]);
	if (text->lexicon)
		lexicon_free(text->lexicon);
	free(text->documents);
	free(text->normal);
	free(text);
}

static size_t next(struct text *text)
{
	return text->at++ % text->bench->n_bodies;
}

static void run_parse(void *state, size_t n)
{
	struct text *text = state;

	for (size_t i = 0; i < n; i++) {
		const struct buf *body = &text->bench->bodies[next(text)];
		json_t *root = json_loadb((const char *)body->data, body->len, JSON_REJECT_DUPLICATES, NULL);

		if (!root)
			bench_fail("parse", "a tip that is no JSON");
		json_decref(root);
	}
}

static void run_dump(void *state, size_t n)
{
	struct text *text = state;

	for (size_t i = 0; i < n; i++)
		free(json_dumps(text->documents[next(text)], JSON_COMPACT));
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	++*(uint64_t *)arg;
	return 0;
}

static void scan(struct text *text, const struct matcher *matcher, const void *bytes, size_t len)
{
	if (matcher->database &&
	    hs_scan(matcher->database, bytes, (unsigned)len, 0, matcher->scratch, on_match, &text->sum) != HS_SUCCESS)
		bench_fail("scan", "Hyperscan cannot scan");
}

static void run_scan(void *state, size_t n)
{
	struct text *text = state;

	for (size_t i = 0; i < n; i++) {
		size_t at = next(text);
		const char *narrative = text->bench->narratives[at];

		scan(text, &text->lexicon->literals, text->normal[at].text, text->normal[at].len);
		scan(text, &text->lexicon->regexes, narrative, strlen(narrative));
	}
}

static void add(struct text *text, const char *words, size_t len)
{
	static const uint8_t key[crypto_shorthash_siphash24_KEYBYTES];
	uint64_t mac;

	crypto_shorthash_siphash24((uint8_t *)&mac, (const uint8_t *)words, len, key);
	text->sum += mac;
}

/* Lower-case words, and pairs of neighbours. */
static void hash_words(struct text *text, const char *narrative)
{
	char pair[2 * WORD + 1];
	size_t before = 0, len = 0;

	for (const char *c = narrative;; c++) {
		if (isalnum((unsigned char)*c) && len < WORD) {
			pair[before + len++] = (char)tolower((unsigned char)*c);
			continue;
		}
		if (len > 0) {
			add(text, pair + before, len);
			if (before > 0)
				add(text, pair, before + len);
			memmove(pair, pair + before, len);
			pair[len] = ' ';
			before = len + 1;
			len = 0;
		}
		if (!*c)
			return;
	}
}

static void run_tokens(void *state, size_t n)
{
	struct text *text = state;

	for (size_t i = 0; i < n; i++)
		hash_words(text, text->bench->narratives[next(text)]);
}

const struct primitive text_primitives[] = {
	{ "json-parse", "Jansson reads a body", 720, 0, prepare, run_parse, release, RUNS },
	{ "json-dump", "Jansson writes a body", 720, 0, prepare_documents, run_dump, release, RUNS },
	{ "scan", "Hyperscan looks for the lexicon in a narrative", 720, 0, prepare_scan, run_scan, release, RUNS },
	{ "tokens", "SipHash of each word and pair of words", 720, 0, prepare, run_tokens, release, RUNS },
	{ 0 },
};
