/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flights: tips that were given to the broker and not yet reported on: (adapter, tip id) → whom to answer. A fixed
 * number of places; the oldest is known. A flight stays at its address from flights_add to flights_remove, so it can
 * be a producer's opaque pointer.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_FLIGHTS_H
#define TIPLINE_PRODUCERS_GATEWAY_FLIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "producers/gateway/route.h"
#include "producers/gateway/tipkey.h"

struct flight {
	struct tipkey key;
	uint8_t digest[DIGEST_HASH_BYTES]; /* of the whole frame */
	struct route route;                /* who asked last */
	uint64_t seq;
	int64_t since_ms;
	struct flight *next, *newer, *older; /* bucket; age */
};

struct flights {
	struct flight *items, *spare, **buckets;
	struct flight *oldest, *newest;
	size_t max, n, mask;
	uint8_t secret[DIGEST_KEY_BYTES];
};

void flights_init(struct flights *flights, size_t max);
void flights_release(struct flights *flights);
struct flight *flights_find(struct flights *flights, const struct tipkey *key);
/* NULL when all places are taken. The caller fills digest, route and seq. */
struct flight *flights_add(struct flights *flights, const struct tipkey *key, int64_t now_ms);
void flights_remove(struct flights *flights, struct flight *flight);
int64_t flights_age(const struct flights *flights, int64_t now_ms); /* of the oldest, 0 when there is none */

#endif
