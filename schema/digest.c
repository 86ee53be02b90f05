/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/digest.h"

#include <sodium.h>
#include <string.h>

#include "ops/runtime/err.h"

_Static_assert(DIGEST_SRI == 7 + sodium_base64_ENCODED_LEN(crypto_hash_sha512_BYTES, 1), "with its NUL");
_Static_assert(DIGEST_KEYED_BYTES == crypto_generichash_BYTES_MIN, "BLAKE2b gives 128 bits at least");
_Static_assert(DIGEST_KEY_BYTES >= crypto_shorthash_siphash24_KEYBYTES, "the first half keys SipHash");

static void blake2b(uint8_t *out, size_t out_len, const uint8_t *key, size_t key_len, struct slice data)
{
	if (crypto_generichash(out, out_len, data.data, data.len, key, key_len) != 0)
		BUG("BLAKE2b refused its arguments");
}

void digest_keyed(uint8_t out[DIGEST_KEYED_BYTES], const uint8_t key[DIGEST_KEY_BYTES], struct slice data)
{
	blake2b(out, DIGEST_KEYED_BYTES, key, DIGEST_KEY_BYTES, data);
}

void digest_hash(uint8_t out[DIGEST_HASH_BYTES], struct slice data)
{
	blake2b(out, DIGEST_HASH_BYTES, NULL, 0, data);
}

void digest_sri(char text[DIGEST_SRI], struct slice data)
{
	static const char name[] = "sha512-";
	uint8_t hash[crypto_hash_sha512_BYTES];

	crypto_hash_sha512(hash, data.data, data.len);
	memcpy(text, name, sizeof(name) - 1);
	sodium_bin2base64(text + sizeof(name) - 1, DIGEST_SRI - (sizeof(name) - 1), hash, sizeof(hash),
			  sodium_base64_VARIANT_ORIGINAL);
}

uint64_t digest_mac64(const uint8_t key[DIGEST_KEY_BYTES], struct slice data)
{
	uint8_t bytes[crypto_shorthash_siphash24_BYTES];
	uint64_t mac = 0;

	if (crypto_shorthash_siphash24(bytes, data.data, data.len, key) != 0)
		BUG("SipHash refused its arguments");
	for (size_t i = sizeof(bytes); i > 0; i--) /* SipHash writes its number little-endian */
		mac = mac << 8 | bytes[i - 1];
	return mac;
}
