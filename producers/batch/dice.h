/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice: repeatable chance for rehearsals (SplitMix64, Steele, Lea, Flood 2014). Never for secrets or ids.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_DICE_H
#define TIPLINE_PRODUCERS_BATCH_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/buf.h"

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline size_t dice_below(struct dice *dice, size_t n)
{
	return (size_t)(dice_next(dice) % n);
}

static inline bool dice_percent(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

/* Dice that depend on a seed and a text alone: the same text always meets the same fate. */
static inline struct dice dice_of(uint64_t seed, struct slice text)
{
	struct dice dice = { seed };
	for (size_t i = 0; i < text.len; i++)
		dice.state = dice_next(&dice) ^ text.data[i];
	return dice;
}

#endif
