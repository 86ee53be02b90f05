/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ctl/canary_forms.h"
#include "ops/ctl/canary_search.h"

static bool has_form(const struct canary_form *forms, size_t n, const char *encoding, const void *bytes, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(forms[i].encoding, encoding) == 0 && slice_equal(buf_slice(&forms[i].bytes), slice_of(bytes, len)))
			return true;
	return false;
}

static void release(struct canary_form *forms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_release(&forms[i].bytes);
}

/* Made by Python: base64, urllib.parse, json and str.encode. */
static void forms_are_what_libraries_write(void **state)
{
	static const struct {
		const char *encoding, *bytes;
	} wanted[] = {
		{ "utf-8", "Ab/? \"\xC3\xA9\xF0\x9F\x98\x80yz" },
		{ "utf-8 lower case", "ab/? \"\xC3\xA9\xF0\x9F\x98\x80yz" },
		{ "utf-8 upper case", "AB/? \"\xC3\xA9\xF0\x9F\x98\x80YZ" },
		{ "percent", "Ab%2F%3F%20%22%C3%A9%F0%9F%98%80yz" },
		{ "percent", "%41%62%2f%3f%20%22%c3%a9%f0%9f%98%80%79%7a" },
		{ "json", "Ab/? \\\"\\u00e9\\ud83d\\ude00yz" },
		{ "json", "\\u0041\\u0062\\u002F\\u003F\\u0020\\u0022\\u00E9\\uD83D\\uDE00\\u0079\\u007A" },
		{ "hex", "41622f3f2022c3a9f09f9880797a" },
		{ "hex", "41622F3F2022C3A9F09F9880797A" },
		{ "base64 +0", "QWIvPyAiw6nwn5iAeX" },
		{ "base64 +1", "FiLz8gIsOp8J+YgHl6" },
		{ "base64 +2", "BYi8/ICLDqfCfmIB5e" },
		{ "base64url +2", "BYi8_ICLDqfCfmIB5e" },
	};
	struct canary_form forms[CANARY_FORMS_MAX];
	const size_t n = canary_forms(forms, wanted[0].bytes);

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!has_form(forms, n, wanted[i].encoding, wanted[i].bytes, strlen(wanted[i].bytes)))
			fail_msg("%s: no %s", wanted[i].encoding, wanted[i].bytes);
	assert_true(has_form(forms, n, "utf-16le", "A\0b\0/\0?\0 \0\"\0\xE9\0\x3D\xD8\0\xDEy\0z\0", 22));
	assert_true(has_form(forms, n, "utf-16be", "\0A\0b\0/\0?\0 \0\"\0\xE9\xD8\x3D\xDE\0\0y\0z", 22));
	release(forms, n);
}

static void the_end_of_a_long_marker_is_enough(void **state)
{
	struct canary_form forms[CANARY_FORMS_MAX];
	size_t n = canary_forms(forms, "AbcdefghijklmnopqrstuvwxyZ");

	(void)state;
	assert_true(has_form(forms, n, "utf-8", "klmnopqrstuvwxyZ", MARKER_CORE));
	release(forms, n);
	/* A character is not cut in two. */
	n = canary_forms(forms, "abcdefghij\xC3\xA9klmnopqrstuvwxy");
	assert_true(has_form(forms, n, "utf-8", "\xC3\xA9klmnopqrstuvwxy", 17));
	release(forms, n);
}

static void no_form_is_too_short(void **state)
{
	static const char *const markers[] = {
		"aaaaaaaaaaaa", "éééééé", "三三三三三三", "三三三三三三三三三三三三三三", "a三三三三三三三三",
		"\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6",
	};

	(void)state;
	for (size_t m = 0; m < sizeof(markers) / sizeof(markers[0]); m++) {
		struct canary_form forms[CANARY_FORMS_MAX];
		const size_t n = canary_forms(forms, markers[m]);

		for (size_t i = 0; i < n; i++)
			assert_true(forms[i].bytes.len >= MARKER_MIN);
		release(forms, n);
	}
}

struct hits {
	uint64_t sum;
	size_t n;
};

static void count(void *arg, uint64_t at, size_t tag)
{
	struct hits *hits = arg;

	hits->sum += at * 31 + tag;
	hits->n++;
}

/* Few letters, so that near misses abound. */
static void fill(uint8_t *text, size_t len, uint32_t *seed)
{
	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		text[i] = (uint8_t)("ab"[*seed >> 31]);
	}
}

#define TEXT 40000
#define STRINGS 40

static struct hits compare_all(const uint8_t *text, uint8_t strings[STRINGS][20], const size_t *lens)
{
	struct hits hits = { 0, 0 };

	for (size_t at = 0; at < TEXT; at++)
		for (size_t i = 0; i < STRINGS; i++)
			if (at + lens[i] <= TEXT && memcmp(text + at, strings[i], lens[i]) == 0)
				count(&hits, at, i);
	return hits;
}

/* The same as comparing everywhere, in whatever pieces the text comes. */
static void finds_what_comparing_finds(void **state)
{
	static uint8_t text[TEXT], strings[STRINGS][20];
	static const size_t pieces[] = { 1, 2, 3, 7, 9, 64, 4096, TEXT };
	size_t lens[STRINGS];
	struct search *search = search_new();
	struct hits want;
	uint32_t seed = 7;

	(void)state;
	fill(text, TEXT, &seed);
	for (size_t i = 0; i < STRINGS; i++) {
		lens[i] = MARKER_MIN + i % 8;
		fill(strings[i], lens[i], &seed);
		search_add(search, slice_of(strings[i], lens[i]), i);
	}
	want = compare_all(text, strings, lens);
	assert_true(want.n > STRINGS);
	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		struct hits got = { 0, 0 };
		struct search_stream stream;

		search_stream_init(&stream, search, count, &got);
		search_stream_begin(&stream, 0);
		for (size_t at = 0; at < TEXT; at += pieces[p])
			search_stream_feed(&stream, text + at, at + pieces[p] < TEXT ? pieces[p] : TEXT - at);
		search_stream_release(&stream);
		assert_int_equal(got.n, want.n);
		assert_true(got.sum == want.sum);
	}
	search_free(search);
}

static void what_begins_anew_joins_nothing(void **state)
{
	struct search *search = search_new();
	struct search_stream stream;
	struct hits hits = { 0, 0 };

	(void)state;
	search_add(search, slice_str("abcdefghijklmnop"), 0);
	search_stream_init(&stream, search, count, &hits);
	search_stream_begin(&stream, 0);
	search_stream_feed(&stream, (const uint8_t *)"xxabcdefgh", 10);
	search_stream_begin(&stream, 4096);
	search_stream_feed(&stream, (const uint8_t *)"ijklmnopxx", 10);
	assert_int_equal(hits.n, 0);
	search_stream_begin(&stream, 1000);
	search_stream_feed(&stream, (const uint8_t *)"xxabcdefgh", 10);
	search_stream_feed(&stream, (const uint8_t *)"ijklmnopxx", 10);
	assert_int_equal(hits.n, 1);
	assert_true(hits.sum == 1002 * 31);
	search_stream_release(&stream);
	search_free(search);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_what_libraries_write),
		cmocka_unit_test(the_end_of_a_long_marker_is_enough),
		cmocka_unit_test(no_form_is_too_short),
		cmocka_unit_test(finds_what_comparing_finds),
		cmocka_unit_test(what_begins_anew_joins_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
