/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/bech32.h"

#include <stdbool.h>
#include <string.h>

#define CHECK_SYMBOLS 6
#define SYMBOL_BITS 5

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t checksum_add(uint32_t sum, unsigned value)
{
	static const uint32_t generator[SYMBOL_BITS] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << SYMBOL_BITS ^ value;
	for (unsigned i = 0; i < SYMBOL_BITS; i++)
		sum ^= (0 - (top >> i & 1)) & generator[i];
	return sum;
}

static uint32_t checksum_of_prefix(const char *hrp)
{
	uint32_t sum = 1;

	for (const char *c = hrp; *c != '\0'; c++)
		sum = checksum_add(sum, (unsigned char)*c >> 5);
	sum = checksum_add(sum, 0);
	for (const char *c = hrp; *c != '\0'; c++)
		sum = checksum_add(sum, (unsigned char)*c & 31);
	return sum;
}

static void append_symbol(struct buf *out, uint32_t *sum, unsigned value)
{
	*sum = checksum_add(*sum, value);
	buf_append_byte(out, (uint8_t)alphabet[value]);
}

void bech32_encode(struct buf *out, const char *hrp, const uint8_t *data, size_t len)
{
	uint32_t sum = checksum_of_prefix(hrp);
	unsigned bits = 0, n_bits = 0;

	buf_append_str(out, hrp);
	buf_append_byte(out, '1');
	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xfff;
		for (n_bits += 8; n_bits >= SYMBOL_BITS; n_bits -= SYMBOL_BITS)
			append_symbol(out, &sum, bits >> (n_bits - SYMBOL_BITS) & 31);
	}
	if (n_bits > 0)
		append_symbol(out, &sum, bits << (SYMBOL_BITS - n_bits) & 31);
	for (unsigned i = 0; i < CHECK_SYMBOLS; i++)
		sum = checksum_add(sum, 0);
	sum ^= 1;
	for (unsigned i = 0; i < CHECK_SYMBOLS; i++)
		buf_append_byte(out, (uint8_t)alphabet[sum >> SYMBOL_BITS * (CHECK_SYMBOLS - 1 - i) & 31]);
}

static char lower(char c)
{
	const int added = c >= 'A' && c <= 'Z' ? 'a' - 'A' : 0;

	return (char)(c + added);
}

static bool is_mixed_case(const char *text, size_t len)
{
	bool has_lower = false, has_upper = false;

	for (size_t i = 0; i < len; i++) {
		has_lower = has_lower || (text[i] >= 'a' && text[i] <= 'z');
		has_upper = has_upper || (text[i] >= 'A' && text[i] <= 'Z');
	}
	return has_lower && has_upper;
}

static bool has_prefix(const char *text, const char *hrp, size_t hrp_len)
{
	for (size_t i = 0; i < hrp_len; i++)
		if (lower(text[i]) != hrp[i])
			return false;
	return text[hrp_len] == '1';
}

/* 0 to 31, or -1. The whole table is read for each symbol, since it may be one of a secret key. */
static int symbol_value(char c)
{
	int value = -1;

	for (int i = 0; i < 32; i++)
		value += (0 - (int)(alphabet[i] == lower(c))) & (i + 1);
	return value;
}

/* All symbols of the data part hold and the checksum is right. */
static bool data_part_holds(const char *text, size_t len, const char *hrp)
{
	uint32_t sum = checksum_of_prefix(hrp);

	for (size_t i = 0; i < len; i++) {
		int value = symbol_value(text[i]);

		if (value < 0)
			return false;
		sum = checksum_add(sum, (unsigned)value);
	}
	return sum == 1;
}

int bech32_decode(const char *text, size_t text_len, const char *hrp, uint8_t *data, size_t len)
{
	size_t hrp_len = strlen(hrp), n_symbols = (len * 8 + SYMBOL_BITS - 1) / SYMBOL_BITS;
	unsigned bits = 0, n_bits = 0;
	size_t done = 0;

	if (text_len != hrp_len + 1 + n_symbols + CHECK_SYMBOLS || is_mixed_case(text, text_len) ||
	    !has_prefix(text, hrp, hrp_len))
		return -1;
	text += hrp_len + 1;
	if (!data_part_holds(text, n_symbols + CHECK_SYMBOLS, hrp))
		return -1;
	for (size_t i = 0; i < n_symbols; i++) {
		bits = (bits << SYMBOL_BITS | (unsigned)symbol_value(text[i])) & 0xfff;
		n_bits += SYMBOL_BITS;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		data[done++] = (uint8_t)(bits >> n_bits);
	}
	/* Left-over bits are padding and must be zero, or one key would have several spellings. */
	return (bits & ((1u << n_bits) - 1)) == 0 ? 0 : -1;
}
