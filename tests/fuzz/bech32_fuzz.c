/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and ids as text: Bech32, Z85, hex. */
#include "schema/age.h"
#include "schema/bech32.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/tip_id.h"
#include "schema/z85.h"
#include "tests/fuzz/fuzz.h"

#define HRP "age"
#define KEY 32
#define DATA_MAX 64

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* A key has one spelling, but for the case of all its letters. */
static void decoded_holds(const char *text, size_t len)
{
	uint8_t key[KEY];
	struct buf again = BUF_INIT;
	char *small;

	if (bech32_decode(text, len, HRP, key, sizeof(key)) != 0)
		return;
	small = fuzz_text(slice_of(text, len));
	lower(small);
	bech32_encode(&again, HRP, key, sizeof(key));
	FUZZ_HOLDS(slice_equal(buf_slice(&again), slice_str(small)));
	buf_release(&again);
	free(small);
}

/* Up to four wrong characters are always found. */
static void wrong_characters_are_found(struct slice data)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	const size_t hash = fuzz_hash(data);
	uint8_t back[DATA_MAX];
	struct buf text = BUF_INIT, wrong = BUF_INIT;

	bech32_encode(&text, HRP, data.data, data.len);
	FUZZ_HOLDS(bech32_decode(buf_text(&text), text.len, HRP, back, data.len) == 0);
	FUZZ_HOLDS(data.len == 0 || memcmp(back, data.data, data.len) == 0);
	buf_append_slice(&wrong, buf_slice(&text));
	for (size_t i = 0; i <= hash % 4; i++)
		wrong.data[sizeof(HRP) + (hash >> 8 * i) % (text.len - sizeof(HRP))] = (uint8_t)alphabet[(hash >> 5 * i) % 32];
	if (!slice_equal(buf_slice(&wrong), buf_slice(&text)) && text.len < 90)
		FUZZ_HOLDS(bech32_decode(buf_text(&wrong), wrong.len, HRP, back, data.len) != 0);
	buf_release(&text);
	buf_release(&wrong);
}

static void others_hold(const char *text, size_t len, struct slice data)
{
	char z85[DATA_MAX / 4 * 5 + 1], hex[2 * DATA_MAX + 1], id_text[TIP_ID_HEX];
	uint8_t back[DATA_MAX];
	const size_t quads = data.len / 4 * 4;
	struct tip_id id;

	hex_encode(hex, data.data, data.len);
	FUZZ_HOLDS(hex_decode(back, data.len, hex, strlen(hex)) == 0 && memcmp(back, data.data, data.len) == 0);
	z85_encode(z85, data.data, quads);
	FUZZ_HOLDS(z85_decode(back, quads, z85, strlen(z85)) == 0 && memcmp(back, data.data, quads) == 0);
	if (z85_decode(back, KEY, text, len) == 0) {
		z85_encode(z85, back, KEY);
		FUZZ_HOLDS(len == Z85_KEY_TEXT && memcmp(z85, text, len) == 0);
	}
	if (tip_id_parse(&id, text, len) == 0) {
		tip_id_hex(&id, id_text);
		FUZZ_HOLDS(len == TIP_ID_HEX - 1 && memcmp(id_text, text, len) == 0);
	}
}

static void age_keys_hold(const char *text, size_t len)
{
	char recipient_text[AGE_RECIPIENT_TEXT], identity_text[AGE_IDENTITY_TEXT];
	struct age_recipient recipient;
	struct age_identity *identity;
	struct err err = ERR_INIT;

	if (age_recipient_parse(&recipient, text, len, &err) == 0) {
		age_recipient_text(&recipient, recipient_text);
		FUZZ_HOLDS(strlen(recipient_text) == len);
	} else {
		fuzz_error_holds(&err);
	}
	err = (struct err)ERR_INIT;
	if (len < 64 || len > 80) /* locked memory costs system calls */
		return;
	if (age_identity_parse(&identity, text, len, &err) == 0) {
		age_identity_text(identity, identity_text);
		FUZZ_HOLDS(strlen(identity_text) == len);
		age_identity_free(identity);
	} else {
		fuzz_error_holds(&err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice some = slice_of(data, size < DATA_MAX ? size : DATA_MAX);
	char *text = fuzz_text(slice_of(data, size));
	struct err err = ERR_INIT;

	FUZZ_HOLDS(keys_begin(&err) == 0);
	decoded_holds(text, size);
	age_keys_hold(text, size);
	if (size > 0) {
		wrong_characters_are_found(some);
		others_hold(text, size, some);
	}
	free(text);
	return 0;
}
