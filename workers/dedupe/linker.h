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
 *
 * Memory is bounded by `window_tips` and what these tips hold, however many have passed (window.h, postings.h).
 * Knows no words, no file and no Kafka. Not thread safe.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_LINKER_H
#define TIPLINE_WORKERS_DEDUPE_LINKER_H

#include "schema/record.h"

struct linker;

struct linker_settings {
	double strong, weak;  /* 0 to 1 */
	uint32_t window_days; /* a tip whose day is further back than this from the newest is forgotten */
	size_t window_tips;   /* as is the oldest, when so many are there and another comes */
	size_t budget;        /* postings read for one tip; 16 or more */
};

struct linker_match {
	struct link link;
	struct tip_id case_id; /* of the earlier tip */
};

/* Where a linker stands beside the tips of its window: what it takes to go on elsewhere as it would here. */
struct linker_standing {
	int64_t today; /* the reference day */
	size_t n_tips; /* in the window: the newest that were added */
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

void linker_standing(const struct linker *linker, struct linker_standing *standing);
/* A new linker, with the same settings, goes on from there once the tips of that window have been added in their order
 * (without linker_advance). Before the first of them. */
void linker_resume(struct linker *linker, int64_t today);

size_t linker_n_tips(const struct linker *linker);
size_t linker_n_terms(const struct linker *linker);
/* How many have left because the window was full, and not for their day. */
uint64_t linker_n_crowded_out(const struct linker *linker);
/* How far the oldest tip of the window lies back from the reference day. */
uint32_t linker_days(const struct linker *linker);
/* What the window takes in memory, without what the allocator adds. */
size_t linker_bytes(const struct linker *linker);

#endif
