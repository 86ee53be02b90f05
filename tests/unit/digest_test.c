/* SPDX-License-Identifier: Apache-2.0 */
/* digest and hex, against published vectors and an independent implementation's answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/digest.h"
#include "schema/hex.h"

static void hashes_as_blake2b_256(void **state)
{
	static const struct { const char *text, *hash; } cases[] = {
		{ "", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
		{ "abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319" },
	};
	uint8_t hash[DIGEST_HASH_BYTES];
	char hex[2 * DIGEST_HASH_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		digest_hash(hash, slice_str(cases[i].text));
		hex_encode(hex, hash, sizeof(hash));
		assert_string_equal(hex, cases[i].hash);
	}
}

static void count_up(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)i;
}

/* hashlib.blake2b(b"abc", digest_size=16, key=bytes(range(32))) */
static void keyed_hash_depends_on_key_and_data(void **state)
{
	uint8_t key[DIGEST_KEY_BYTES], a[DIGEST_KEYED_BYTES], b[DIGEST_KEYED_BYTES];
	char hex[2 * DIGEST_KEYED_BYTES + 1];

	(void)state;
	count_up(key, sizeof(key));
	digest_keyed(a, key, slice_str("abc"));
	hex_encode(hex, a, sizeof(a));
	assert_string_equal(hex, "1a64be47e4729d951c302ee543f97cf3");
	key[31] ^= 1;
	digest_keyed(b, key, slice_str("abc"));
	assert_memory_not_equal(a, b, sizeof(a));
	digest_keyed(a, key, slice_of(NULL, 0));
	assert_memory_not_equal(a, b, sizeof(a));
}

/* The vectors of SipHash's reference code: key 00 to 0f, data 00 01 02 … */
static void macs_as_siphash_2_4(void **state)
{
	static const struct { size_t len; uint64_t mac; } cases[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd }, { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
	};
	uint8_t key[DIGEST_KEY_BYTES], data[64];

	(void)state;
	count_up(key, sizeof(key));
	count_up(data, sizeof(data));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(digest_mac64(key, slice_of(data, cases[i].len)), cases[i].mac);
	key[31] ^= 1; /* the second half plays no part */
	assert_int_equal(digest_mac64(key, slice_of(data, 15)), 0xa129ca6149be45e5);
}

static void hex_goes_both_ways(void **state)
{
	uint8_t all[256], back[256];
	char text[2 * sizeof(all) + 1];

	(void)state;
	count_up(all, sizeof(all));
	hex_encode(text, all, sizeof(all));
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "fdfeff");
	assert_int_equal(hex_decode(back, sizeof(back), text, 512), 0);
	assert_memory_equal(all, back, sizeof(all));
	hex_encode(text, all, 0);
	assert_string_equal(text, "");
	assert_int_equal(hex_decode(back, 0, "", 0), 0);
}

static void hex_has_one_spelling(void **state)
{
	static const char *const wrong[] = { "", "0", "000", "0000g0", "0A", "g0", "0g", " 0", "0 ", "0\n", "\xb0g",
		"-1" };
	uint8_t byte = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(hex_decode(&byte, 1, wrong[i], strlen(wrong[i])), -1);
		assert_int_equal(byte, 0);
	}
	for (int c = 0; c < 256; c++) {
		const char text[2] = { '0', (char)c };
		bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		assert_int_equal(hex_decode(&byte, 1, text, 2), is_digit ? 0 : -1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_blake2b_256),
		cmocka_unit_test(keyed_hash_depends_on_key_and_data),
		cmocka_unit_test(macs_as_siphash_2_4),
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(hex_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
