/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/flights.h"

#include <stdlib.h>

static void draw_secret(uint8_t secret[DIGEST_KEY_BYTES])
{
	struct tip_id random[2];
	tip_id_random(&random[0]);
	tip_id_random(&random[1]);
	memcpy(secret, random, DIGEST_KEY_BYTES);
}

void flights_init(struct flights *flights, size_t max)
{
	size_t buckets = 64;
	while (buckets < 2 * max)
		buckets *= 2;
	*flights = (struct flights){ .max = max, .mask = buckets - 1 };
	flights->items = mem_alloc(max * sizeof(*flights->items));
	flights->buckets = mem_alloc(buckets * sizeof(struct flight *));
	for (size_t i = 0; i < max; i++) {
		flights->items[i].next = flights->spare;
		flights->spare = &flights->items[i];
	}
	draw_secret(flights->secret);
}

void flights_release(struct flights *flights)
{
	free(flights->items);
	free(flights->buckets);
	*flights = (struct flights){ 0 };
}

static struct flight **bucket_of(struct flights *flights, const struct tipkey *key)
{
	return &flights->buckets[tipkey_hash(key, flights->secret) & flights->mask];
}

struct flight *flights_find(struct flights *flights, const struct tipkey *key)
{
	struct flight *flight = *bucket_of(flights, key);
	while (flight != NULL && !tipkey_equal(&flight->key, key))
		flight = flight->next;
	return flight;
}

struct flight *flights_add(struct flights *flights, const struct tipkey *key, int64_t now_ms)
{
	struct flight *flight = flights->spare, **bucket = bucket_of(flights, key);
	if (flight == NULL)
		return NULL;
	flights->spare = flight->next;
	*flight = (struct flight){ .key = *key, .since_ms = now_ms, .next = *bucket, .older = flights->newest };
	*bucket = flight;
	if (flights->newest != NULL)
		flights->newest->newer = flight;
	else
		flights->oldest = flight;
	flights->newest = flight;
	flights->n++;
	return flight;
}

void flights_remove(struct flights *flights, struct flight *flight)
{
	struct flight **at = bucket_of(flights, &flight->key);
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	if (flight->older != NULL)
		flight->older->newer = flight->newer;
	else
		flights->oldest = flight->newer;
	if (flight->newer != NULL)
		flight->newer->older = flight->older;
	else
		flights->newest = flight->older;
	flight->next = flights->spare;
	flights->spare = flight;
	flights->n--;
}

int64_t flights_age(const struct flights *flights, int64_t now_ms)
{
	return flights->oldest != NULL ? now_ms - flights->oldest->since_ms : 0;
}
