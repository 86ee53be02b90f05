/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/reason.h"
#include "schema/record.h"
#include "schema/tip.h"
#include "tests/unit/record_sample.h"

static const uint32_t part_sets[] = {
	0, RECORD_CLASSIFIED, RECORD_CLASSIFIED | RECORD_LINKED, RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED,
};

/* To JSON and back gives the same CBOR, to the last bit of every float. */
static void expect_round_trip(const struct record *record, struct arena *arena)
{
	struct buf json = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
	struct record back;
	struct err err = ERR_INIT;

	record_encode(&before, record);
	record_to_json(&json, record);
	assert_null(memchr(json.data, '\n', json.len));
	if (record_from_json(&back, buf_slice(&json), arena, &err) != 0)
		fail_msg("%s: %s", err.text, buf_text(&json));
	record_encode(&after, &back);
	assert_true(slice_equal(buf_slice(&before), buf_slice(&after)));
	buf_release(&json);
	buf_release(&before);
	buf_release(&after);
}

static void every_part_comes_back(void **state)
{
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < sizeof(part_sets) / sizeof(part_sets[0]); i++) {
		struct record record;

		sample_record(&record, part_sets[i], 7, arena);
		expect_round_trip(&record, arena);
	}
	arena_free(arena);
}

static void every_float_comes_back(void **state)
{
	static const float floats[] = { 0.0f, -0.0f, 1.0f, 0.1f, 0.33333334f, 1e-45f, 1.17549435e-38f, 0.99999994f, 1e-7f };
	struct arena *arena = arena_new(65536);
	struct record record;

	(void)state;
	sample_record(&record, RECORD_CLASSIFIED, 7, arena);
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		record.classification.risk = floats[i];
		expect_round_trip(&record, arena);
	}
	arena_free(arena);
}

static void bodies_stand_in_place(void **state)
{
	static const struct {
		const char *body, *in_json;
	} cases[] = {
		{ "{\"b\":1,\"a\":\"x y\"}", "\"body\":{\"b\":1,\"a\":\"x y\"}" },
		{ " {\n\t\"b\" : [ 1 , 2 ],\r\n\"a\":\" \\\" \\\\\" }\n", "\"body\":{\"b\":[1,2],\"a\":\" \\\" \\\\\"}" },
		{ "not json", "\"body_base64\":\"bm90IGpzb24=\"" },
		{ "[1]", "\"body_base64\":\"WzFd\"" },
		{ "{\"a\":1", "\"body_base64\":\"eyJhIjox\"" },
		{ "{\"a\":\xff}", "\"body_base64\":\"eyJhIjr/fQ==\"" },
	};
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf json = BUF_INIT;
		struct record record, back;

		sample_record(&record, 0, 7, arena);
		record.body = slice_str(cases[i].body);
		record_to_json(&json, &record);
		if (!strstr(buf_text(&json), cases[i].in_json))
			fail_msg("%s: %s", cases[i].body, buf_text(&json));
		assert_int_equal(record_from_json(&back, buf_slice(&json), arena, NULL), 0);
		if (i != 1) /* compact already, or kept as bytes */
			assert_true(slice_equal(back.body, record.body));
		buf_release(&json);
	}
	arena_free(arena);
}

#define ID "\"tip_id\":\"0123456789abcdef0123456789abcdef\""
#define LEAST ID ",\"day\":20000"

static void hand_written_lines(void **state)
{
	static const struct {
		const char *json, *reason;
	} cases[] = {
		{ "{" LEAST "}", NULL },
		{ "{" LEAST ",\"channel\":\"partner\",\"adapter\":65535}", NULL },
		{ "{" LEAST ",\"links\":[],\"case_id\":\"0123456789abcdef0123456789abcdef\"}", NULL },
		{ "{" LEAST ",\"classification\":{}}", NULL },
		{ "{" LEAST ",\"classification\":{\"risk\":1,\"labels\":[{\"category\":\"corruption\",\"score\":1}]}}", NULL },
		{ "{" LEAST ",\"classification\":{\"risk\":-0.0,\"out_of_scope\":-0}}", NULL },
		{ "{" LEAST ",\"routing\":{\"outcome\":\"refer\",\"priority\":\"low\",\"teams\":[\"assessment\"]}}", NULL },
		{ "{" LEAST ",\"tokens\":{\"word\":[\"0000000000000001\"],\"date\":[\"ffffffffffffffff\"]}}", NULL },
		{ "", REASON_JSON_SYNTAX },
		{ "{" LEAST "} x", REASON_JSON_SYNTAX },
		{ "{" LEAST ",\"day\":1}", REASON_JSON_SYNTAX },
		{ "[]", REASON_RECORD_SHAPE },
		{ "{" ID "}", REASON_RECORD_SHAPE },
		{ "{\"day\":1}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"colour\":1}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"channel\":\"fax\"}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"channel\":0}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"adapter\":65536}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"adapter\":-1}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"adapter\":1.5}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"contact\":\"a\"}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"contact\":\"QQ== \"}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"digest\":\"00\"}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"body\":\"{}\"}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"body\":[]}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":[]}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"risk\":1.01}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"risk\":\"high\"}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"refer_to\":\"\\u001b\"}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"labels\":{}}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"labels\":[1]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"labels\":[{\"category\":\"crime\"}]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"classification\":{\"evidence\":[{\"rule\":\"a\",\"start\":2,\"end\":1}]}}",
		  REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"tokens\":{\"words\":[]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"tokens\":{\"word\":{}}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"tokens\":{\"word\":[1]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"tokens\":{\"word\":[\"0000000000000002\",\"0000000000000001\"]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"links\":[{\"reasons\":[\"luck\"]}]}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"links\":[{\"strong\":1}]}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"links\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"routing\":{\"outcome\":\"forget\"}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"routing\":{\"teams\":[\"A team\"]}}", REASON_RECORD_SHAPE },
		{ "{" LEAST ",\"body\":{},\"routing\":{}}", REASON_RECORD_SHAPE },
	};
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct record record;
		int result = record_from_json(&record, slice_str(cases[i].json), arena, &err);

		if ((result == 0) != (cases[i].reason == NULL) || (result != 0 && err.reason != cases[i].reason))
			fail_msg("%s: %d %s %s", cases[i].json, result, err.reason ? err.reason : "", err.text);
	}
	arena_free(arena);
}

static int begin(void **state)
{
	(void)state;
	tip_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_comes_back),
		cmocka_unit_test(every_float_comes_back),
		cmocka_unit_test(bodies_stand_in_place),
		cmocka_unit_test(hand_written_lines),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
