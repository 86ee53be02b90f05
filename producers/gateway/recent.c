/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/recent.h"

#include <stdlib.h>

void recent_init(struct recent *recent, size_t max)
{
	struct tip_id random[2];
	size_t buckets = 64;

	while (buckets < max)
		buckets *= 2;
	*recent = (struct recent){ .max = max, .mask = buckets - 1 };
	recent->items = mem_alloc(max * sizeof(*recent->items));
	recent->buckets = mem_alloc(buckets * sizeof(*recent->buckets));
	tip_id_random(&random[0]);
	tip_id_random(&random[1]);
	memcpy(recent->secret, random, DIGEST_KEY_BYTES);
}

void recent_release(struct recent *recent)
{
	free(recent->items);
	free(recent->buckets);
	*recent = (struct recent){ 0 };
}

static uint32_t *bucket_of(const struct recent *recent, const struct tipkey *key)
{
	return &recent->buckets[tipkey_hash(key, recent->secret) & recent->mask];
}

static void forget(struct recent *recent, uint32_t index)
{
	uint32_t *link = bucket_of(recent, &recent->items[index].key);
	while (*link != index + 1)
		link = &recent->items[*link - 1].next;
	*link = recent->items[index].next;
}

void recent_add(struct recent *recent, const struct tipkey *key, const uint8_t digest[DIGEST_HASH_BYTES])
{
	uint32_t index = (uint32_t)recent->at;

	if (recent->n == recent->max)
		forget(recent, index);
	else
		recent->n++;
	recent->at = (recent->at + 1) % recent->max;
	uint32_t *bucket = bucket_of(recent, key);
	struct recent_item *item = &recent->items[index];
	item->key = *key;
	item->next = *bucket;
	memcpy(item->digest, digest, DIGEST_HASH_BYTES);
	*bucket = index + 1;
}

bool recent_holds(const struct recent *recent, const struct tipkey *key, const uint8_t digest[DIGEST_HASH_BYTES])
{
	for (uint32_t at = *bucket_of(recent, key); at != 0; at = recent->items[at - 1].next) {
		const struct recent_item *item = &recent->items[at - 1];
		if (tipkey_equal(&item->key, key) && memcmp(item->digest, digest, DIGEST_HASH_BYTES) == 0)
			return true;
	}
	return false;
}
