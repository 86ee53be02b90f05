/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/postings.h"

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define FIRST_SLOTS 4096 /* a power of two */

struct term {
	uint64_t mac;
	union {
		uint32_t one; /* cap == 0 */
		uint32_t *many;
	} tips;
	uint32_t n, cap, mark;
	uint8_t class;
};

struct postings {
	struct term *terms;
	size_t n_terms, cap_terms;
	uint32_t *slots; /* open addressing, linear probing; POSTINGS_NONE: free */
	size_t n_slots;
};

static uint32_t *slots_new(size_t n)
{
	uint32_t *slots = mem_alloc(n * sizeof(*slots));

	for (size_t i = 0; i < n; i++)
		slots[i] = POSTINGS_NONE;
	return slots;
}

struct postings *postings_new(void)
{
	struct postings *postings = mem_alloc(sizeof(*postings));

	postings->n_slots = FIRST_SLOTS;
	postings->slots = slots_new(postings->n_slots);
	return postings;
}

void postings_free(struct postings *postings)
{
	if (!postings)
		return;
	for (size_t i = 0; i < postings->n_terms; i++)
		if (postings->terms[i].cap > 0)
			free(postings->terms[i].tips.many);
	free(postings->terms);
	free(postings->slots);
	free(postings);
}

/* A MAC is uniform already: its low bits are the hash. */
static uint32_t *slot_of(const struct postings *postings, uint64_t mac)
{
	size_t mask = postings->n_slots - 1;
	size_t at = (size_t)mac & mask;

	while (postings->slots[at] != POSTINGS_NONE && postings->terms[postings->slots[at]].mac != mac)
		at = (at + 1) & mask;
	return &postings->slots[at];
}

void postings_prefetch(const struct postings *postings, uint64_t mac)
{
	__builtin_prefetch(&postings->slots[(size_t)mac & (postings->n_slots - 1)]);
}

uint32_t postings_find(const struct postings *postings, uint64_t mac)
{
	return *slot_of(postings, mac);
}

static void grow_slots(struct postings *postings)
{
	free(postings->slots);
	postings->n_slots *= 2;
	postings->slots = slots_new(postings->n_slots);
	for (size_t i = 0; i < postings->n_terms; i++)
		*slot_of(postings, postings->terms[i].mac) = (uint32_t)i;
}

uint32_t postings_term(struct postings *postings, uint64_t mac, uint8_t class)
{
	uint32_t *slot = slot_of(postings, mac);
	struct term *term;

	if (*slot != POSTINGS_NONE)
		return *slot;
	if (2 * (postings->n_terms + 1) > postings->n_slots) {
		grow_slots(postings);
		slot = slot_of(postings, mac);
	}
	if (postings->n_terms == postings->cap_terms) {
		postings->cap_terms = postings->cap_terms ? 2 * postings->cap_terms : FIRST_SLOTS;
		postings->terms = mem_grow(postings->terms, postings->cap_terms * sizeof(*postings->terms));
	}
	*slot = (uint32_t)postings->n_terms;
	term = &postings->terms[postings->n_terms++];
	*term = (struct term){ .mac = mac, .class = class };
	return *slot;
}

uint8_t postings_class(const struct postings *postings, uint32_t term)
{
	return postings->terms[term].class;
}

void postings_mark(struct postings *postings, uint32_t term, uint32_t stamp)
{
	postings->terms[term].mark = stamp;
}

bool postings_is_marked(const struct postings *postings, uint32_t term, uint32_t stamp)
{
	return postings->terms[term].mark == stamp;
}

size_t postings_n_terms(const struct postings *postings)
{
	return postings->n_terms;
}

void postings_append(struct postings *postings, uint32_t term, uint32_t tip)
{
	struct term *t = &postings->terms[term];

	if (t->n == 0 && t->cap == 0) {
		t->tips.one = tip;
		t->n = 1;
		return;
	}
	if (t->cap == 0) {
		uint32_t *many = mem_alloc(4 * sizeof(*many));

		many[0] = t->tips.one;
		t->tips.many = many;
		t->cap = 4;
	} else if (t->n == t->cap) {
		t->cap += t->cap / 2 + 1;
		t->tips.many = mem_grow(t->tips.many, t->cap * sizeof(*t->tips.many));
	}
	t->tips.many[t->n++] = tip;
}

const uint32_t *postings_tips(const struct postings *postings, uint32_t term, size_t *n)
{
	const struct term *t = &postings->terms[term];

	*n = t->n;
	return t->cap > 0 ? t->tips.many : &t->tips.one;
}

void postings_drop_oldest(struct postings *postings, uint32_t term, uint32_t tip)
{
	struct term *t = &postings->terms[term];
	size_t n;

	if (t->n == 0 || postings_tips(postings, term, &n)[0] != tip)
		BUG("a tip leaves a posting list out of order");
	t->n--;
	if (t->cap > 0)
		memmove(t->tips.many, t->tips.many + 1, t->n * sizeof(*t->tips.many));
}

uint32_t postings_df(const struct postings *postings, uint32_t term)
{
	return postings->terms[term].n;
}
