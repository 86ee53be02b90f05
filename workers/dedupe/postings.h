/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postings: which tips hold which token, in memory: a hash map from a token's MAC to its term, and for each term how
 * many tips hold it and the numbers of the newest of them, oldest first.
 *
 * Tips are numbered upwards as they are added and leave in the same order, so a list is always sorted and what leaves
 * a list is its first item. A list keeps the newest `keep` tips alone: nobody reads further back, and the few tokens
 * that most tips have would else take most of the memory. A term's number is stable as long as a tip holds it; with
 * its last tip the term goes, and its number is given to the next new token. So memory is bounded by what the tips
 * hold that are in it now, however many have passed. Most terms belong to one or two tips, whose numbers lie in the
 * term itself and cost no allocation.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_POSTINGS_H
#define TIPLINE_WORKERS_DEDUPE_POSTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSTINGS_NONE UINT32_MAX
#define POSTINGS_KEEP_MAX 10000000

struct postings;

/* `keep`: 2 to POSTINGS_KEEP_MAX. */
struct postings *postings_new(size_t keep);
void postings_free(struct postings *postings);

/* Has the processor fetch what postings_find will look at. */
void postings_prefetch(const struct postings *postings, uint64_t mac);
/* Has it fetch the term itself. */
void postings_prefetch_term(const struct postings *postings, uint32_t term);
/* The term of a token, or POSTINGS_NONE. */
uint32_t postings_find(const struct postings *postings, uint64_t mac);
uint8_t postings_class(const struct postings *postings, uint32_t term);
/* Those that a tip holds. */
size_t postings_n_terms(const struct postings *postings);
/* What they take, without what the allocator adds. */
size_t postings_bytes(const struct postings *postings);

/* A term is marked when its latest mark is `stamp`; a new stamp unmarks all. Stamps begin at 1. */
void postings_mark(struct postings *postings, uint32_t term, uint32_t stamp);
bool postings_is_marked(const struct postings *postings, uint32_t term, uint32_t stamp);

/* Notes that `tip`, higher than any before it, holds the token. Returns the token's term, found or made. */
uint32_t postings_add(struct postings *postings, uint64_t mac, uint8_t class, uint32_t tip);
/* Takes the term's oldest tip away, which must be `tip`; with the last one the term goes. */
void postings_drop_oldest(struct postings *postings, uint32_t term, uint32_t tip);
/* The newest tips of a term, oldest first, at most `keep`; valid until the next add or drop. */
const uint32_t *postings_tips(const struct postings *postings, uint32_t term, size_t *n);
/* How many tips hold it: the token's document frequency. */
uint32_t postings_df(const struct postings *postings, uint32_t term);

#endif
