/* SPDX-License-Identifier: Apache-2.0 */
/* age files: header, payload, and the plaintext that lies in a frame's body. The seeds are sealed to this identity. */
#include "schema/age_parts.h"
#include "schema/keys.h"
#include "schema/seal.h"
#include "tests/fuzz/age_identity.h"
#include "tests/fuzz/fuzz.h"

#define BODY_SIZE 4096

static struct age_identity *identity;

static void begin(void)
{
	struct err err = ERR_INIT;

	if (identity)
		return;
	FUZZ_HOLDS(keys_begin(&err) == 0);
	FUZZ_HOLDS(age_identity_parse(&identity, FUZZ_AGE_IDENTITY, strlen(FUZZ_AGE_IDENTITY), &err) == 0);
}

static void header_holds(struct slice file)
{
	struct age_header header;
	struct err err = ERR_INIT;

	if (age_header_parse(&header, file, &err) != 0) {
		fuzz_refusal_holds(&err);
		FUZZ_HOLDS(err.reason == REASON_AGE_HEADER);
		return;
	}
	FUZZ_HOLDS(header.n <= AGE_RECIPIENTS_MAX && header.size <= AGE_HEADER_MAX && header.size <= file.len);
	FUZZ_HOLDS(header.covered.data == file.data && header.covered.len + 1 + AGE_BASE64_32 + 1 == header.size);
	FUZZ_HOLDS(file.data[header.size - 1] == '\n');
}

/* All or nothing: nothing is given of a file that does not open whole. */
static void opening_holds(struct slice file)
{
	struct buf plain = BUF_INIT;
	struct err err = ERR_INIT;

	buf_append_str(&plain, "before");
	if (age_open(&plain, &identity, 1, file, &err) != 0) {
		fuzz_refusal_holds(&err);
		FUZZ_HOLDS(slice_equal(buf_slice(&plain), slice_str("before")));
	} else {
		FUZZ_HOLDS(plain.len >= strlen("before") && plain.len < strlen("before") + file.len);
	}
	buf_release(&plain);
}

/* A sealed file opens to what was sealed; with one bit changed, or cut, or with more behind it, it does not open. */
static void sealing_holds(struct slice plain)
{
	const size_t place = fuzz_hash(plain);
	struct age_recipient recipient;
	struct buf file = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	age_identity_recipient(identity, &recipient);
	age_seal_among_fill(&file, &recipient, 1, 1 + place % 4, plain);
	FUZZ_HOLDS(file.len == age_sealed_size(1 + place % 4, plain.len));
	FUZZ_HOLDS(age_open(&out, &identity, 1, buf_slice(&file), &err) == 0);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), plain));
	buf_clear(&out);
	if (place % 3 == 0)
		file.data[place / 8 % file.len] ^= (uint8_t)(1u << place % 8);
	else if (place % 3 == 1)
		file.len = place / 8 % file.len;
	else
		buf_append_byte(&file, (uint8_t)place);
	FUZZ_HOLDS(age_open(&out, &identity, 1, buf_slice(&file), &err) != 0 && out.len == 0);
	fuzz_refusal_holds(&err);
	buf_release(&file);
	buf_release(&out);
}

/* The input as the beginning of a body of the smallest size. */
static void body_holds(struct slice input)
{
	struct buf plain = BUF_INIT;
	struct seal_body body;
	struct err err = ERR_INIT;

	memset(buf_reserve(&plain, BODY_SIZE), 0, BODY_SIZE);
	plain.len = BODY_SIZE;
	if (input.len)
		memcpy(plain.data, input.data, input.len < BODY_SIZE ? input.len : BODY_SIZE);
	if (seal_body_parse(&body, buf_slice(&plain), &err) != 0) {
		fuzz_refusal_holds(&err);
	} else {
		FUZZ_HOLDS(body.json.data == plain.data + BODY_HEAD && body.json.len <= BODY_SIZE - BODY_HEAD);
		FUZZ_HOLDS(body.channel < N_CHANNELS);
	}
	if (input.len != BODY_SIZE)
		FUZZ_HOLDS(seal_body_parse(&body, slice_of(plain.data, input.len % BODY_SIZE), NULL) != 0);
	buf_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t edges[] = { 0, 1, AGE_CHUNK - 1, AGE_CHUNK, AGE_CHUNK + 1, 2 * AGE_CHUNK };
	static const uint8_t zeros[2 * AGE_CHUNK];
	const struct slice input = slice_of(data, size);

	begin();
	header_holds(input);
	opening_holds(input);
	body_holds(input);
	if (fuzz_hash(input) % 64 == 0)
		sealing_holds(slice_of(zeros, edges[fuzz_hash(input) / 64 % (sizeof(edges) / sizeof(edges[0]))]));
	else if (fuzz_hash(input) % 8 == 0)
		sealing_holds(input);
	return 0;
}
