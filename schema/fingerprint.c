/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "schema/digest.h"
#include "schema/hex.h"

void fingerprint_secret(char text[FINGERPRINT_TEXT], const char *kind, struct slice key)
{
	static const uint8_t context[] = "tipline/fingerprint/v1/";
	uint8_t hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, context, sizeof(context) - 1);
	crypto_generichash_update(&state, (const uint8_t *)kind, strlen(kind) + 1);
	crypto_generichash_update(&state, key.data, key.len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	hex_encode(text, hash, (FINGERPRINT_TEXT - 1) / 2);
	sodium_memzero(&state, sizeof(state));
}

void fingerprint_public(char text[FINGERPRINT_TEXT], struct slice key)
{
	uint8_t hash[DIGEST_HASH_BYTES];

	digest_hash(hash, key);
	hex_encode(text, hash, (FINGERPRINT_TEXT - 1) / 2);
}

void fingerprint_name(char name[FINGERPRINT_NAME], const char *kind, struct slice public_key)
{
	char text[FINGERPRINT_TEXT];

	fingerprint_public(text, public_key);
	snprintf(name, FINGERPRINT_NAME, "%.16s:%s", kind, text);
}
