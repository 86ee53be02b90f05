/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/hkdf.h"

#include <sodium.h>

_Static_assert(HKDF_BYTES == crypto_auth_hmacsha256_BYTES, "one expand step gives the whole output");

void hmac_sha256(uint8_t out[HKDF_BYTES], struct slice key, struct slice message)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key.data, key.len);
	crypto_auth_hmacsha256_update(&state, message.data, message.len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

void hkdf_sha256(uint8_t out[HKDF_BYTES], struct slice key_material, struct slice salt, struct slice info)
{
	static const uint8_t first_block = 1;
	crypto_auth_hmacsha256_state state;
	uint8_t extracted[HKDF_BYTES];

	hmac_sha256(extracted, salt, key_material);
	crypto_auth_hmacsha256_init(&state, extracted, sizeof(extracted));
	crypto_auth_hmacsha256_update(&state, info.data, info.len);
	crypto_auth_hmacsha256_update(&state, &first_block, sizeof(first_block));
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
	sodium_memzero(extracted, sizeof(extracted));
}
