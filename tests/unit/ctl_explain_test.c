/* SPDX-License-Identifier: Apache-2.0 */
/* What `tipctl explain` makes of an opened record and of an opened case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ctl/explain.h"
#include "tests/unit/record_sample.h"

#define CASE(narrative) \
	"{\"case_id\":\"0123\",\"outcome\":\"assess\",\"priority\":\"low\",\"teams\":[\"oversight\"]," \
	"\"conflict\":true,\"conflict_with\":[\"corruption\"],\"rule\":\"root/x\",\"reason\":\"because\"," \
	"\"policy\":\"aa\",\"lexicon\":\"bb\"," \
	"\"scores\":{\"labels\":[{\"label\":\"corruption/bribery\",\"score\":0.8}],\"risk\":0.1}," \
	"\"evidence\":[{\"rule\":\"cash\",\"start\":3,\"end\":7},{\"rule\":\"far\",\"start\":5,\"end\":900}]," \
	"\"steps\":[{\"stage\":\"classify\",\"version\":\"9.9\",\"day\":20000," \
	"\"configuration\":\"0102030405060708\"}]," \
	"\"tip\":{\"narrative\":" narrative "}}"

static const char *text_at(const json_t *list, size_t i, const char *member)
{
	return json_string_value(json_object_get(json_array_get(list, i), member));
}

static const char *fact(const struct explain *explain, const char *name)
{
	return json_string_value(json_object_get(explain->facts, name));
}

static void a_record_with_its_body_shows_the_words(void **state)
{
	struct explain explain;
	struct record record;

	(void)state;
	explain_init(&explain, NULL);
	sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED, 1, explain.arena);
	explain_record(&explain, &record);
	assert_int_equal(explain.sight, SIGHT_SCORES | SIGHT_TEXT);
	assert_string_equal(text_at(explain.labels, 1, "label"), "corruption/bribery");
	assert_string_equal(text_at(explain.evidence, 0, "text"), "takes \"d");
	assert_null(text_at(explain.evidence, 1, "text")); /* no place in this text */
	assert_int_equal(json_array_size(explain.links), 2);
	assert_string_equal(text_at(explain.stages, 0, "stage"), "classify");
	assert_string_equal(text_at(explain.stages, 0, "day"), "2025-11-09");
	assert_string_equal(text_at(explain.stages, 0, "configuration"), "0102030405060700");
	assert_null(fact(&explain, "outcome"));
	explain_release(&explain);
}

/* What the sink's key opens: outcome and teams, and the names of places, but not a word of the text. */
static void a_routed_record_shows_no_word(void **state)
{
	struct explain explain;
	struct record record;

	(void)state;
	explain_init(&explain, NULL);
	sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED, 1, explain.arena);
	explain_record(&explain, &record);
	assert_int_equal(explain.sight, SIGHT_SCORES | SIGHT_TEAMS);
	assert_null(text_at(explain.evidence, 0, "text"));
	assert_true(json_is_true(json_object_get(explain.facts, "conflict")));
	assert_string_equal(fact(&explain, "outcome"), "safeguard");
	explain_release(&explain);
}

static void a_case_tells_all_that_its_team_may_know(void **state)
{
	static const struct {
		const char *text, *term;
	} cases[] = {
		{ CASE("\"He pays cash.\""), "pays" },
		{ CASE("\"ab\\u00e9cash\""), NULL }, /* the place begins inside a character: not shown */
		{ CASE("\"ab\""), NULL },
		{ CASE("7"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *casefile = json_loads(cases[i].text, 0, NULL);
		struct explain explain;

		assert_non_null(casefile);
		explain_init(&explain, NULL);
		explain_case(&explain, casefile);
		assert_string_equal(fact(&explain, "policy_hash"), "aa");
		assert_string_equal(fact(&explain, "reason"), "because");
		assert_string_equal(text_at(explain.stages, 0, "version"), "9.9");
		assert_int_equal(json_array_size(explain.evidence), 2);
		if (cases[i].term)
			assert_string_equal(text_at(explain.evidence, 0, "text"), cases[i].term);
		else
			assert_null(text_at(explain.evidence, 0, "text"));
		assert_null(text_at(explain.evidence, 1, "text"));
		json_decref(casefile);
		explain_release(&explain);
	}
}

/* Whoever made a case file may have put anything into it. */
static void a_case_of_another_shape_is_no_crash(void **state)
{
	static const char *const texts[] = { "[]", "7", "{\"steps\":[7,{\"stage\":7}],\"evidence\":[1],\"scores\":[]}",
					     "{\"evidence\":[{\"start\":-1,\"end\":5}],\"teams\":7,\"tip\":[]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *casefile = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		struct explain explain;

		explain_init(&explain, NULL);
		explain_case(&explain, casefile);
		assert_int_equal(json_array_size(explain.stages), 0);
		json_decref(casefile);
		explain_release(&explain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_with_its_body_shows_the_words),
		cmocka_unit_test(a_routed_record_shows_no_word),
		cmocka_unit_test(a_case_tells_all_that_its_team_may_know),
		cmocka_unit_test(a_case_of_another_shape_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
