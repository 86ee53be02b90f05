/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole frames, as an adapter sends them. Each bit of one that is changed and each cut is refused with a code, by the
 * signature, and without it by what lies inside; and what can be seen from outside of many is a size out of five.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/reason.h"
#include "schema/seal.h"

#define TIPS 10000
#define JSON_MAX (900u << 10)
#define CONTACT_MAX CONTACT_TEXT_MAX
#define BODY_HEADER (70 + 98 * BODY_STANZAS)

static const size_t buckets[] = { 4u << 10, 16u << 10, 64u << 10, 256u << 10, 1u << 20 };
#define BUCKETS (sizeof(buckets) / sizeof(buckets[0]))

struct fixture {
	struct seal_recipients recipients;
	struct age_identity *triage, *recovery, *custodian;
	uint8_t sign_public[FRAME_SIGN_PUBLIC], sign_secret[FRAME_SIGN_SECRET];
	uint8_t *noise; /* of JSON_MAX bytes */
};

static int make_key(struct age_identity **identity, struct age_recipient *recipient)
{
	struct err err = ERR_INIT;

	if (age_identity_generate(identity, &err) != 0)
		return -1;
	age_identity_recipient(*identity, recipient);
	return 0;
}

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	if (keys_begin(&err) != 0 || make_key(&f->triage, &f->recipients.triage) != 0 ||
	    make_key(&f->recovery, &f->recipients.recovery) != 0 ||
	    make_key(&f->custodian, &f->recipients.custodian) != 0)
		return -1;
	frame_sign_keypair(f->sign_public, f->sign_secret);
	f->noise = mem_alloc(JSON_MAX);
	randombytes_buf(f->noise, JSON_MAX);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	age_identity_free(f->triage);
	age_identity_free(f->recovery);
	age_identity_free(f->custodian);
	free(f->noise);
	free(f);
	return 0;
}

static void seal_frame(struct buf *out, const struct fixture *f, struct slice json, enum contact_mode mode,
		       struct slice contact)
{
	struct buf body_file = BUF_INIT, contact_file = BUF_INIT;
	struct frame frame = { .adapter = 7, .day = 20000 };
	struct seal_body body = { .channel = CHANNEL_WEB, .json = json };
	struct err err = ERR_INIT;

	randombytes_buf(frame.tip_id.bytes, sizeof(frame.tip_id.bytes));
	body.tip_id = frame.tip_id;
	assert_int_equal(seal_body(&body_file, &f->recipients, &body, &err), 0);
	assert_int_equal(seal_contact(&contact_file, &f->recipients, mode, contact, &err), 0);
	frame.body = buf_slice(&body_file);
	frame.contact = buf_slice(&contact_file);
	frame_build(out, &frame, f->sign_secret);
	buf_release(&body_file);
	buf_release(&contact_file);
}

/* What gateway and classify ask of a frame; `check_signature` false: of one that the adapter itself has forged. */
static int receive(const struct fixture *f, struct slice bytes, bool check_signature, struct err *err)
{
	struct buf plain = BUF_INIT;
	struct seal_body body;
	struct frame frame;
	int result;

	if (frame_parse(&frame, bytes, err) != 0)
		return -1;
	if (check_signature && frame_verify(&frame, f->sign_public, err) != 0)
		return -1;
	result = seal_body_open(&body, &plain, &f->triage, 1, frame.body, err);
	if (result == 0 && memcmp(body.tip_id.bytes, frame.tip_id.bytes, TIP_ID_BYTES) != 0)
		result = err_set(err, ERR_DATA, REASON_ID_MISMATCH, "another id inside");
	buf_release(&plain);
	return result;
}

static void assert_refused(const struct fixture *f, struct slice bytes, bool check_signature)
{
	struct err err = ERR_INIT;

	if (receive(f, bytes, check_signature, &err) == 0)
		fail_msg("taken");
	assert_int_equal(err.kind, ERR_DATA);
	assert_non_null(err.reason);
	assert_non_null(reason_find(err.reason, strlen(err.reason)));
}

static void every_flip_and_cut_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf frame = BUF_INIT;
	struct err err = ERR_INIT;

	seal_frame(&frame, f, slice_of(f->noise, 3000), CONTACT_NONE, slice_str(""));
	assert_int_equal(frame.len, FRAME_HEAD + age_sealed_size(BODY_STANZAS, 4096) + FRAME_CONTACT_BYTES +
				    FRAME_SIGNATURE_BYTES);
	assert_int_equal(receive(f, buf_slice(&frame), true, &err), 0);
	for (size_t i = 0; i < frame.len * 8; i++) {
		frame.data[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_refused(f, buf_slice(&frame), true);
		frame.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = 0; len < frame.len; len++)
		assert_refused(f, slice_of(frame.data, len), true);
	buf_append_byte(&frame, 0);
	assert_refused(f, buf_slice(&frame), true);
	buf_release(&frame);
}

/* Of the tip id and the body, which is what classify opens; the signature alone vouches for the rest of a frame. */
static void what_is_sealed_holds_without_the_signature(void **state)
{
	struct fixture *f = *state;
	struct buf frame = BUF_INIT;
	struct err err = ERR_INIT;
	const size_t body = FRAME_HEAD, body_end = body + age_sealed_size(BODY_STANZAS, 4096);

	seal_frame(&frame, f, slice_of(f->noise, 3000), CONTACT_NONE, slice_str(""));
	assert_int_equal(receive(f, buf_slice(&frame), false, &err), 0);
	for (size_t i = 8 * 8; i < body_end * 8; i += i / 8 == 23 ? 8 * (FRAME_HEAD - 24) + 1 : 1) {
		frame.data[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_refused(f, buf_slice(&frame), false);
		frame.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	buf_release(&frame);
}

/* A quarter of all sizes are drawn evenly, the others evenly by their logarithm, so that small ones occur too. */
static size_t random_size(void)
{
	size_t top = JSON_MAX;

	if (randombytes_uniform(4))
		top >>= randombytes_uniform(20);
	return randombytes_uniform((uint32_t)top + 1);
}

static size_t bucket_of(size_t len)
{
	for (size_t i = 0; i < BUCKETS; i++)
		if (BODY_HEAD + len <= buckets[i])
			return i;
	fail_msg("no bucket for %zu", len);
	return 0;
}

/* The letters, digits and spaces of a header that are there whoever sealed what: all but the base64 words. */
static void skeleton_of(struct buf *out, struct slice file, size_t header_size)
{
	struct age_header header;
	struct err err = ERR_INIT;

	assert_int_equal(age_header_parse(&header, file, &err), 0);
	assert_int_equal(header.size, header_size);
	for (size_t i = 0, word = 0; i < header.size; i += word) {
		word = 1;
		while (i + word < header.size && file.data[i + word] != ' ' && file.data[i + word] != '\n')
			word++;
		if (word == 1 + AGE_BASE64_32)
			buf_append_byte(out, file.data[i]);
		else
			buf_append(out, file.data + i, word);
	}
}

/* Everything of a frame that is in the clear and not random: a frame of the same size has the same. */
static void clear_part_of(struct buf *out, struct slice bytes)
{
	struct frame frame;
	struct err err = ERR_INIT;

	buf_clear(out);
	assert_int_equal(frame_parse(&frame, bytes, &err), 0);
	buf_append(out, bytes.data, 8);
	buf_append(out, bytes.data + 24, 12);
	skeleton_of(out, frame.body, BODY_HEADER);
	skeleton_of(out, frame.contact, 70 + 98 * CONTACT_STANZAS);
}

static size_t bits_of(struct slice bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes.len; i++)
		n += (size_t)__builtin_popcount(bytes.data[i]);
	return n;
}

static void many_tips_show_five_sizes_and_no_contact(void **state)
{
	struct fixture *f = *state;
	struct buf frame = BUF_INIT, clear = BUF_INIT, first[BUCKETS] = { BUF_INIT };
	size_t seen[BUCKETS] = { 0 }, bits[2] = { 0 };
	const size_t sealed = FRAME_CONTACT_BYTES - 70 - 98 * CONTACT_STANZAS;

	for (size_t i = 0; i < TIPS; i++) {
		const size_t len = random_size(), bucket = bucket_of(len);
		const bool with = i % 2;
		const struct slice json = slice_of(f->noise + randombytes_uniform((uint32_t)(JSON_MAX - len + 1)), len);

		buf_clear(&frame);
		seal_frame(&frame, f, json, with ? CONTACT_MAILBOX : CONTACT_NONE,
			   slice_of(f->noise, with ? randombytes_uniform(CONTACT_MAX + 1) : 0));
		assert_int_equal(frame.len, FRAME_HEAD + age_sealed_size(BODY_STANZAS, buckets[bucket]) +
					    FRAME_CONTACT_BYTES + FRAME_SIGNATURE_BYTES);
		clear_part_of(&clear, buf_slice(&frame));
		if (seen[bucket]++ == 0)
			buf_append_slice(&first[bucket], buf_slice(&clear));
		assert_true(slice_equal(buf_slice(&clear), buf_slice(&first[bucket])));
		bits[with] += bits_of(slice_of(frame.data + frame.len - FRAME_SIGNATURE_BYTES - sealed, sealed));
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		assert_true(seen[i] > 0);
		buf_release(&first[i]);
	}
	/* What is sealed looks random either way: half its bits are set, within six standard deviations of 43 million. */
	for (int with = 0; with < 2; with++)
		assert_in_range(bits[with], TIPS / 2 * sealed * 4 - 20000, TIPS / 2 * sealed * 4 + 20000);
	buf_release(&frame);
	buf_release(&clear);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flip_and_cut_is_refused),
		cmocka_unit_test(what_is_sealed_holds_without_the_signature),
		cmocka_unit_test(many_tips_show_five_sizes_and_no_contact),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
