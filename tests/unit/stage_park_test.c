/* SPDX-License-Identifier: Apache-2.0 */
/* What a parked record says of itself, and which rows --try can do without. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_park.h"

#define TIP "000102030405060708090a0b0c0d0e0f"
#define OTHER "ffffffffffffffffffffffffffffffff"
#define DAY_MS 86400000ll

static struct kafka_record record_of(const char *header, const char *key, const char *day)
{
	struct kafka_record record = { .topic = "tip.linked", .partition = 3, .offset = 77 };

	record.timestamp_ms = 20000 * DAY_MS + 5;
	record.key = slice_str(key);
	record.value = slice_str("as it came");
	if (header)
		record.headers[record.n_headers++] = (struct kafka_header){ HEADER_TIP_ID, slice_str(header) };
	if (day)
		record.headers[record.n_headers++] = (struct kafka_header){ HEADER_DAY, slice_str(day) };
	return record;
}

static const struct {
	const char *name, *header, *key, *day;
	const char *want_key, *want;
} cases[] = {
	{ "all there", TIP, OTHER, "19000", TIP, "19000 tip-id=" TIP },
	{ "no day header", TIP, OTHER, NULL, TIP, "20000 tip-id=" TIP },
	{ "a day that is none", TIP, OTHER, "4294967296", TIP, "20000 tip-id=" TIP },
	{ "a day with a sign", TIP, OTHER, "-1", TIP, "20000 tip-id=" TIP },
	{ "the key names the tip", NULL, TIP, NULL, TIP, "20000 tip-id=" TIP },
	{ "a bad header, a good key", "zz", TIP, NULL, TIP, "20000 tip-id=" TIP },
	{ "nothing names the tip", NULL, "k", NULL, "k", "20000" },
};

static void append_header(char *out, size_t size, const struct kafka_header *header)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, " %s=%.*s", header->name, (int)header->value.len,
		 (const char *)header->value.data);
}

static void a_parked_record_says_why_where_from_and_since_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kafka_record record = record_of(cases[i].header, cases[i].key, cases[i].day);
		struct stage_park_note note;
		char got[512] = "", want[512];
		stage_park_note_build(&note, &record, "route", REASON_TEAM_UNKNOWN, 4);
		for (size_t k = 0; k < note.out.n_headers; k++) {
			if (strcmp(note.headers[k].name, HEADER_DAY))
				append_header(got, sizeof(got), &note.headers[k]);
		}
		const char *id = strchr(cases[i].want, ' ');
		snprintf(want, sizeof(want),
			 " reason=team-unknown stage=route origin-topic=tip.linked origin-partition=3"
			 " origin-offset=77 attempts=4%s%s%s", id ? id : "", strcmp(cases[i].key, cases[i].want_key) ?
			 " origin-key=" : "", strcmp(cases[i].key, cases[i].want_key) ? cases[i].key : "");
		assert_string_equal(got, want);
		assert_int_equal(strncmp(note.day, cases[i].want, strlen(note.day)), 0);
		assert_true(slice_equal(note.out.key, slice_str(cases[i].want_key)));
		assert_true(slice_equal(note.out.value, record.value));
		assert_string_equal(note.out.topic, TOPIC_PARKED);
		assert_int_equal(note.out.timestamp_ms, clock_day() * DAY_MS);
	}
}

static void how_often_it_was_replayed_goes_along(void **state)
{
	struct kafka_record record = record_of(TIP, TIP, NULL);
	struct stage_park_note note;
	size_t last;

	(void)state;
	record.headers[record.n_headers++] = (struct kafka_header){ HEADER_REPLAYS, slice_str("2") };
	stage_park_note_build(&note, &record, "classify", REASON_KEY_UNKNOWN, 1);
	assert_true(note.out.n_headers <= STAGE_PARK_HEADERS);
	for (last = 0; strcmp(note.headers[last].name, HEADER_REPLAYS) != 0; last++)
		assert_true(last < note.out.n_headers);
	assert_true(slice_equal(note.headers[last].value, slice_str("2")));
}

static void a_foreign_count_of_replays_stays_behind(void **state)
{
	static const struct slice foreign[] = {
		{ (const uint8_t *)"", 0 },	{ (const uint8_t *)"2\0", 2 },	 { (const uint8_t *)"two", 3 },
		{ (const uint8_t *)"\xff", 1 }, { (const uint8_t *)"-1", 2 }, { (const uint8_t *)"12345678901", 11 },
	};
	struct stage_park_note note;

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		struct kafka_record record = record_of(TIP, TIP, NULL);

		record.headers[record.n_headers++] = (struct kafka_header){ HEADER_REPLAYS, foreign[i] };
		stage_park_note_build(&note, &record, "classify", REASON_KEY_UNKNOWN, 1);
		for (size_t h = 0; h < note.out.n_headers; h++)
			assert_string_not_equal(note.headers[h].name, HEADER_REPLAYS);
	}
}

static void a_tombstone_stays_one(void **state)
{
	struct kafka_record record = record_of(TIP, TIP, NULL);
	struct stage_park_note note;

	(void)state;
	record.value_null = true;
	record.value = slice_of(NULL, 0);
	stage_park_note_build(&note, &record, "classify", REASON_RECORD_NULL, 1);
	assert_true(note.out.value_null);
}

static const struct conf_key own[] = {
	{ "policy", CONF_FILE, NULL, 0, 0, NULL, "rules" },
	{ "keys.list", CONF_FILE, NULL, 0, 0, NULL, "a list" },
	{ "store", CONF_PATH, NULL, 0, 0, NULL, "the store" },
	CONF_KEYS_END
};
static const struct stage stage = { .name = "test", .keys = own };

static void try_needs_no_broker_and_no_keys_but_the_rules(void **state)
{
	struct stage_tables tables;
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	(void)state;
	stage_tables_init(&tables, &stage, false);
	assert_int_equal(conf_parse(&conf, "test", "policy: /proc/self/exe\n", tables.tables, &err), -1);
	stage_tables_release(&tables);
	stage_tables_init(&tables, &stage, true);
	if (conf_parse(&conf, "test", "policy: /proc/self/exe\n", tables.tables, &err))
		fail_msg("%s", err.text);
	assert_string_equal(conf_str(conf, "store"), "");
	conf_free(conf);
	assert_int_equal(conf_parse(&conf, "test", "store: x\n", tables.tables, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	stage_tables_release(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parked_record_says_why_where_from_and_since_when),
		cmocka_unit_test(how_often_it_was_replayed_goes_along),
		cmocka_unit_test(a_foreign_count_of_replays_stays_behind),
		cmocka_unit_test(a_tombstone_stays_one),
		cmocka_unit_test(try_needs_no_broker_and_no_keys_but_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
