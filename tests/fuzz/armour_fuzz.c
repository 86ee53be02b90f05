/* SPDX-License-Identifier: Apache-2.0 */
/* The text form of age files. What is taken has one spelling, but for CRLF and the white space around it. */
#include <sodium.h>

#include "schema/age_armour.h"
#include "schema/keys.h"
#include "tests/fuzz/fuzz.h"

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----\n"
#define END_LINE "-----END AGE ENCRYPTED FILE-----"
#define LINE_BYTES 48

static int decode(struct buf *out, struct slice text, size_t piece, struct err *err)
{
	struct age_armour armour;
	int result = 0;

	age_armour_init(&armour);
	while (result == 0 && text.len > 0)
		result = age_armour_update(&armour, out, fuzz_bytes(&text, piece), err);
	return result == 0 ? age_armour_final(&armour, out, err) : result;
}

static void encode(struct buf *out, struct slice bytes)
{
	char line[80];

	buf_append_str(out, BEGIN_LINE);
	while (bytes.len > 0) {
		const struct slice some = fuzz_bytes(&bytes, LINE_BYTES);

		sodium_bin2base64(line, sizeof(line), some.data, some.len, sodium_base64_VARIANT_ORIGINAL);
		buf_printf(out, "%s\n", line);
	}
	buf_append_str(out, END_LINE);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without white space around it, and with LF for CRLF. */
static void normalise(struct buf *out, struct slice text)
{
	size_t start = 0;

	while (start < text.len && is_space(text.data[start]))
		start++;
	while (text.len > start && is_space(text.data[text.len - 1]))
		text.len--;
	for (size_t i = start; i < text.len; i++)
		if (text.data[i] != '\r' || i + 1 == text.len || text.data[i + 1] != '\n')
			buf_append_byte(out, text.data[i]);
}

static void has_one_spelling(struct slice text, struct slice decoded)
{
	struct buf want = BUF_INIT, got = BUF_INIT;

	encode(&want, decoded);
	normalise(&got, text);
	FUZZ_HOLDS(slice_equal(buf_slice(&want), buf_slice(&got)));
	buf_release(&want);
	buf_release(&got);
}

static void any_bytes_go_there_and_back(struct slice bytes)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	encode(&text, bytes);
	FUZZ_HOLDS(decode(&out, buf_slice(&text), 1 + fuzz_hash(bytes) % 100, &err) == 0);
	fuzz_success_holds(&err);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), bytes));
	buf_release(&text);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_of(data, size);
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	struct err err = ERR_INIT, again = ERR_INIT;
	int result;

	FUZZ_HOLDS(keys_begin(&err) == 0);
	result = decode(&whole, text, SIZE_MAX, &err);
	FUZZ_HOLDS(decode(&pieces, text, 1 + fuzz_hash(text) % 70, &again) == result);
	FUZZ_HOLDS(slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	if (result == 0) {
		has_one_spelling(text, buf_slice(&whole));
	} else {
		fuzz_refusal_holds(&err);
		FUZZ_HOLDS(err.reason == REASON_AGE_ARMOUR && again.reason == REASON_AGE_ARMOUR);
	}
	if (fuzz_hash(text) % 8 == 0)
		any_bytes_go_there_and_back(text);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
