/* SPDX-License-Identifier: Apache-2.0 */
/* What is done about parked records: the states, which ones a selection holds, and how one goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ctl/replay.h"
#include "ops/ctl/selection.h"
#include "ops/runtime/clock.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define TIP "000102030405060708090a0b0c0d0e0f"
#define DAY_MS 86400000ll

static struct tip_id id_of(uint8_t n)
{
	struct tip_id id = { { n } };

	return id;
}

static void apply(struct resolutions *all, enum resolution_kind kind, int64_t parked, uint8_t tip, int64_t at)
{
	struct resolution resolution = { .kind = kind, .parked = parked, .has_tip_id = true, .tip_id = id_of(tip) };

	snprintf(resolution.by, sizeof resolution.by, "by %d", (int)at);
	if (kind == RESOLUTION_INTENT) {
		snprintf(resolution.topic, sizeof resolution.topic, "%s", TOPIC_SEALED);
		resolution.from[0] = 10 * at;
		resolution.n_from = 1;
	}
	resolutions_apply(all, &resolution, at);
}

/* One letter a record of parked.resolved: i(ntent), r(eplayed), d(iscarded). */
static const struct {
	const char *deeds;
	enum parked_state want;
	int64_t at; /* which of them counts */
} ways[] = {
	{ "", PARKED_OPEN, 0 },
	{ "i", PARKED_REPLAYING, 0 },
	{ "ii", PARKED_REPLAYING, 1 },
	{ "ir", PARKED_REPLAYED, 1 },
	{ "iir", PARKED_REPLAYED, 2 },
	{ "r", PARKED_REPLAYED, 0 },
	{ "d", PARKED_DISCARDED, 0 },
	{ "id", PARKED_DISCARDED, 1 },
	{ "ird", PARKED_REPLAYED, 1 },
	{ "irr", PARKED_REPLAYED, 1 },
	{ "di", PARKED_DISCARDED, 0 },
	{ "dir", PARKED_DISCARDED, 0 },
	{ "dd", PARKED_DISCARDED, 0 },
};

static void what_came_first_ends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		static const char letters[] = "ird";
		struct resolutions all = { 0 };
		struct tip_id tip = id_of(1);
		const struct resolved *one;

		for (size_t k = 0; ways[i].deeds[k]; k++)
			apply(&all, (enum resolution_kind)(strchr(letters, ways[i].deeds[k]) - letters), 7, 1, (int64_t)k);
		one = resolutions_find(&all, 7, &tip);
		if ((one ? one->state : PARKED_OPEN) != ways[i].want || (one && one->at != ways[i].at))
			fail_msg("%s: state %d, at %d", ways[i].deeds, one ? (int)one->state : 0, one ? (int)one->at : 0);
		resolutions_release(&all);
	}
}

/* The record of the first intent may stand on the topic: the search must begin there whatever came later. */
static void a_search_begins_at_the_first_intent(void **state)
{
	struct resolutions all = { 0 };
	struct tip_id tip = id_of(1);

	(void)state;
	apply(&all, RESOLUTION_INTENT, 7, 1, 3);
	apply(&all, RESOLUTION_INTENT, 7, 1, 9);
	assert_int_equal(resolutions_find(&all, 7, &tip)->from[0], 30);
	assert_string_equal(resolutions_find(&all, 7, &tip)->by, "by 9");
	resolutions_release(&all);
}

static void an_offset_of_another_tip_is_not_resolved(void **state)
{
	struct resolutions all = { 0 };
	struct tip_id one = id_of(1), two = id_of(2);

	(void)state;
	for (int64_t offset = 0; offset < 1000; offset++)
		apply(&all, RESOLUTION_DISCARDED, offset, 1, offset);
	assert_int_equal(all.n, 1000);
	assert_non_null(resolutions_find(&all, 999, &one));
	assert_null(resolutions_find(&all, 999, &two));
	assert_null(resolutions_find(&all, 999, NULL));
	assert_null(resolutions_find(&all, 1000, &one));
	apply(&all, RESOLUTION_INTENT, 999, 2, 1000); /* tip.parked was made anew */
	assert_int_equal(resolutions_find(&all, 999, &two)->state, PARKED_REPLAYING);
	resolutions_release(&all);
}

static void a_resolution_reads_as_it_was_written(void **state)
{
	struct resolution out = { .kind = RESOLUTION_INTENT, .parked = 1234567890123, .has_tip_id = true, .day = 20781 };
	struct resolution in;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	out.tip_id = id_of(9);
	snprintf(out.by, sizeof out.by, "Zo\xc3\xab \"Z\"");
	snprintf(out.because, sizeof out.because, "back\\slash");
	snprintf(out.topic, sizeof out.topic, "%s", TOPIC_ROUTED);
	out.from[0] = 5;
	out.from[1] = 1ll << 60;
	out.n_from = 2;
	resolution_write(&text, &out);
	if (resolution_read(&in, buf_slice(&text), &err) < 0)
		fail_msg("%s: %s", buf_text(&text), err.text);
	assert_memory_equal(&in, &out, sizeof in);
	buf_release(&text);
}

static const struct {
	const char *text, *reason;
} no_resolutions[] = {
	{ "", NULL },
	{ "{}", NULL },
	{ "[1]", NULL },
	{ "{\"v\":1}", NULL },
	{ "{\"v\":1,\"what\":\"undone\",\"parked\":1,\"day\":1}", NULL },
	{ "{\"v\":1,\"what\":\"replayed\",\"parked\":-1,\"day\":1}", NULL },
	{ "{\"v\":1,\"what\":\"replayed\",\"parked\":1}", NULL },
	{ "{\"v\":1,\"what\":\"replayed\",\"parked\":1,\"day\":1,\"tip_id\":\"zz\"}", NULL },
	{ "{\"v\":1,\"what\":\"intent\",\"parked\":1,\"day\":1,\"from\":[-1]}", NULL },
	{ "{\"v\":1,\"what\":\"intent\",\"parked\":1,\"day\":1,\"from\":3}", NULL },
	{ "{\"v\":2,\"what\":\"undone\"}", "resolution-later" },
};

static void what_is_no_resolution_is_said_to_be_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof no_resolutions / sizeof *no_resolutions; i++) {
		struct resolution resolution;
		struct err err = ERR_INIT;

		if (resolution_read(&resolution, slice_str(no_resolutions[i].text), &err) == 0)
			fail_msg("%s was read", no_resolutions[i].text);
		if (no_resolutions[i].reason)
			assert_string_equal(err.reason, no_resolutions[i].reason);
		else
			assert_null(err.reason);
	}
}

static void a_selection_holds_what_fits_in_all_respects(void **state)
{
	struct tip_id tips[] = { id_of(1), id_of(5) };
	const struct {
		struct selection selection;
		bool want;
	} cases[] = {
		{ { NULL, 0, NULL, NULL, -1, -1, 0, NULL }, true },
		{ { NULL, 0, "poison", NULL, -1, -1, 0, NULL }, true },
		{ { NULL, 0, "age-mac", NULL, -1, -1, 0, NULL }, false },
		{ { NULL, 0, "poison", "sink", -1, -1, 0, NULL }, false },
		{ { NULL, 0, "poison", "route", 100, 100, 0, NULL }, true },
		{ { NULL, 0, NULL, NULL, 101, -1, 0, NULL }, false },
		{ { NULL, 0, NULL, NULL, -1, 99, 0, NULL }, false },
		{ { tips, 2, NULL, NULL, -1, -1, 0, NULL }, true },
		{ { tips, 1, NULL, NULL, -1, -1, 0, NULL }, false },
	};
	struct parked parked = { .has_tip_id = true, .tip_id = id_of(5), .day = 100 };

	(void)state;
	parked.reason = slice_str("poison");
	parked.stage = slice_str("route");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (selection_holds(&cases[i].selection, &parked) != cases[i].want)
			fail_msg("case %zu", i);
	parked.has_tip_id = false;
	parked.day = -1;
	assert_false(selection_holds(&cases[7].selection, &parked));
	assert_false(selection_holds(&cases[4].selection, &parked));
}

/* Whoever names a tip that nobody parked, or that the other conditions leave out, is told. */
static void a_selection_knows_which_tips_were_not_met(void **state)
{
	struct tip_id tips[] = { id_of(1), id_of(5), id_of(5) };
	bool met[] = { false, false, false };
	struct selection selection = { .tips = tips, .met = met, .n_tips = 3, .reason = "poison", .since = -1,
				       .until = -1 };
	struct parked parked = { .has_tip_id = true, .tip_id = id_of(5), .day = 100 };
	json_t *unmet;

	(void)state;
	parked.reason = slice_str("age-mac");
	assert_false(selection_take(&selection, &parked));
	unmet = selection_unmet(&selection);
	assert_int_equal(json_array_size(unmet), 3);
	json_decref(unmet);
	parked.reason = slice_str("poison");
	assert_true(selection_take(&selection, &parked));
	unmet = selection_unmet(&selection);
	assert_int_equal(json_array_size(unmet), 1);
	assert_string_equal(json_string_value(json_array_get(unmet, 0)), "01000000000000000000000000000000");
	json_decref(unmet);
}

static void add(struct kafka_record *record, const char *name, const char *value)
{
	record->headers[record->n_headers++] = (struct kafka_header){ name, slice_str(value) };
}

static struct kafka_record parked_record(const char *reason)
{
	struct kafka_record record = { .topic = TOPIC_PARKED, .offset = 42 };

	record.key = slice_str(TIP);
	record.value = slice_str("as it came");
	add(&record, HEADER_REASON, reason);
	add(&record, HEADER_STAGE, "sink");
	add(&record, HEADER_ORIGIN_TOPIC, TOPIC_ROUTED);
	add(&record, HEADER_DAY, "19000");
	add(&record, HEADER_REPLAYS, "2");
	add(&record, HEADER_TIP_ID, TIP);
	add(&record, HEADER_ORIGIN_KEY, "the case");
	return record;
}

static void expect_headers(const struct replay_note *note, const char *want)
{
	char got[256] = "";

	for (size_t i = 0; i < note->out.n_headers; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s=%.*s ", note->headers[i].name,
			 (int)note->headers[i].value.len, (const char *)note->headers[i].value.data);
	assert_string_equal(got, want);
}

static void a_record_goes_back_as_it_was(void **state)
{
	struct kafka_record record = parked_record(REASON_TOO_LARGE);
	struct replay_note note;
	struct parked parked;

	(void)state;
	parked_read(&parked, &record, NULL);
	assert_string_equal(replay_topic(&parked), TOPIC_ROUTED);
	replay_note_build(&note, &record, &parked, TOPIC_ROUTED);
	assert_true(slice_equal(note.out.key, slice_str("the case")));
	assert_true(slice_equal(note.out.value, slice_str("as it came")));
	assert_int_equal(note.out.timestamp_ms, clock_day() * DAY_MS);
	expect_headers(&note, "tip-id=" TIP " day=19000 parked-from=42 replays=3 ");
	assert_false(note.out.value_null);
}

/* With a header more it would be another record. */
static void a_record_without_headers_gets_none_back(void **state)
{
	struct kafka_record record = parked_record(REASON_RECORD_HEADERS);
	struct replay_note note;
	struct parked parked;

	(void)state;
	record.value_null = true;
	parked_read(&parked, &record, NULL);
	replay_note_build(&note, &record, &parked, TOPIC_ROUTED);
	expect_headers(&note, "day=19000 parked-from=42 replays=3 ");
	assert_true(note.out.value_null);
}

/* Whoever can write to tip.parked must not be able to make tipctl write elsewhere. */
static void nothing_goes_where_no_stage_reads(void **state)
{
	static const char *const topics_not_read[] = { "team.oversight", TOPIC_PARKED, TOPIC_RESOLVED, TOPIC_LINK_INDEX,
						       "" };

	(void)state;
	for (size_t i = 0; i < sizeof topics_not_read / sizeof *topics_not_read; i++) {
		struct parked parked = { .offset = 1 };

		parked.origin_topic = slice_str(topics_not_read[i]);
		assert_null(replay_topic(&parked));
	}
}

/* A foreign record may say anything: only plain digits are a number. */
static void a_number_is_digits_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int64_t want;
	} rows[] = {
		{ "0", 1, 0 },     { "42", 2, 42 },      { "", 0, -1 },      { "-1", 2, -1 },  { " 42", 3, -1 },
		{ "42 ", 3, -1 },  { "4\0002", 3, -1 },  { "0x1f", 4, -1 },  { "many", 4, -1 },
		{ "9999999999999999999", 19, -1 }, { "000000000000000000042", 21, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct kafka_record record = { .topic = TOPIC_PARKED, .n_headers = 1 };
		record.headers[0] = (struct kafka_header){ HEADER_REPLAYS, slice_of(rows[i].text, rows[i].len) };
		if (parked_number(&record, HEADER_REPLAYS) != rows[i].want)
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
		assert_int_equal(parked_number(&record, HEADER_PARKED_FROM), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
		cmocka_unit_test(what_came_first_ends_it),
		cmocka_unit_test(a_search_begins_at_the_first_intent),
		cmocka_unit_test(an_offset_of_another_tip_is_not_resolved),
		cmocka_unit_test(a_resolution_reads_as_it_was_written),
		cmocka_unit_test(what_is_no_resolution_is_said_to_be_none),
		cmocka_unit_test(a_selection_holds_what_fits_in_all_respects),
		cmocka_unit_test(a_selection_knows_which_tips_were_not_met),
		cmocka_unit_test(a_record_goes_back_as_it_was),
		cmocka_unit_test(a_record_without_headers_gets_none_back),
		cmocka_unit_test(nothing_goes_where_no_stage_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
