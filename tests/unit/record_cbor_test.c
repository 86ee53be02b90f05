/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "schema/reason.h"
#include "schema/record.h"
#include "schema/record_item.h"
#include "tests/unit/record_sample.h"

static const uint32_t part_sets[] = {
	0, RECORD_CLASSIFIED, RECORD_CLASSIFIED | RECORD_LINKED, RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED,
};
#define N_PART_SETS (sizeof(part_sets) / sizeof(part_sets[0]))

static void encode_sample(struct buf *cbor, uint32_t parts, struct arena *arena)
{
	struct record record;

	sample_record(&record, parts, 1, arena);
	record_encode(cbor, &record);
}

static bool same(struct slice a, const struct buf *b)
{
	return slice_equal(a, buf_slice(b));
}

static void what_is_encoded_comes_back(void **state)
{
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < N_PART_SETS; i++) {
		struct buf cbor = BUF_INIT, again = BUF_INIT;
		struct record record;

		encode_sample(&cbor, part_sets[i], arena);
		assert_int_equal(record_decode(&record, buf_slice(&cbor), arena, NULL), 0);
		assert_int_equal(record.parts, part_sets[i]);
		record_encode(&again, &record);
		assert_true(same(buf_slice(&cbor), &again));
		buf_release(&cbor);
		buf_release(&again);
	}
	arena_free(arena);
}

static void each_field_comes_back(void **state)
{
	struct arena *arena = arena_new(65536);
	struct buf cbor = BUF_INIT;
	struct record r;

	(void)state;
	encode_sample(&cbor, RECORD_CLASSIFIED | RECORD_LINKED, arena);
	assert_int_equal(record_decode(&r, buf_slice(&cbor), arena, NULL), 0);
	assert_int_equal(r.tip_id.bytes[3], 1);
	assert_int_equal(r.day, 20400);
	assert_int_equal(r.adapter, 513);
	assert_int_equal(r.channel, CHANNEL_PHONE);
	assert_int_equal(r.contact.len, 200);
	assert_true(r.body.data > cbor.data && r.body.data < cbor.data + cbor.len); /* borrowed, not copied */
	assert_true(slice_equal(r.classification.labels[1].subcode, slice_str("bribery")));
	assert_true(r.classification.labels[1].score == 0.1f);
	assert_true(r.classification.out_of_scope == 1e-7f);
	assert_int_equal(r.classification.evidence[1].start, 70000);
	assert_int_equal(r.tokens.n, SAMPLE_TOKENS);
	assert_int_equal(r.tokens.items[250].class, TOKEN_BIGRAM);
	assert_true(r.tokens.items[250].mac == (uint64_t)250 * 0x00123456789abcdfu);
	assert_true(r.tokens.cut);
	assert_true(r.tokens.key_check == 0x8123456789abcdef);
	assert_int_equal(r.links[0].reasons, LINK_WORDS | LINK_DATE | LINK_HANDLE);
	assert_true(r.links[0].strong);
	assert_int_equal(r.n_steps, 2);
	assert_true(slice_equal(r.steps[0].stage, slice_str("classify")));
	assert_int_equal(r.steps[1].day, 20402);
	assert_int_equal(r.steps[0].configuration[6], 7);
	assert_int_equal(r.case_id.bytes[0], (uint8_t)(9 * 31 + 1));
	buf_release(&cbor);
	encode_sample(&cbor, part_sets[3], arena);
	assert_int_equal(record_decode(&r, buf_slice(&cbor), arena, NULL), 0);
	assert_int_equal(r.routing.n_teams, 2);
	assert_true(slice_equal(r.routing.teams[1], slice_str("domestic-abuse")));
	assert_true(slice_equal(r.routing.rule, slice_str("root/risk/high")));
	assert_int_equal(r.sealed_case.len, 300);
	buf_release(&cbor);
	arena_free(arena);
}

/* The sink reads case.routed: whatever a stage leaves in the struct, the body and the tokens do not go there. */
static void a_routed_record_never_carries_body_or_tokens(void **state)
{
	struct arena *arena = arena_new(65536);
	struct buf cbor = BUF_INIT;
	struct record record, back;

	(void)state;
	sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED, 1, arena);
	record.parts |= RECORD_ROUTED;
	sample_routing(&record);
	record_encode(&cbor, &record);
	assert_null(memmem(cbor.data, cbor.len, "narrative", 9));
	assert_int_equal(record_decode(&back, buf_slice(&cbor), arena, NULL), 0);
	assert_int_equal(back.body.len, 0);
	assert_int_equal(back.tokens.n, 0);
	buf_release(&cbor);
	arena_free(arena);
}

static void refused(struct slice cbor, struct arena *arena)
{
	struct record record;
	struct err err = ERR_INIT;

	assert_int_equal(record_decode(&record, cbor, arena, &err), -1);
	assert_ptr_equal(err.reason, REASON_RECORD_SHAPE);
	assert_int_equal(err.kind, ERR_DATA);
}

static void cut_anywhere_or_longer_is_refused(void **state)
{
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < N_PART_SETS; i++) {
		struct buf cbor = BUF_INIT;

		encode_sample(&cbor, part_sets[i], arena);
		for (size_t len = 0; len < cbor.len; len++) {
			uint8_t *exact = arena_copy(arena, cbor.data, len); /* so that a sanitizer sees over-reads */

			refused(slice_of(exact, len), arena);
		}
		buf_append_byte(&cbor, 0);
		refused(buf_slice(&cbor), arena);
		buf_release(&cbor);
		arena_reset(arena);
	}
	arena_free(arena);
}

/* Deterministic: what decodes at all is what the encoder would have written. */
static void every_flipped_bit_is_refused_or_means_what_it_says(void **state)
{
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < N_PART_SETS; i++) {
		struct buf cbor = BUF_INIT, again = BUF_INIT;

		encode_sample(&cbor, part_sets[i], arena);
		for (size_t bit = 0; bit < 8 * cbor.len; bit++) {
			struct record record;

			cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (record_decode(&record, buf_slice(&cbor), arena, NULL) == 0) {
				buf_clear(&again);
				record_encode(&again, &record);
				assert_true(same(buf_slice(&cbor), &again));
			}
			cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (bit % 4096 == 0)
				arena_reset(arena);
		}
		buf_release(&cbor);
		buf_release(&again);
	}
	arena_free(arena);
}

#define ID16 "\x50" "0123456789abcdef"
#define HASH32 "\x58\x20" "0123456789abcdef0123456789abcdef"
#define ALWAYS "\x00\x01" "\x01" ID16 "\x02\x01" "\x03\x01" "\x04\x00" "\x05" ID16 "\x06\x40"
#define ROUTING(outcome, teams) \
	"\x0c\xa6" "\x00" outcome "\x01\x00" "\x02\xf4" "\x03" teams "\x04\x61" "r" "\x05" HASH32
#define CLASSES(cut, words) "\x09\x89" cut "\x48" "keycheck" words "\x40\x40\x40\x40\x40\x40"
#define CLASSIFICATION(risk, labels) \
	"\x08\xa6" "\x00" labels "\x01" risk "\x02\xfa\0\0\0\0" "\x03\x60" "\x04\x80" "\x05" HASH32
#define ZERO "\xfa\0\0\0\0"
#define CASE(text) text, sizeof(text) - 1

static void hand_written_records(void **state)
{
	static const struct {
		const char *what;
		const char *cbor;
		size_t len;
		bool good;
	} cases[] = {
		{ "the least", CASE("\xa7" ALWAYS), true },
		{ "nothing", CASE(""), false },
		{ "an array", CASE("\x80"), false },
		{ "an empty map", CASE("\xa0"), false },
		{ "a map without end", CASE("\xbf" ALWAYS "\xff"), false },
		{ "more pairs than keys", CASE("\xaf" ALWAYS), false },
		{ "2^64-1 pairs", CASE("\xbb\xff\xff\xff\xff\xff\xff\xff\xff" ALWAYS), false },
		{ "a pair short", CASE("\xa8" ALWAYS), false },
		{ "a future version", CASE("\xa7\x00\x02" "\x01" ID16 "\x02\x01\x03\x01\x04\x00\x05" ID16 "\x06\x40"), false },
		{ "an unknown key", CASE("\xa8" ALWAYS "\x0e\x00"), false },
		{ "a key twice", CASE("\xa8" ALWAYS "\x06\x40"), false },
		{ "keys out of order", CASE("\xa8" "\x01" ID16 "\x00\x01\x02\x01\x03\x01\x04\x00\x05" ID16 "\x06\x40\x07\x41{"),
		  false },
		{ "a text key", CASE("\xa8" ALWAYS "\x61" "7" "\x41{"), false },
		{ "a version in two bytes", CASE("\xa7\x00\x18\x01" "\x01" ID16 "\x02\x01\x03\x01\x04\x00\x05" ID16 "\x06\x40"),
		  false },
		{ "a length in two bytes", CASE("\xa8" ALWAYS "\x07\x58\x01{"), false },
		{ "a day over 32 bits",
		  CASE("\xa7\x00\x01\x01" ID16 "\x02\x1b\0\0\0\1\0\0\0\0\x03\x01\x04\x00\x05" ID16 "\x06\x40"), false },
		{ "a day below 0", CASE("\xa7\x00\x01\x01" ID16 "\x02\x20\x03\x01\x04\x00\x05" ID16 "\x06\x40"), false },
		{ "an unknown channel", CASE("\xa7\x00\x01\x01" ID16 "\x02\x01\x03\x01\x04\x05\x05" ID16 "\x06\x40"), false },
		{ "a tip id of 15 bytes", CASE("\xa7\x00\x01\x01\x4f" "0123456789abcde" "\x02\x01\x03\x01\x04\x00\x05" ID16
					       "\x06\x40"), false },
		{ "a tagged value", CASE("\xa8" ALWAYS "\x07\xc2\x41{"), false },
		{ "a body", CASE("\xa8" ALWAYS "\x07\x42{}"), true },
		{ "an empty body", CASE("\xa8" ALWAYS "\x07\x40"), false },
		{ "a body in pieces", CASE("\xa8" ALWAYS "\x07\x5f\x41{\x41}\xff"), false },
		{ "a body as text", CASE("\xa8" ALWAYS "\x07\x62{}"), false },
		{ "a body of 2^63 bytes", CASE("\xa8" ALWAYS "\x07\x5b\x80\0\0\0\0\0\0\0{}"), false },
		{ "a null", CASE("\xa8" ALWAYS "\x07\xf6"), false },
		{ "tokens", CASE("\xa8" ALWAYS CLASSES("\xf4", "\x50" "aaaaaaaa" "bbbbbbbb")), true },
		{ "tokens that fall", CASE("\xa8" ALWAYS CLASSES("\xf4", "\x50" "bbbbbbbb" "aaaaaaaa")), false },
		{ "a token twice", CASE("\xa8" ALWAYS CLASSES("\xf4", "\x50" "aaaaaaaa" "aaaaaaaa")), false },
		{ "half a token", CASE("\xa8" ALWAYS CLASSES("\xf4", "\x4c" "aaaaaaaa" "bbbb")), false },
		{ "no tokens, said at length", CASE("\xa8" ALWAYS CLASSES("\xf4", "\x40")), false },
		{ "tokens all cut", CASE("\xa8" ALWAYS CLASSES("\xf5", "\x40")), true },
		{ "tokens without a key check", CASE("\xa8" ALWAYS "\x09\x88\xf5\x40\x40\x40\x40\x40\x40\x40"), false },
		{ "cut is a number", CASE("\xa8" ALWAYS CLASSES("\x01", "\x48" "aaaaaaaa")), false },
		{ "classified", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x80")), true },
		{ "a label", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x81\x83\x04\x61" "a" ZERO)), true },
		{ "an unknown category", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x81\x83\x05\x61" "a" ZERO)), false },
		{ "a label with four fields",
		  CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x81\x84\x04\x61" "a" ZERO ZERO)), false },
		{ "a label with an escape character", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x81\x83\x04\x61\x1b" ZERO)),
		  false },
		{ "a label that is not UTF-8", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x81\x83\x04\x61\xff" ZERO)), false },
		{ "33 labels", CASE("\xa8" ALWAYS CLASSIFICATION(ZERO, "\x98\x21")), false },
		{ "risk NaN", CASE("\xa8" ALWAYS CLASSIFICATION("\xfa\x7f\xc0\0\0", "\x80")), false },
		{ "risk infinite", CASE("\xa8" ALWAYS CLASSIFICATION("\xfa\x7f\x80\0\0", "\x80")), false },
		{ "risk over 1", CASE("\xa8" ALWAYS CLASSIFICATION("\xfa\x3f\x80\0\1", "\x80")), false },
		{ "risk below 0", CASE("\xa8" ALWAYS CLASSIFICATION("\xfa\xbf\x80\0\0", "\x80")), false },
		{ "risk minus 0", CASE("\xa8" ALWAYS CLASSIFICATION("\xfa\x80\0\0\0", "\x80")), false },
		{ "risk as a double", CASE("\xa8" ALWAYS CLASSIFICATION("\xfb\0\0\0\0\0\0\0\0", "\x80")), false },
		{ "risk as a half", CASE("\xa8" ALWAYS CLASSIFICATION("\xf9\0\0", "\x80")), false },
		{ "a case without links", CASE("\xa8" ALWAYS "\x0a" ID16), false },
		{ "links without a case", CASE("\xa8" ALWAYS "\x0b\x80"), false },
		{ "linked to none", CASE("\xa9" ALWAYS "\x0a" ID16 "\x0b\x80"), true },
		{ "an unknown link reason", CASE("\xa9" ALWAYS "\x0a" ID16 "\x0b\x81\x84" ID16 ZERO "\x18\x40\xf4"), false },
		{ "routed", CASE("\xa8" ALWAYS ROUTING("\x00", "\x81\x61" "a")), true },
		{ "an unknown outcome", CASE("\xa8" ALWAYS ROUTING("\x05", "\x81\x61" "a")), false },
		{ "a team with a space", CASE("\xa8" ALWAYS ROUTING("\x00", "\x81\x63" "a b")), false },
		{ "a team without a name", CASE("\xa8" ALWAYS ROUTING("\x00", "\x81\x60")), false },
		{ "nine teams", CASE("\xa8" ALWAYS ROUTING("\x00", "\x89" "\x61" "a" "\x61" "a" "\x61" "a" "\x61" "a" "\x61" "a"
							   "\x61" "a" "\x61" "a" "\x61" "a" "\x61" "a")), false },
		{ "routed with a body", CASE("\xa9" ALWAYS "\x07\x42{}" ROUTING("\x00", "\x81\x61" "a")), false },
		{ "routed with tokens",
		  CASE("\xa9" ALWAYS CLASSES("\xf4", "\x48" "aaaaaaaa") ROUTING("\x00", "\x81\x61" "a")), false },
		{ "an empty sealed case", CASE("\xa8" ALWAYS "\x0d\x40"), false },
	};
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record;
		struct err err = ERR_INIT;
		int result = record_decode(&record, slice_of(cases[i].cbor, cases[i].len), arena, &err);

		if ((result == 0) != cases[i].good)
			fail_msg("%s: %s %s", cases[i].what, result == 0 ? "taken" : "refused", err.text);
	}
	arena_free(arena);
}

static void too_many_tokens_are_refused(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf cbor = BUF_INIT;
	struct record record;

	(void)state;
	sample_record(&record, 0, 1, arena);
	record.tokens.n = TOKENS_MAX;
	record.tokens.items = arena_alloc(arena, (TOKENS_MAX + 1) * sizeof(struct token));
	for (size_t i = 0; i <= TOKENS_MAX; i++) {
		record.tokens.items[i].class = i < 4000 ? TOKEN_WORD : TOKEN_HANDLE;
		record.tokens.items[i].mac = i;
	}
	record_encode(&cbor, &record);
	assert_int_equal(record_decode(&record, buf_slice(&cbor), arena, NULL), 0);
	assert_int_equal(record.tokens.n, TOKENS_MAX);
	/* One more in the last class, written by hand: its head is 3 bytes, 59 03 00 for 96 tokens of 8 bytes. */
	cbor.data[cbor.len - 96 * 8 - 1] = 0x08;
	buf_append(&cbor, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	refused(buf_slice(&cbor), arena);
	buf_release(&cbor);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_comes_back),
		cmocka_unit_test(each_field_comes_back),
		cmocka_unit_test(a_routed_record_never_carries_body_or_tokens),
		cmocka_unit_test(cut_anywhere_or_longer_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused_or_means_what_it_says),
		cmocka_unit_test(hand_written_records),
		cmocka_unit_test(too_many_tokens_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
