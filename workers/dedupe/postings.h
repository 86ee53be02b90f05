/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postings: which tips hold which token, in memory: a hash map from a token's MAC to its term, and for each term the
 * numbers of the tips that hold it, oldest first.
 *
 * Tips are numbered upwards as they are added and leave in the same order, so a list is always sorted and what leaves
 * a list is its first item. A term's number is stable as long as the postings live. A term that no tip holds any more
 * stays, empty; a restart rebuilds the map without it. Most terms belong to one tip alone, so that number lies in the
 * term itself and costs no allocation.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_POSTINGS_H
#define TIPLINE_WORKERS_DEDUPE_POSTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSTINGS_NONE UINT32_MAX

struct postings;

struct postings *postings_new(void);
void postings_free(struct postings *postings);

/* Has the processor fetch what postings_find will look at. */
void postings_prefetch(const struct postings *postings, uint64_t mac);
/* The term of a token, or POSTINGS_NONE. */
uint32_t postings_find(const struct postings *postings, uint64_t mac);
/* Found or made. */
uint32_t postings_term(struct postings *postings, uint64_t mac, uint8_t class);
uint8_t postings_class(const struct postings *postings, uint32_t term);
size_t postings_n_terms(const struct postings *postings);

/* A term is marked when its latest mark is `stamp`; a new stamp unmarks all. Stamps begin at 1. */
void postings_mark(struct postings *postings, uint32_t term, uint32_t stamp);
bool postings_is_marked(const struct postings *postings, uint32_t term, uint32_t stamp);

/* `tip` is higher than any that the term holds. */
void postings_append(struct postings *postings, uint32_t term, uint32_t tip);
/* Takes the term's oldest tip away, which must be `tip`. */
void postings_drop_oldest(struct postings *postings, uint32_t term, uint32_t tip);
/* The tips of a term, oldest first; valid until the next append or drop. */
const uint32_t *postings_tips(const struct postings *postings, uint32_t term, size_t *n);
/* Their number: the token's document frequency. */
uint32_t postings_df(const struct postings *postings, uint32_t term);

#endif
