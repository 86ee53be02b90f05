/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/reason.h"
#include "schema/tip.h"
#include "schema/tip_fields.h"

#define JSON(text) text, sizeof(text) - 1

struct bad {
	const char *what, *json;
	size_t len;
	const char *reason;
};

static void expect(const struct bad *bad, bool intake)
{
	/* Of its exact size, so that a sanitizer sees a read past the end. */
	uint8_t *exact = mem_alloc(bad->len);
	struct err err = ERR_INIT;
	struct tip tip;
	int result;

	memcpy(exact, bad->json, bad->len);
	result = tip_parse(&tip, slice_of(exact, bad->len), intake, &err);
	free(exact);
	if (result == 0)
		tip_release(&tip);
	if (!bad->reason && result != 0)
		fail_msg("%s: refused: %s", bad->what, err.text);
	if (bad->reason && (result == 0 || !err.reason || strcmp(err.reason, bad->reason) != 0))
		fail_msg("%s: %s %s, not %s", bad->what, result ? err.reason : "taken", err.text, bad->reason);
}

static void expect_each(const struct bad *cases, size_t n, bool intake)
{
	for (size_t i = 0; i < n; i++)
		expect(&cases[i], intake);
}

#define EXPECT_EACH(cases, intake) expect_each(cases, sizeof(cases) / sizeof((cases)[0]), intake)

static void malformed_json_is_refused_with_its_reason(void **state)
{
	static const struct bad cases[] = {
		{ "empty", JSON(""), REASON_JSON_SYNTAX },
		{ "only space", JSON(" \n"), REASON_JSON_SYNTAX },
		{ "truncated in a string", JSON("{\"narrative\":\"a"), REASON_JSON_SYNTAX },
		{ "truncated after a key", JSON("{\"narrative\""), REASON_JSON_SYNTAX },
		{ "truncated after a value", JSON("{\"narrative\":\"a\""), REASON_JSON_SYNTAX },
		{ "truncated in an escape", JSON("{\"narrative\":\"\\u00"), REASON_JSON_SYNTAX },
		{ "truncated at a backslash", JSON("{\"narrative\":\"\\"), REASON_JSON_SYNTAX },
		{ "truncated at a minus", JSON("{\"x-a\":-"), REASON_JSON_SYNTAX },
		{ "truncated word", JSON("[tru"), REASON_JSON_SYNTAX },
		{ "a comma too many", JSON("{\"narrative\":\"a\",}"), REASON_JSON_SYNTAX },
		{ "a comma too many in an array", JSON("[1,]"), REASON_JSON_SYNTAX },
		{ "the wrong bracket", JSON("{\"narrative\":\"a\"]"), REASON_JSON_SYNTAX },
		{ "a key without quotes", JSON("{narrative:\"a\"}"), REASON_JSON_SYNTAX },
		{ "single quotes", JSON("{'narrative':'a'}"), REASON_JSON_SYNTAX },
		{ "a comment", JSON("{/* */\"narrative\":\"a\"}"), REASON_JSON_SYNTAX },
		{ "a raw newline in a string", JSON("{\"narrative\":\"a\nb\"}"), REASON_JSON_SYNTAX },
		{ "an unknown escape", JSON("{\"narrative\":\"\\a\"}"), REASON_JSON_SYNTAX },
		{ "trailing text", JSON("{\"narrative\":\"a\"} x"), REASON_JSON_SYNTAX },
		{ "a second document", JSON("{\"narrative\":\"a\"}{}"), REASON_JSON_SYNTAX },
		{ "a trailing NUL", JSON("{\"narrative\":\"a\"}\0"), REASON_JSON_UTF8 },
		{ "a NUL inside", JSON("{\"narrative\":\"a\0b\"}"), REASON_JSON_UTF8 },
		{ "an escaped NUL", JSON("{\"narrative\":\"a\\u0000b\"}"), REASON_JSON_UTF8 },
		{ "an escaped NUL in a key", JSON("{\"x-\\u0000\":1,\"narrative\":\"a\"}"), REASON_JSON_UTF8 },
		{ "a byte order mark", JSON("\xef\xbb\xbf{\"narrative\":\"a\"}"), REASON_JSON_UTF8 },
		{ "a lone high surrogate", JSON("{\"narrative\":\"\\ud800\"}"), REASON_JSON_UTF8 },
		{ "a high surrogate before a letter", JSON("{\"narrative\":\"\\ud800\\u0041\"}"), REASON_JSON_UTF8 },
		{ "a lone low surrogate", JSON("{\"narrative\":\"\\udc00\"}"), REASON_JSON_UTF8 },
		{ "an overlong NUL", JSON("{\"narrative\":\"\xc0\x80\"}"), REASON_JSON_UTF8 },
		{ "a surrogate in UTF-8", JSON("{\"narrative\":\"\xed\xa0\x80\"}"), REASON_JSON_UTF8 },
		{ "above U+10FFFF", JSON("{\"narrative\":\"\xf4\x90\x80\x80\"}"), REASON_JSON_UTF8 },
		{ "a lone continuation byte", JSON("{\"narrative\":\"\x80\"}"), REASON_JSON_UTF8 },
		{ "a cut character at the end", JSON("{\"narrative\":\"a\xe2\x82"), REASON_JSON_UTF8 },
		{ "Latin-1", JSON("{\"narrative\":\"caf\xe9\"}"), REASON_JSON_UTF8 },
		{ "1e999", JSON("{\"narrative\":\"a\",\"x-n\":1e999}"), REASON_JSON_SYNTAX },
		{ "2^63", JSON("{\"narrative\":\"a\",\"x-n\":9223372036854775808}"), REASON_JSON_SYNTAX },
		{ "2^63-1", JSON("{\"narrative\":\"a\",\"x-n\":9223372036854775807}"), NULL },
		{ "NaN", JSON("{\"narrative\":\"a\",\"x-n\":NaN}"), REASON_JSON_SYNTAX },
		{ "Infinity", JSON("{\"narrative\":\"a\",\"x-n\":-Infinity}"), REASON_JSON_SYNTAX },
		{ "-0", JSON("{\"narrative\":\"a\",\"x-n\":-0}"), NULL },
		{ "01", JSON("{\"narrative\":\"a\",\"x-n\":01}"), REASON_JSON_SYNTAX },
		{ "1.", JSON("{\"narrative\":\"a\",\"x-n\":1.}"), REASON_JSON_SYNTAX },
		{ "+1", JSON("{\"narrative\":\"a\",\"x-n\":+1}"), REASON_JSON_SYNTAX },
		{ "0x10", JSON("{\"narrative\":\"a\",\"x-n\":0x10}"), REASON_JSON_SYNTAX },
		{ "65 digits", JSON("{\"narrative\":\"a\",\"x-n\":0.1234567890123456789012345678901234567890123456789012345678"
				    "901234}"), REASON_JSON_SYNTAX },
		{ "a duplicate key", JSON("{\"narrative\":\"a\",\"narrative\":\"b\"}"), REASON_JSON_DUPLICATE },
		{ "an escaped duplicate", JSON("{\"narrative\":\"a\",\"n\\u0061rrative\":\"b\"}"), REASON_JSON_DUPLICATE },
		{ "a duplicate in a subject", JSON("{\"narrative\":\"a\",\"subjects\":[{\"name\":\"a\",\"name\":\"b\"}]}"),
		  REASON_JSON_DUPLICATE },
		{ "a duplicate in extra data", JSON("{\"narrative\":\"a\",\"x-a\":{\"k\":1,\"\\u006b\":2}}"),
		  REASON_JSON_DUPLICATE },
		{ "a duplicate with a surrogate pair",
		  JSON("{\"narrative\":\"a\",\"x-\xf0\x9f\x98\x80\":1,\"x-\\ud83d\\ude00\":2}"), REASON_JSON_DUPLICATE },
		{ "a duplicate with other escapes", JSON("{\"narrative\":\"a\",\"x-\\/\\\"\\\\\":1,\"x-/\\u0022\\u005C\":2}"),
		  REASON_JSON_DUPLICATE },
		{ "the same key in two subjects",
		  JSON("{\"narrative\":\"a\",\"subjects\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), NULL },
	};

	(void)state;
	EXPECT_EACH(cases, true);
}

static void what_does_not_follow_the_schema_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ "a scalar root", JSON("\"narrative\""), REASON_TIP_INVALID },
		{ "a number as root", JSON("7"), REASON_TIP_INVALID },
		{ "null as root", JSON("null"), REASON_TIP_INVALID },
		{ "an array as root", JSON("[]"), REASON_TIP_INVALID },
		{ "no narrative", JSON("{}"), REASON_TIP_INVALID },
		{ "a null narrative", JSON("{\"narrative\":null}"), REASON_TIP_INVALID },
		{ "an empty narrative", JSON("{\"narrative\":\"\"}"), REASON_TIP_INVALID },
		{ "a number as narrative", JSON("{\"narrative\":1}"), REASON_TIP_INVALID },
		{ "an array as narrative", JSON("{\"narrative\":[\"a\"]}"), REASON_TIP_INVALID },
		{ "an unknown member", JSON("{\"narrative\":\"a\",\"priority\":\"high\"}"), REASON_TIP_INVALID },
		{ "a label, as the training data has", JSON("{\"narrative\":\"a\",\"labels\":[\"corruption\"]}"),
		  REASON_TIP_INVALID },
		{ "a prototype", JSON("{\"narrative\":\"a\",\"__proto__\":{}}"), REASON_TIP_INVALID },
		{ "an unknown member, null", JSON("{\"narrative\":\"a\",\"priority\":null}"), REASON_TIP_INVALID },
		{ "an unknown channel", JSON("{\"narrative\":\"a\",\"channel\":\"fax\"}"), REASON_TIP_INVALID },
		{ "an unknown contact mode", JSON("{\"narrative\":\"a\",\"contact\":\"yes\"}"), REASON_TIP_INVALID },
		{ "a boolean contact mode", JSON("{\"narrative\":\"a\",\"contact\":false}"), REASON_TIP_INVALID },
		{ "a language with a path", JSON("{\"narrative\":\"a\",\"language\":\"../en\"}"), REASON_TIP_INVALID },
		{ "a date without a time", JSON("{\"narrative\":\"a\",\"received\":\"2026-01-08\"}"), REASON_TIP_INVALID },
		{ "month 13", JSON("{\"narrative\":\"a\",\"received\":\"2026-13-08T10:00:00Z\"}"), REASON_TIP_INVALID },
		{ "a time without a zone",
		  JSON("{\"narrative\":\"a\",\"received\":\"2026-01-08T10:00:00\"}"), REASON_TIP_INVALID },
		{ "a point without digits", JSON("{\"narrative\":\"a\",\"received\":\"2026-01-08T10:00:00.Z\"}"),
		  REASON_TIP_INVALID },
		{ "a zone and more", JSON("{\"narrative\":\"a\",\"received\":\"2026-01-08T10:00:00Zz\"}"), REASON_TIP_INVALID },
		{ "subjects as an object", JSON("{\"narrative\":\"a\",\"subjects\":{}}"), REASON_TIP_INVALID },
		{ "a subject as text", JSON("{\"narrative\":\"a\",\"subjects\":[\"PC Smith\"]}"), REASON_TIP_INVALID },
		{ "a null subject", JSON("{\"narrative\":\"a\",\"subjects\":[null]}"), REASON_TIP_INVALID },
		{ "an unknown member of a subject", JSON("{\"narrative\":\"a\",\"subjects\":[{\"age\":\"4\"}]}"),
		  REASON_TIP_INVALID },
		{ "a number in a subject", JSON("{\"narrative\":\"a\",\"subjects\":[{\"number\":2214}]}"), REASON_TIP_INVALID },
		{ "details without the mode", JSON("{\"narrative\":\"a\",\"contact_details\":\"07700 900123\"}"),
		  REASON_TIP_INVALID },
		{ "a tip id in capitals", JSON("{\"narrative\":\"a\",\"tip_id\":\"0123456789ABCDEF0123456789ABCDEF\"}"),
		  REASON_TIP_INVALID },
		{ "a tip id of zeros", JSON("{\"narrative\":\"a\",\"tip_id\":\"00000000000000000000000000000000\"}"),
		  REASON_TIP_INVALID },
		{ "an ANSI escape", JSON("{\"narrative\":\"a\\u001b[31m\"}"), REASON_TIP_INVALID },
		{ "an ANSI escape in a name", JSON("{\"narrative\":\"a\",\"subjects\":[{\"name\":\"\\u001b]0;x\"}]}"),
		  REASON_TIP_INVALID },
		{ "DEL", JSON("{\"narrative\":\"a\x7f\"}"), REASON_TIP_INVALID },
		{ "a C1 control sequence introducer", JSON("{\"narrative\":\"a\xc2\x9b" "31m\"}"), REASON_TIP_INVALID },
		{ "a backspace", JSON("{\"narrative\":\"a\\b\"}"), REASON_TIP_INVALID },
	};

	(void)state;
	EXPECT_EACH(cases, true);
	EXPECT_EACH(cases, false);
}

static void odd_but_honest_tips_are_taken(void **state)
{
	static const struct bad cases[] = {
		{ "the least", JSON("{\"narrative\":\"a\"}"), NULL },
		{ "space around", JSON(" \t\r\n{ \"narrative\" : \"a\" } \n"), NULL },
		{ "lines and tabs", JSON("{\"narrative\":\"a\\tb\\r\\nc\"}"), NULL },
		{ "a right-to-left override", JSON("{\"narrative\":\"a\xe2\x80\xae" "b\\u202e\"}"), NULL },
		{ "U+FFFF", JSON("{\"narrative\":\"\xef\xbf\xbf\\uffff\"}"), NULL },
		{ "a surrogate pair", JSON("{\"narrative\":\"\\ud83d\\ude00\"}"), NULL },
		{ "%n", JSON("{\"narrative\":\"%n%s%x\",\"where\":\"%n\"}"), NULL },
		{ "SQL", JSON("{\"narrative\":\"'; DROP TABLE tips; --\"}"), NULL },
		{ "a path", JSON("{\"narrative\":\"../../etc/passwd\",\"where\":\"../\"}"), NULL },
		{ "NFC and NFD twins",
		  JSON("{\"narrative\":\"caf\xc3\xa9 cafe\xcc\x81\",\"x-\xc3\xa9\":1,\"x-e\xcc\x81\":2}"), NULL },
		{ "nulls",
		  JSON("{\"narrative\":\"a\",\"where\":null,\"subjects\":null,\"channel\":null,\"contact\":null}"), NULL },
		{ "empty members",
		  JSON("{\"narrative\":\"a\",\"language\":\"\",\"received\":\"\",\"subjects\":[{\"name\":\"\"}]}"),
		  NULL },
		{ "extra members", JSON("{\"narrative\":\"a\",\"x-gold\":{\"labels\":[1,2.5,true,null]},\"x-\":1}"), NULL },
		{ "an ancient clock", JSON("{\"narrative\":\"a\",\"received\":\"1916-01-08T10:00:00.123+01:00\"}"), NULL },
		{ "a leap second", JSON("{\"narrative\":\"a\",\"received\":\"2016-12-31T23:59:60Z\"}"), NULL },
	};

	(void)state;
	EXPECT_EACH(cases, true);
	EXPECT_EACH(cases, false);
}

static void intake_members_stand_only_at_intake(void **state)
{
	static const struct bad at_intake[] = {
		{ "details", JSON("{\"narrative\":\"a\",\"contact\":\"details\",\"contact_details\":\"07700 900123\"}"), NULL },
		{ "details promised, none given", JSON("{\"narrative\":\"a\",\"contact\":\"details\"}"), NULL },
		{ "an id", JSON("{\"narrative\":\"a\",\"tip_id\":\"0123456789abcdef0123456789abcdef\"}"), NULL },
	};
	static const struct bad sealed[] = {
		{ "details", JSON("{\"narrative\":\"a\",\"contact\":\"details\",\"contact_details\":\"07700 900123\"}"),
		  REASON_TIP_INVALID },
		{ "an id", JSON("{\"narrative\":\"a\",\"tip_id\":\"0123456789abcdef0123456789abcdef\"}"), REASON_TIP_INVALID },
	};

	(void)state;
	EXPECT_EACH(at_intake, true);
	EXPECT_EACH(sealed, false);
}

static void repeat(struct buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_append_str(out, text);
}

static void expect_buf(struct buf *json, const char *what, const char *reason)
{
	struct bad bad = { what, buf_text(json), json->len, reason };

	expect(&bad, true);
	buf_release(json);
}

static void nested(struct buf *json, size_t depth)
{
	buf_append_str(json, "{\"narrative\":\"a\",\"x-n\":");
	repeat(json, "[", depth - 1);
	repeat(json, "]", depth - 1);
	buf_append_str(json, "}");
}

static void bombs_are_refused_before_they_cost(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	nested(&json, 32);
	expect_buf(&json, "depth 32", NULL);
	nested(&json, 33);
	expect_buf(&json, "depth 33", REASON_JSON_DEPTH);
	nested(&json, 2048);
	expect_buf(&json, "depth 2048", REASON_JSON_DEPTH);
	repeat(&json, "[", 100000);
	expect_buf(&json, "100k [", REASON_JSON_DEPTH);
	repeat(&json, "{\"a\":", 100000);
	expect_buf(&json, "100k {", REASON_JSON_DEPTH);
	buf_append_str(&json, "[");
	repeat(&json, "{},", (1 << 20) / 3);
	expect_buf(&json, "1 MiB of {},", REASON_JSON_SIZE);
	repeat(&json, "{},", (1 << 20) / 3);
	expect_buf(&json, "1 MiB of {}, without a root", REASON_JSON_SYNTAX);
	buf_append_str(&json, "{\"narrative\":\"a\"");
	for (int i = 0; i < 10000; i++)
		buf_printf(&json, ",\"x-%d\":1", i);
	buf_append_str(&json, "}");
	expect_buf(&json, "10k keys", REASON_JSON_SIZE);
	buf_append_str(&json, "{\"narrative\":\"a\"");
	for (int i = 0; i < 9000; i++)
		buf_printf(&json, ",\"x-%d\":1", i);
	buf_append_str(&json, ",\"x-\\u0034\":2}");
	expect_buf(&json, "a duplicate among 9000 keys", REASON_JSON_DUPLICATE);
	repeat(&json, " ", TIP_JSON_MAX + 1);
	expect_buf(&json, "2 MiB + 1", REASON_TOO_LARGE);
}

static void lengths_are_limited_to_the_byte(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	for (const struct tip_field *f = tip_fields; f->name; f++) {
		if (f->check || f->intake)
			continue;
		for (size_t over = 0; over < 2; over++) {
			const bool narrative = strcmp(f->name, "narrative") == 0;

			buf_printf(&json, "{%s\"%s\":\"", narrative ? "" : "\"narrative\":\"a\",", f->name);
			repeat(&json, "a", f->max + over);
			buf_append_str(&json, "\"}");
			expect_buf(&json, f->name, over ? REASON_TIP_INVALID : NULL);
		}
	}
	buf_append_str(&json, "{\"narrative\":\"a\",\"subjects\":[{}");
	repeat(&json, ",{}", TIP_SUBJECTS_MAX - 1);
	buf_append_str(&json, "]}");
	expect_buf(&json, "64 subjects", NULL);
	buf_append_str(&json, "{\"narrative\":\"a\",\"subjects\":[{}");
	repeat(&json, ",{}", TIP_SUBJECTS_MAX);
	buf_append_str(&json, "]}");
	expect_buf(&json, "65 subjects", REASON_TIP_INVALID);
	buf_append_str(&json, "{\"narrative\":\"a\",\"where\":\"");
	repeat(&json, "x", 1 << 20);
	buf_append_str(&json, "\"}");
	expect_buf(&json, "a field of 1 MiB", REASON_TIP_INVALID);
	buf_append_str(&json, "{\"narrative\":\"e");
	repeat(&json, "\xcc\x81", 10000);
	buf_append_str(&json, "\"}");
	expect_buf(&json, "10k combining marks", NULL);
}

/* Every prefix of a good document is refused, and never read past. */
static void every_cut_is_refused(void **state)
{
	static const char whole[] = "{\"narrative\":\"a\\n\\ud83d\\ude00 \xc3\xa9\",\"x-n\":[-1.5e+3,true,false,null,{}],"
				    "\"subjects\":[{\"name\":\"b\"}]}";
	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		uint8_t *exact = mem_alloc(len);
		struct tip tip;

		memcpy(exact, whole, len);
		assert_int_equal(tip_parse(&tip, slice_of(exact, len), true, NULL), -1);
		free(exact);
	}
	expect(&(struct bad){ "whole", whole, sizeof(whole) - 1, NULL }, true);
}

static void errors_point_but_do_not_quote(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "{\"narrative\":\"a\",\"subjects\":[{},{\"rank\":\"SECRET\\u0001\"}]}",
		  "/subjects/1/rank: a control character" },
		{ "{\"narrative\":\"a\",\"SECRET\":1}", "the document: an unknown member" },
		{ "{\"narrative\":\"a\",\"subjects\":[{\"SECRET\":1}]}", "/subjects/0: an unknown member" },
		{ "{\"narrative\":\"a\",\"channel\":\"SECRET\"}",
			"/channel: not a channel; possible are web, phone, partner, batch, letter" },
		{ "{\"narrative\":SECRET}", "a malformed value, at byte 13" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct tip tip;

		assert_int_equal(tip_parse(&tip, slice_str(cases[i].json), false, &err), -1);
		assert_string_equal(err.text, cases[i].text);
	}
}

/* Whoever wrote the document is told which member is meant, in a form that no terminal obeys. */
static void intake_names_unknown_members_safely(void **state)
{
	static const struct {
		const char *json, *begins;
	} cases[] = {
		{ "{\"narrative\":\"a\",\"contakt\":1}", "the document: an unknown member \"contakt\"; did you mean contact?" },
		{ "{\"narrative\":\"a\",\"subjects\":[{\"nmae\":1}]}",
		  "/subjects/0: an unknown member \"nmae\"; did you mean name?" },
		{ "{\"narrative\":\"a\",\"\\u001b[31m\\u202e\":1}",
			"the document: an unknown member \"\\u001B[31m\\u202E\"; " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct tip tip;

		assert_int_equal(tip_parse(&tip, slice_str(cases[i].json), true, &err), -1);
		assert_memory_equal(err.text, cases[i].begins, strlen(cases[i].begins));
	}
}

static void members_are_read(void **state)
{
	static const char json[] =
		"{\"narrative\":\"He said \\\"no\\\".\",\"language\":\"cy\",\"received\":\"2026-01-08T19:42:10Z\","
		"\"relation\":\"neighbour\",\"channel\":\"letter\",\"contact\":\"details\",\"contact_details\":\"ring me\","
		"\"tip_id\":\"0123456789abcdef0123456789abcdef\",\"where\":\"Barking\",\"when\":\"Sundays\","
		"\"subjects\":[{\"name\":\"Fitz\",\"rank\":null,\"number\":\"\",\"as_written\":\"knows as Fitz\"},"
		"{\"handle\":\"@f\",\"vehicle\":\"LK19 TVW\",\"nickname\":\"Deano\",\"station\":\"Lewisham\"}]}";
	struct tip tip;

	(void)state;
	assert_int_equal(tip_parse(&tip, slice_str(json), true, NULL), 0);
	assert_string_equal(tip.narrative, "He said \"no\".");
	assert_int_equal(tip.narrative_len, 13);
	assert_string_equal(tip.language, "cy");
	assert_string_equal(tip.received, "2026-01-08T19:42:10Z");
	assert_int_equal(tip.channel, CHANNEL_LETTER);
	assert_int_equal(tip.contact, CONTACT_DETAILS);
	assert_string_equal(tip.contact_details, "ring me");
	assert_string_equal(tip_given_id(&tip), "0123456789abcdef0123456789abcdef");
	assert_int_equal(tip.n_subjects, 2);
	assert_string_equal(tip.subjects[0].name, "Fitz");
	assert_null(tip.subjects[0].rank);
	assert_null(tip.subjects[0].number);
	assert_string_equal(tip.subjects[1].vehicle, "LK19 TVW");
	tip_release(&tip);
	assert_int_equal(tip_parse(&tip, slice_str("{\"narrative\":\"a\"}"), true, NULL), 0);
	assert_string_equal(tip.language, "en");
	assert_null(tip.received);
	assert_null(tip_given_id(&tip));
	assert_int_equal(tip.contact, CONTACT_NONE);
	tip_release(&tip);
}

static void what_is_sealed_is_compact_and_has_no_contact(void **state)
{
	static const struct {
		const char *given, *sealed;
	} cases[] = {
		{ "{ \"where\": \"Barking\", \"narrative\": \"caf\\u00e9\\n\\/\" }",
		  "{\"where\":\"Barking\",\"narrative\":\"caf\xc3\xa9\\n/\"}" },
		{ "{\"narrative\":\"a\",\"contact\":\"details\",\"contact_details\":\"ring me\","
		  "\"tip_id\":\"0123456789abcdef0123456789abcdef\",\"x-gold\":[1]}",
		  "{\"narrative\":\"a\",\"contact\":\"details\"}" },
		{ "{\"narrative\":\"a\",\"when\":null,\"where\":\"\",\"subjects\":[]}", "{\"narrative\":\"a\"}" },
		{ "{\"narrative\":\"a\",\"subjects\":[{\"x-a\":1,\"rank\":\"PC\",\"name\":null},{}],\"when\":\"now\"}",
		  "{\"narrative\":\"a\",\"when\":\"now\",\"subjects\":[{\"rank\":\"PC\"},{}]}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		struct tip tip, again;

		assert_int_equal(tip_parse(&tip, slice_str(cases[i].given), true, NULL), 0);
		assert_int_equal(tip_dump(&tip, &out, NULL), 0);
		assert_string_equal(buf_text(&out), cases[i].sealed);
		/* What is sealed can be opened by the same rules, and sealed again to the same bytes. */
		assert_int_equal(tip_parse(&again, buf_slice(&out), false, NULL), 0);
		buf_clear(&out);
		assert_int_equal(tip_dump(&again, &out, NULL), 0);
		assert_string_equal(buf_text(&out), cases[i].sealed);
		tip_release(&again);
		tip_release(&tip);
		buf_release(&out);
	}
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
		cmocka_unit_test(malformed_json_is_refused_with_its_reason),
		cmocka_unit_test(what_does_not_follow_the_schema_is_refused),
		cmocka_unit_test(odd_but_honest_tips_are_taken),
		cmocka_unit_test(intake_members_stand_only_at_intake),
		cmocka_unit_test(bombs_are_refused_before_they_cost),
		cmocka_unit_test(lengths_are_limited_to_the_byte),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(errors_point_but_do_not_quote),
		cmocka_unit_test(intake_names_unknown_members_safely),
		cmocka_unit_test(members_are_read),
		cmocka_unit_test(what_is_sealed_is_compact_and_has_no_contact),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
