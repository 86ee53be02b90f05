/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/hex.h"

#include <sodium.h>

void hex_encode(char *text, const uint8_t *data, size_t len)
{
	sodium_bin2hex(text, 2 * len + 1, data, len);
}

int hex_decode(uint8_t *data, size_t len, const char *text, size_t text_len)
{
	unsigned upper = 0;
	size_t got = 0;

	/* libsodium takes A to F too; one spelling alone lets hex stand for the bytes as a key. */
	for (size_t i = 0; i < text_len; i++)
		upper |= (unsigned)(text[i] >= 'A') & (unsigned)(text[i] <= 'F');
	if (text_len == 2 * len && upper == 0 && sodium_hex2bin(data, len, text, text_len, NULL, &got, NULL) == 0 &&
	    got == len)
		return 0;
	sodium_memzero(data, len);
	return -1;
}
