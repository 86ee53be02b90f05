/* SPDX-License-Identifier: Apache-2.0 */
/* bech32 against BIP 173's and age's own examples, and z85 against ZeroMQ RFC 32's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/bech32.h"
#include "schema/hex.h"
#include "schema/z85.h"

struct example {
	const char *text, *hrp, *hex;
};

static const struct example good[] = {
	{ "A12UEL5L", "a", "" },
	{ "a12uel5l", "a", "" },
	{ "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
	  "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", "" },
	{ "?1ezyfcl", "?", "" },
	/* BIP 173's example for all 32 symbols, which are 20 bytes */
	{ "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", "00443214c74254b635cf84653a56d7c675be77df" },
};

static void decodes_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t len = strlen(good[i].hex) / 2;
		uint8_t data[32], want[32];
		struct buf again = BUF_INIT;

		assert_int_equal(bech32_decode(good[i].text, strlen(good[i].text), good[i].hrp, data, len), 0);
		assert_int_equal(hex_decode(want, len, good[i].hex, 2 * len), 0);
		assert_memory_equal(data, want, len);
		bech32_encode(&again, good[i].hrp, data, len);
		assert_int_equal(strncasecmp(buf_text(&again), good[i].text, again.len + 1), 0);
		buf_release(&again);
	}
}

static void refuses_examples(void **state)
{
	static const struct example bad[] = {
		{ "A12uEL5L", "a", "" },        /* mixed case */
		{ "A1G7SGD8", "a", "" },        /* checksum over upper-case prefix */
		{ "x1b4n0q5v", "x", "" },       /* b is no symbol */
		{ "li1dgmt3", "li", "" },       /* checksum too short */
		{ "1qzzfhee", "", "" },         /* no prefix and wrong sum */
		{ "a12uel5l", "b", "" },        /* another prefix */
		{ "a12uel5l", "a", "00" },      /* too short for the data wanted */
		{ "", "a", "" }, { "a", "a", "" }, { "a1", "a", "" },
		{ "a12uel5m", "a", "" },
	};
	uint8_t data[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bech32_decode(bad[i].text, strlen(bad[i].text), bad[i].hrp, data,
					       strlen(bad[i].hex) / 2), -1);
}

/* Any one changed character, and any two swapped neighbours that differ, break a key. */
static void any_slip_of_the_pen_is_found(void **state)
{
	struct buf text = BUF_INIT;
	uint8_t key[32], back[32];

	(void)state;
	randombytes_buf(key, sizeof(key));
	bech32_encode(&text, "age", key, sizeof(key));
	assert_int_equal(text.len, 62);
	for (size_t i = 0; i < text.len; i++)
		for (int c = 1; c < 256; c++) {
			text.data[i] ^= (uint8_t)c;
			assert_int_equal(bech32_decode((char *)text.data, text.len, "age", back, 32), -1);
			text.data[i] ^= (uint8_t)c;
		}
	for (size_t i = 0; i + 1 < text.len; i++) {
		uint8_t first = text.data[i], second = text.data[i + 1];

		text.data[i] = second;
		text.data[i + 1] = first;
		assert_int_equal(bech32_decode((char *)text.data, text.len, "age", back, 32),
				 first == second ? 0 : -1);
		text.data[i] = first;
		text.data[i + 1] = second;
	}
	assert_int_equal(bech32_decode((char *)text.data, text.len, "age", back, 32), 0);
	assert_memory_equal(key, back, 32);
	buf_release(&text);
}

/* Two symbols hold a byte and two bits of padding; each of these has a right checksum. */
static void padding_bits_are_zero(void **state)
{
	static const char *const padded[] = { "age1qpu0j2ex", "age1qzju8uhe", "age1qr02nf2t" };
	uint8_t byte = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(padded) / sizeof(padded[0]); i++)
		assert_int_equal(bech32_decode(padded[i], strlen(padded[i]), "age", &byte, 1), -1);
	assert_int_equal(bech32_decode("age1qqpexly5", 12, "age", &byte, 1), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(bech32_decode("age1qywnyetw", 12, "age", &byte, 1), 0);
	assert_int_equal(byte, 1);
}

static void z85_as_in_the_rfc(void **state)
{
	static const uint8_t hello[] = { 0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b };
	char text[Z85_KEY_TEXT + 1];
	uint8_t key[32], back[32];

	(void)state;
	z85_encode(text, hello, sizeof(hello));
	assert_string_equal(text, "HelloWorld");
	assert_int_equal(z85_decode(back, sizeof(hello), "HelloWorld", 10), 0);
	assert_memory_equal(back, hello, sizeof(hello));
	for (int i = 0; i < 100; i++) {
		randombytes_buf(key, sizeof(key));
		z85_encode(text, key, sizeof(key));
		assert_int_equal(strlen(text), Z85_KEY_TEXT);
		assert_int_equal(z85_decode(back, sizeof(back), text, Z85_KEY_TEXT), 0);
		assert_memory_equal(key, back, sizeof(key));
	}
}

static void z85_refuses_other_text(void **state)
{
	static const char *const wrong[] = { "", "0000", "000000", "0000'", "0000 ", "0000\n", "#####", "%nSc1",
		"00\xb0..", "00\xb0\xb0\xb0" };
	uint8_t data[4];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(z85_decode(data, sizeof(data), wrong[i], strlen(wrong[i])), -1);
	assert_int_equal(z85_decode(data, sizeof(data), "%nSc0", 5), 0); /* the greatest: ff ff ff ff */
	assert_memory_equal(data, "\xff\xff\xff\xff", 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_examples),
		cmocka_unit_test(refuses_examples),
		cmocka_unit_test(any_slip_of_the_pen_is_found),
		cmocka_unit_test(padding_bits_are_zero),
		cmocka_unit_test(z85_as_in_the_rfc),
		cmocka_unit_test(z85_refuses_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
