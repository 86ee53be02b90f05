/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip_keys: collects the keys of a JSON document while it is scanned, and says whether an object has one twice,
 * written plainly or with escapes. Sorting finds it in n log n, however many keys an attacker sends. For tip_guard.c.
 */
#ifndef TIPLINE_SCHEMA_TIP_KEYS_H
#define TIPLINE_SCHEMA_TIP_KEYS_H

#include <stdbool.h>

#include "ops/runtime/buf.h"

struct tip_key {
	uint32_t object;     /* the object's number in the document */
	bool escaped;        /* `at` counts in `decoded`, not in the document */
	size_t at, len;
	const uint8_t *text; /* filled in before sorting */
};

struct tip_keys {
	struct tip_key *items;
	size_t n, room;
	struct buf decoded;
};

/* `text`: between the quotes, in `document`, with valid escapes. */
void tip_keys_add(struct tip_keys *keys, uint32_t object, struct slice document, struct slice text);
/* Ends the collecting: sorts. */
bool tip_keys_repeat(struct tip_keys *keys, struct slice document);
void tip_keys_release(struct tip_keys *keys);

#endif
