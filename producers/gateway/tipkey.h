/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipkey: an adapter's number and a tip id: what the gateway's tables are keyed by. Tip ids are the adapter's choice,
 * so tables hash them under a key of the process: no adapter can aim at one bucket.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_TIPKEY_H
#define TIPLINE_PRODUCERS_GATEWAY_TIPKEY_H

#include <string.h>

#include "schema/digest.h"
#include "schema/tip_id.h"

struct tipkey {
	uint16_t adapter;
	struct tip_id tip_id;
};

static inline bool tipkey_equal(const struct tipkey *a, const struct tipkey *b)
{
	return a->adapter == b->adapter && tip_id_equal(&a->tip_id, &b->tip_id);
}

static inline size_t tipkey_hash(const struct tipkey *key, const uint8_t secret[DIGEST_KEY_BYTES])
{
	uint8_t bytes[2 + TIP_ID_BYTES] = { (uint8_t)(key->adapter >> 8), (uint8_t)key->adapter };
	memcpy(bytes + 2, key->tip_id.bytes, TIP_ID_BYTES);
	return (size_t)digest_mac64(secret, slice_of(bytes, sizeof(bytes)));
}

#endif
