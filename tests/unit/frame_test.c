/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/reason.h"

#define BODY_BYTES 4590
#define CONTACT_BYTES FRAME_CONTACT_BYTES

struct fixture {
	uint8_t public_key[FRAME_SIGN_PUBLIC], secret_key[FRAME_SIGN_SECRET];
	struct frame frame;
	struct buf bytes;
	uint8_t body[BODY_BYTES], contact[CONTACT_BYTES];
};

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	if (keys_begin(&err) != 0)
		return -1;
	frame_sign_keypair(f->public_key, f->secret_key);
	randombytes_buf(f->body, sizeof(f->body));
	randombytes_buf(f->contact, sizeof(f->contact));
	tip_id_random(&f->frame.tip_id);
	f->frame.adapter = 0x0203;
	f->frame.day = 0x00005161;
	f->frame.body = slice_of(f->body, sizeof(f->body));
	f->frame.contact = slice_of(f->contact, sizeof(f->contact));
	frame_build(&f->bytes, &f->frame, f->secret_key);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->bytes);
	free(f);
	return 0;
}

/* 0 when it parses and its signature holds. */
static int accept(const struct fixture *f, struct slice bytes, struct err *err)
{
	struct frame frame;

	if (frame_parse(&frame, bytes, err) != 0)
		return -1;
	return frame_verify(&frame, f->public_key, err);
}

static void layout_is_as_written(void **state)
{
	static const uint8_t head[] = { 'T', 'P', 'F', '1', 1, 1, 2, 3 };
	static const uint8_t tail[] = { 0, 0, 0x51, 0x61, 0, 0, 0x11, 0xee, 0, 0, 0x05, 0x8c };
	struct fixture *f = *state;

	assert_int_equal(f->bytes.len, FRAME_HEAD + BODY_BYTES + CONTACT_BYTES + FRAME_SIGNATURE_BYTES);
	assert_memory_equal(f->bytes.data, head, sizeof(head));
	assert_memory_equal(f->bytes.data + 8, f->frame.tip_id.bytes, TIP_ID_BYTES);
	assert_memory_equal(f->bytes.data + 24, tail, sizeof(tail));
	assert_memory_equal(f->bytes.data + 36, f->body, BODY_BYTES);
	assert_memory_equal(f->bytes.data + 36 + BODY_BYTES, f->contact, CONTACT_BYTES);
}

static void parses_what_it_builds(void **state)
{
	struct fixture *f = *state;
	struct frame frame;
	struct err err = ERR_INIT;

	assert_int_equal(frame_parse(&frame, buf_slice(&f->bytes), &err), 0);
	assert_true(tip_id_equal(&frame.tip_id, &f->frame.tip_id));
	assert_int_equal(frame.adapter, f->frame.adapter);
	assert_int_equal(frame.day, f->frame.day);
	assert_true(slice_equal(frame.body, f->frame.body));
	assert_true(slice_equal(frame.contact, f->frame.contact));
	assert_int_equal(frame_verify(&frame, f->public_key, &err), 0);
}

/* The signature can be checked with nothing but its description: Ed25519 over a BLAKE2b-512 hash. */
static void signature_is_as_described(void **state)
{
	struct fixture *f = *state;
	struct buf message = BUF_INIT;
	uint8_t hash[64];

	buf_append_str(&message, "tipline/frame/v1");
	buf_append(&message, f->bytes.data, f->bytes.len - 64);
	crypto_generichash(hash, sizeof(hash), message.data, message.len, NULL, 0);
	assert_int_equal(crypto_sign_verify_detached(f->bytes.data + f->bytes.len - 64, hash, 64, f->public_key), 0);
	buf_release(&message);
}

static void refuses_another_adapters_key(void **state)
{
	uint8_t other_public[FRAME_SIGN_PUBLIC], other_secret[FRAME_SIGN_SECRET];
	struct fixture *f = *state;
	struct frame frame;
	struct err err = ERR_INIT;

	frame_sign_keypair(other_public, other_secret);
	assert_int_equal(frame_parse(&frame, buf_slice(&f->bytes), &err), 0);
	assert_int_equal(frame_verify(&frame, other_public, &err), -1);
	assert_string_equal(err.reason, REASON_FRAME_SIGNATURE);
	memset(other_public, 0, sizeof(other_public)); /* a low-order key would let anyone sign */
	assert_int_equal(frame_verify(&frame, other_public, &err), -1);
}

static void refuses_every_single_bit_flip(void **state)
{
	struct fixture *f = *state;
	size_t refused = 0;

	for (size_t bit = 0; bit < f->bytes.len * 8; bit++) {
		struct err err = ERR_INIT;

		f->bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += accept(f, buf_slice(&f->bytes), &err) == -1 && err.kind == ERR_DATA && err.reason != NULL;
		f->bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(refused, f->bytes.len * 8);
	assert_int_equal(accept(f, buf_slice(&f->bytes), NULL), 0);
}

static void refuses_every_truncation_and_any_tail(void **state)
{
	struct fixture *f = *state;
	struct buf longer = BUF_INIT;

	for (size_t len = 0; len < f->bytes.len; len++) {
		/* A copy of its own size, so that a sanitizer sees any read past its end. */
		uint8_t *copy = mem_alloc(len + 1);
		struct err err = ERR_INIT;

		memcpy(copy, f->bytes.data, len);
		copy = mem_grow(copy, len > 0 ? len : 1);
		assert_int_equal(accept(f, slice_of(copy, len), &err), -1);
		assert_string_equal(err.reason, REASON_FRAME_SHORT);
		free(copy);
	}
	buf_append_slice(&longer, buf_slice(&f->bytes));
	buf_append_byte(&longer, 0);
	assert_int_equal(accept(f, buf_slice(&longer), NULL), -1);
	buf_release(&longer);
}

static void names_what_is_wrong(void **state)
{
	static const struct { size_t at; uint8_t byte; const char *reason; } cases[] = {
		{ 0, 't', "frame-magic" }, { 3, '2', "frame-magic" }, { 4, 0, "frame-version" },
		{ 4, 2, "frame-version" },
		{ 5, 2, "frame-version" }, { 28, 0xff, "frame-short" }, { 32, 0xff, "frame-short" },
		{ 31, 0xed, "frame-lengths" }, { 31, 0xef, "frame-short" }, { 7, 9, "frame-signature" },
		{ 24, 1, "frame-signature" }, { 36, 0, "frame-signature" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t was = f->bytes.data[cases[i].at];
		struct err err = ERR_INIT;

		f->bytes.data[cases[i].at] = cases[i].byte != was ? cases[i].byte : (uint8_t)~was;
		assert_int_equal(accept(f, buf_slice(&f->bytes), &err), -1);
		assert_string_equal(err.reason, cases[i].reason);
		f->bytes.data[cases[i].at] = was;
	}
}

/* Lengths that move bytes between body and contact add up, but the contact part has one size. */
static void refuses_a_moved_border(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	f->bytes.data[31]++;
	f->bytes.data[35]--;
	assert_int_equal(accept(f, buf_slice(&f->bytes), &err), -1);
	assert_string_equal(err.reason, REASON_FRAME_LENGTHS);
	f->bytes.data[31]--;
	f->bytes.data[35]++;
}

static void refuses_an_empty_part_and_too_much(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct frame frame;

	buf_append(&bytes, f->bytes.data, FRAME_HEAD);
	memset(bytes.data + 28, 0, 8);
	bytes.data[31] = 10;
	buf_append(&bytes, f->bytes.data, 10 + FRAME_SIGNATURE_BYTES);
	assert_int_equal(frame_parse(&frame, buf_slice(&bytes), &err), -1);
	assert_string_equal(err.reason, REASON_FRAME_LENGTHS);
	buf_reserve(&bytes, FRAME_MAX);
	assert_int_equal(frame_parse(&frame, slice_of(bytes.data, FRAME_MAX + 1), &err), -1);
	assert_string_equal(err.reason, REASON_TOO_LARGE);
	buf_release(&bytes);
}

static void survives_random_input(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[512];

	for (int round = 0; round < 100000; round++) {
		size_t len = randombytes_uniform(sizeof(bytes));

		randombytes_buf(bytes, sizeof(bytes));
		if (round % 2 == 0)
			memcpy(bytes, f->bytes.data, 6);
		if (round % 4 == 0)
			memset(bytes + 28, 0, 3), memset(bytes + 32, 0, 3);
		assert_int_equal(accept(f, slice_of(bytes, len), NULL), -1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_as_written),
		cmocka_unit_test(parses_what_it_builds),
		cmocka_unit_test(signature_is_as_described),
		cmocka_unit_test(refuses_another_adapters_key),
		cmocka_unit_test(refuses_every_single_bit_flip),
		cmocka_unit_test(refuses_every_truncation_and_any_tail),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(refuses_a_moved_border),
		cmocka_unit_test(refuses_an_empty_part_and_too_much),
		cmocka_unit_test(survives_random_input),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
