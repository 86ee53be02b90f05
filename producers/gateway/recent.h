/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recent: tips acknowledged lately, each with a digest of its frame: a retry of exactly those bytes needs no second
 * publishing. The oldest makes room. Empty after a restart; repeats are then published and dedupe counts them.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_RECENT_H
#define TIPLINE_PRODUCERS_GATEWAY_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/gateway/tipkey.h"

struct recent_item {
	struct tipkey key;
	uint8_t digest[DIGEST_HASH_BYTES];
	uint32_t next; /* in the bucket: index + 1, 0 ends */
};

struct recent {
	struct recent_item *items;
	uint32_t *buckets; /* index + 1, 0 empty */
	size_t max, n, at, mask;
	uint8_t secret[DIGEST_KEY_BYTES];
};

void recent_init(struct recent *recent, size_t max);
void recent_release(struct recent *recent);
void recent_add(struct recent *recent, const struct tipkey *key, const uint8_t digest[DIGEST_HASH_BYTES]);
bool recent_holds(const struct recent *recent, const struct tipkey *key, const uint8_t digest[DIGEST_HASH_BYTES]);

#endif
