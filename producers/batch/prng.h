/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prng: repeatable chance for rehearsals (SplitMix64, Steele, Lea, Flood 2014). Never for secrets or ids.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_PRNG_H
#define TIPLINE_PRODUCERS_BATCH_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/buf.h"

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
	uint64_t z = prng->state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline size_t prng_below(struct prng *prng, size_t n)
{
	return (size_t)(prng_next(prng) % n);
}

static inline bool prng_percent(struct prng *prng, unsigned percent)
{
	return prng_below(prng, 100) < percent;
}

/* Dice that depend on a seed and a text alone: the same text always meets the same fate. */
static inline struct prng prng_of(uint64_t seed, struct slice text)
{
	struct prng prng = { seed };
	for (size_t i = 0; i < text.len; i++)
		prng.state = prng_next(&prng) ^ text.data[i];
	return prng;
}

#endif
