/* SPDX-License-Identifier: Apache-2.0 */
/*
 * score: what a shared token says, and what two tips that share some score, from 0 to 1. Numbers only.
 *
 * A weight is from 2^-8 to 2^6: a double adds TOKENS_MAX of them without rounding, in whatever order.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_SCORE_H
#define TIPLINE_WORKERS_DEDUPE_SCORE_H

#include <math.h>

#include "schema/record.h"

#define SCORE_LOGS 1024
#define SCORE_RARITY_MIN 0.02f
#define SCORE_LOG_OF_TWO 0.7f   /* so that a token of half of the tips weighs next to nothing */
#define SCORE_DF_SMOOTHING 0.5f /* half a tip more, so that a token no tip has yet has a logarithm */

struct score_class {
	float weight;
	uint32_t reason;
	float prior; /* tips imagined beside those of the window: an empty index does not make every name rare */
};

extern const struct score_class score_classes[N_TOKEN_CLASSES];

struct score_scale {
	float log_n[N_TOKEN_CLASSES];  /* of the number of tips and the class's prior */
	float log_df[SCORE_LOGS];      /* of the small document frequencies, which most are */
};

struct score_sum { /* what a tip shares with another: weights */
	float words, facts;
	uint32_t reasons;
};

void score_scale_init(struct score_scale *scale);
/* Weights are as among so many tips from now on. */
void score_scale_tips(struct score_scale *scale, size_t n_tips);

/* A token's weight: its class's, times the natural logarithm of how many times rarer than everywhere it is; next to
 * nothing when half of the tips have it, but never nothing, so that a copy is a copy even where all of its tokens are
 * common. */
static inline float score_weight(const struct score_scale *scale, uint8_t class, uint32_t df)
{
	float log_df = df < SCORE_LOGS ? scale->log_df[df] : logf((float)df + SCORE_DF_SMOOTHING);
	float rarity = scale->log_n[class] - log_df - SCORE_LOG_OF_TWO;

	return score_classes[class].weight * (rarity > SCORE_RARITY_MIN ? rarity : SCORE_RARITY_MIN);
}

/* The weight of all that is shared, with words capped by the facts beside them. */
float score_capped(const struct score_sum *sum);
/* `own`, `other`: the weights of all tokens of either tip. */
float score_of(const struct score_sum *sum, float own, float other);

#endif
