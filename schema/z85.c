/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/z85.h"

#include <sodium.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define BASE 85
#define GROUP_TEXT 5
#define GROUP_BYTES 4

static const char alphabet[BASE + 1] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

void z85_encode(char *text, const uint8_t *data, size_t len)
{
	if (len % GROUP_BYTES != 0)
		BUG("z85 of %zu bytes", len);
	for (; len > 0; len -= GROUP_BYTES, data += GROUP_BYTES, text += GROUP_TEXT) {
		uint32_t group = be32_read(data);

		for (int i = GROUP_TEXT - 1; i >= 0; i--, group /= BASE)
			text[i] = alphabet[group % BASE];
	}
	*text = '\0';
}

/* 0 to 84, or -1. The whole table is read for each character, since it may be one of a secret key. */
static int digit_value(char c)
{
	int value = -1;

	for (int i = 0; i < BASE; i++)
		value += (0 - (int)(alphabet[i] == c)) & (i + 1);
	return value;
}

static int group_decode(uint8_t out[GROUP_BYTES], const char *text)
{
	uint64_t group = 0;

	for (int i = 0; i < GROUP_TEXT; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return -1;
		group = group * BASE + (unsigned)value;
	}
	if (group > UINT32_MAX)
		return -1;
	for (int i = 0; i < GROUP_BYTES; i++)
		out[i] = (uint8_t)(group >> 8 * (GROUP_BYTES - 1 - i));
	return 0;
}

int z85_decode(uint8_t *data, size_t len, const char *text, size_t text_len)
{
	int result = len % GROUP_BYTES == 0 && text_len == len / GROUP_BYTES * GROUP_TEXT ? 0 : -1;

	for (size_t i = 0; result == 0 && i < len / GROUP_BYTES; i++)
		result = group_decode(data + GROUP_BYTES * i, text + GROUP_TEXT * i);
	if (result != 0)
		sodium_memzero(data, len);
	return result;
}
