/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age files a piece at a time. The input: two bytes that say how to cut, and a file, in binary or in text form. As it
 * cannot forge a tag, some of the files are sealed here, and damaged by what the input says.
 */
#include "schema/age_parts.h"
#include "schema/age_stream.h"
#include "schema/keys.h"
#include "tests/fuzz/age_identity.h"
#include "tests/fuzz/fuzz.h"

#define PLAIN_MAX (2 * AGE_CHUNK + 1)

static struct age_identity *identity;
static uint8_t *noise; /* of PLAIN_MAX bytes */

static void begin(void)
{
	struct err err = ERR_INIT;

	if (identity)
		return;
	FUZZ_HOLDS(keys_begin(&err) == 0);
	FUZZ_HOLDS(age_identity_parse(&identity, FUZZ_AGE_IDENTITY, strlen(FUZZ_AGE_IDENTITY), &err) == 0);
	noise = mem_alloc(PLAIN_MAX);
	for (size_t i = 0; i < PLAIN_MAX; i++)
		noise[i] = (uint8_t)(i * 167 + i / 256);
}

static int open_in(struct buf *out, struct slice file, size_t piece, enum age_form form, struct err *err)
{
	struct age_opener *opener = age_opener_new(&identity, 1, form);
	int result = 0;

	while (result == 0 && file.len > 0)
		result = age_opener_update(opener, out, fuzz_bytes(&file, piece), err);
	if (result == 0)
		result = age_opener_final(opener, out, err);
	age_opener_free(opener);
	return result;
}

/* How it is cut decides nothing. */
static void pieces_hold(struct slice file, size_t piece)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	struct err err = ERR_INIT, again = ERR_INIT;
	int result = open_in(&whole, file, SIZE_MAX, AGE_EITHER, &err);

	FUZZ_HOLDS(open_in(&cut, file, piece, AGE_EITHER, &again) == result);
	FUZZ_HOLDS(err.reason == again.reason && slice_equal(buf_slice(&whole), buf_slice(&cut)));
	if (result != 0)
		fuzz_refusal_holds(&err);
	else
		fuzz_success_holds(&err);
	buf_release(&whole);
	buf_release(&cut);
}

/* Of a binary file: as age_open says, which gives all or nothing, and where it refuses, only whole chunks. */
static void same_as_whole(struct slice file, size_t piece)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	struct err err = ERR_INIT, again = ERR_INIT;
	int result = age_open(&whole, &identity, 1, file, &err);

	FUZZ_HOLDS(open_in(&cut, file, piece, AGE_BINARY, &again) == result);
	FUZZ_HOLDS(err.reason == again.reason);
	if (result == 0)
		FUZZ_HOLDS(slice_equal(buf_slice(&whole), buf_slice(&cut)));
	else
		FUZZ_HOLDS(cut.len % AGE_CHUNK == 0 || again.reason == REASON_AGE_PAYLOAD);
	buf_release(&whole);
	buf_release(&cut);
}

static void seal_in(struct buf *file, struct slice plain, size_t piece)
{
	struct age_recipient recipient;
	struct age_sealer *sealer;

	age_identity_recipient(identity, &recipient);
	sealer = age_sealer_new(file, &recipient, 1);
	while (plain.len > 0)
		age_sealer_update(sealer, file, fuzz_bytes(&plain, piece));
	age_sealer_final(sealer, file);
	age_sealer_free(sealer);
}

/* Sealed in pieces, it opens; with a bit changed, cut, or longer, it is refused, and what comes out is genuine. */
static void sealed_holds(struct slice input, size_t piece)
{
	static const size_t edges[] = { 0, 1, 100, AGE_CHUNK - 1, AGE_CHUNK, AGE_CHUNK + 1, 2 * AGE_CHUNK, PLAIN_MAX };
	const size_t hash = fuzz_hash(input);
	const struct slice plain = slice_of(noise, edges[hash % 8]);
	struct buf file = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	seal_in(&file, plain, piece);
	FUZZ_HOLDS(file.len == age_sealed_size(1, plain.len));
	FUZZ_HOLDS(open_in(&out, buf_slice(&file), piece, AGE_EITHER, &err) == 0);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), plain));
	buf_clear(&out);
	if (hash / 8 % 3 == 0)
		file.data[hash / 64 % file.len] ^= (uint8_t)(1u << hash / 24 % 8);
	else if (hash / 8 % 3 == 1)
		file.len = hash / 64 % file.len;
	else
		buf_append_byte(&file, (uint8_t)hash);
	FUZZ_HOLDS(open_in(&out, buf_slice(&file), piece, AGE_BINARY, &err) != 0);
	fuzz_refusal_holds(&err);
	FUZZ_HOLDS(out.len <= plain.len && slice_equal(buf_slice(&out), slice_of(plain.data, out.len)));
	same_as_whole(buf_slice(&file), piece);
	buf_release(&file);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice file = slice_of(data, size);
	const size_t piece = 1 + (size_t)fuzz_number(&file, 2);

	begin();
	pieces_hold(file, piece);
	same_as_whole(file, piece);
	if (fuzz_hash(file) % 16 == 0)
		sealed_holds(slice_of(data, size), piece < 100 ? piece + 4000 : piece);
	return 0;
}
