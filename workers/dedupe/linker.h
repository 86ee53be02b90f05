/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linker: scores a tip against the earlier ones by the keyed tokens they share.
 *
 * A shared token counts by its class (names, numbers, dates and handles more than words) and by its rarity among the
 * tips of the window. A pair's score is from 0 to 1: see score_of in linker.c. Links at or above `strong` join the
 * case, those at or above `weak` are suggestions.
 *
 * Deterministic: the same tips added in the same order give the same links, on any machine and after a restart. Work
 * for one tip is bounded by `budget`, the number of postings read: the rarest tokens come first, and of one that many
 * tips hold only the newest are looked at. The few tips that share most are then compared token by token.
 * Knows no words, no file and no Kafka. Not thread safe.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_LINKER_H
#define TIPLINE_WORKERS_DEDUPE_LINKER_H

#include "schema/record.h"

struct linker;

struct linker_settings {
	double strong, weak;  /* 0 to 1 */
	uint32_t window_days; /* a tip whose day is further back than this from the newest is forgotten */
	size_t budget;        /* postings read for one tip */
};

struct linker_match {
	struct link link;
	struct tip_id case_id; /* of the earlier tip */
};

struct linker *linker_new(const struct linker_settings *settings);
void linker_free(struct linker *linker);

/* Forgets, from the front, the tips that leave the window when a tip of `day` comes. Before linker_find. */
void linker_advance(struct linker *linker, uint32_t day);
/* The best matches, best first, at most LINKS_MAX. Every strong one comes before every weak one. */
size_t linker_find(struct linker *linker, const struct token_list *tokens, struct linker_match matches[LINKS_MAX]);
/* Adds a tip as the newest. Ids and tokens are copied. */
void linker_add(struct linker *linker, const struct tip_id *tip_id, const struct tip_id *case_id, uint32_t day,
		const struct token_list *tokens);

size_t linker_n_tips(const struct linker *linker);
size_t linker_n_terms(const struct linker *linker);

#endif
