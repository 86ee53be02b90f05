/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/postings.h"

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define FIRST_SLOTS 4096 /* a power of two */
#define INSIDE 2         /* tips that lie in the term itself */

struct term {
	uint64_t mac;
	union {
		uint32_t inside[INSIDE]; /* cap == 0 */
		uint32_t *many;
	} tips;
	uint32_t df;    /* 0: free */
	uint32_t mark;
	uint32_t first; /* where the list begins in `many`; of a free term, the next free one */
	uint32_t cap : 28, class : 4;
};

struct postings {
	size_t keep;
	struct term *terms; /* `n_made` of them were in use at some time */
	size_t n_terms, n_made, cap_terms;
	uint32_t free; /* a chain of free ones, or POSTINGS_NONE */
	uint32_t *slots; /* open addressing, linear probing; POSTINGS_NONE: free */
	size_t n_slots;
	size_t list_bytes;
};

static uint32_t *slots_new(size_t n)
{
	uint32_t *slots = mem_alloc(n * sizeof(*slots));

	for (size_t i = 0; i < n; i++)
		slots[i] = POSTINGS_NONE;
	return slots;
}

struct postings *postings_new(size_t keep)
{
	struct postings *postings = mem_alloc(sizeof(*postings));

	if (keep < INSIDE || keep > POSTINGS_KEEP_MAX)
		BUG("posting lists of %zu", keep);
	postings->keep = keep;
	postings->free = POSTINGS_NONE;
	postings->n_slots = FIRST_SLOTS;
	postings->slots = slots_new(postings->n_slots);
	return postings;
}

void postings_free(struct postings *postings)
{
	if (!postings)
		return;
	for (size_t i = 0; i < postings->n_made; i++)
		if (postings->terms[i].df > 0 && postings->terms[i].cap > 0)
			free(postings->terms[i].tips.many);
	free(postings->terms);
	free(postings->slots);
	free(postings);
}

/* A MAC is uniform already: its low bits are the hash. */
static size_t home_of(const struct postings *postings, uint64_t mac)
{
	return (size_t)mac & (postings->n_slots - 1);
}

static size_t slot_after(const struct postings *postings, size_t at)
{
	return (at + 1) & (postings->n_slots - 1);
}

static uint32_t *slot_of(const struct postings *postings, uint64_t mac)
{
	size_t at = home_of(postings, mac);

	while (postings->slots[at] != POSTINGS_NONE && postings->terms[postings->slots[at]].mac != mac)
		at = slot_after(postings, at);
	return &postings->slots[at];
}

void postings_prefetch(const struct postings *postings, uint64_t mac)
{
	__builtin_prefetch(&postings->slots[home_of(postings, mac)]);
}

void postings_prefetch_term(const struct postings *postings, uint32_t term)
{
	__builtin_prefetch(&postings->terms[term]);
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
	for (size_t i = 0; i < postings->n_made; i++)
		if (postings->terms[i].df > 0)
			*slot_of(postings, postings->terms[i].mac) = (uint32_t)i;
}

static uint32_t take_number(struct postings *postings)
{
	uint32_t term = postings->free;

	if (term != POSTINGS_NONE) {
		postings->free = postings->terms[term].first;
		return term;
	}
	if (postings->n_made == postings->cap_terms) {
		postings->cap_terms = postings->cap_terms ? 2 * postings->cap_terms : FIRST_SLOTS;
		postings->terms = mem_grow(postings->terms, postings->cap_terms * sizeof(*postings->terms));
	}
	return (uint32_t)postings->n_made++;
}

static uint32_t make_term(struct postings *postings, uint64_t mac, uint8_t class, uint32_t tip)
{
	uint32_t term;

	if (2 * (postings->n_terms + 1) > postings->n_slots)
		grow_slots(postings);
	term = take_number(postings);
	*slot_of(postings, mac) = term;
	postings->terms[term] = (struct term){ .mac = mac, .tips.inside = { tip }, .df = 1, .class = class };
	postings->n_terms++;
	return term;
}

/* Whoever stands behind the emptied slot only because it was taken moves up, so that a search never ends too early. */
static void empty_slot(struct postings *postings, size_t gap)
{
	size_t mask = postings->n_slots - 1, at = gap;

	while (postings->slots[at = slot_after(postings, at)] != POSTINGS_NONE) {
		size_t home = home_of(postings, postings->terms[postings->slots[at]].mac);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue; /* its search begins behind the gap */
		postings->slots[gap] = postings->slots[at];
		gap = at;
	}
	postings->slots[gap] = POSTINGS_NONE;
}

static void drop_term(struct postings *postings, uint32_t term)
{
	size_t at = home_of(postings, postings->terms[term].mac);

	while (postings->slots[at] != term)
		at = slot_after(postings, at);
	empty_slot(postings, at);
	postings->terms[term].first = postings->free;
	postings->free = term;
	postings->n_terms--;
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

size_t postings_bytes(const struct postings *postings)
{
	return postings->cap_terms * sizeof(*postings->terms) + postings->n_slots * sizeof(*postings->slots) +
	       postings->list_bytes;
}

uint32_t postings_df(const struct postings *postings, uint32_t term)
{
	return postings->terms[term].df;
}

static uint32_t kept(const struct postings *postings, const struct term *term)
{
	return term->df < postings->keep ? term->df : (uint32_t)postings->keep;
}

const uint32_t *postings_tips(const struct postings *postings, uint32_t term, size_t *n)
{
	const struct term *t = &postings->terms[term];

	*n = kept(postings, t);
	return t->cap > 0 ? t->tips.many + t->first : t->tips.inside;
}

/* The list in memory of this size, its front without a gap. */
static void move_list(struct postings *postings, struct term *term, size_t n, size_t cap)
{
	uint32_t *many = mem_alloc(cap * sizeof(*many));

	memcpy(many, term->cap > 0 ? term->tips.many + term->first : term->tips.inside, n * sizeof(*many));
	if (term->cap > 0)
		free(term->tips.many);
	postings->list_bytes += (cap - term->cap) * sizeof(*many);
	term->tips.many = many;
	term->first = 0;
	term->cap = (uint32_t)cap & 0xfffffff;
}

/* Room for one more at the end of a list of n: by moving it to the front when a fourth of it lies empty there. */
static void make_room(struct postings *postings, struct term *term, size_t n)
{
	if (term->first > 0 && term->first >= n / 4) {
		memmove(term->tips.many, term->tips.many + term->first, n * sizeof(*term->tips.many));
		term->first = 0;
		return;
	}
	/* Sizes that fill what the allocator gives: 16 bytes times a number, less 8. */
	move_list(postings, term, n, (n + n / 4 + 4) / 4 * 4 + 2);
}

static void append(struct postings *postings, struct term *term, uint32_t tip)
{
	uint32_t n = kept(postings, term);

	term->df++;
	if (term->cap == 0 && n < INSIDE) {
		term->tips.inside[n] = tip;
		return;
	}
	if (term->first + n == term->cap || term->cap == 0)
		make_room(postings, term, n);
	term->tips.many[term->first + n] = tip;
	if (n == postings->keep)
		term->first++;
}

uint32_t postings_add(struct postings *postings, uint64_t mac, uint8_t class, uint32_t tip)
{
	uint32_t term = *slot_of(postings, mac);

	if (term == POSTINGS_NONE)
		return make_term(postings, mac, class, tip);
	append(postings, &postings->terms[term], tip);
	return term;
}

static void move_inside(struct postings *postings, struct term *term)
{
	uint32_t *many = term->tips.many;

	memcpy(term->tips.inside, many + term->first, term->df * sizeof(*many));
	free(many);
	postings->list_bytes -= term->cap * sizeof(*many);
	term->cap = 0;
	term->first = 0;
}

/* The first of a list leaves it. What it no longer needs of memory is given back, well after it came, so that a list
 * about its size does not move with each tip. */
static void shorten(struct postings *postings, struct term *term)
{
	if (term->cap == 0) {
		memmove(term->tips.inside, term->tips.inside + 1, term->df * sizeof(term->tips.inside[0]));
		return;
	}
	term->first++;
	if (term->df < INSIDE)
		move_inside(postings, term);
	else if (term->cap > 8 && term->df < term->cap / 4)
		move_list(postings, term, term->df, (term->df + term->df / 2 + 4) / 4 * 4 + 2);
}

void postings_drop_oldest(struct postings *postings, uint32_t term, uint32_t tip)
{
	struct term *t = &postings->terms[term];
	bool listed = t->df <= postings->keep;
	size_t n;

	if (t->df == 0 || (postings_tips(postings, term, &n)[0] == tip) != listed)
		BUG("a tip leaves a posting list out of order");
	t->df--;
	if (listed)
		shorten(postings, t);
	if (t->df == 0)
		drop_term(postings, term);
}
