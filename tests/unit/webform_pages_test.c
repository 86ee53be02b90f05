/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/folder_fixture.h"

#include <string.h>

#include "producers/webform/pages.h"
#include "schema/digest.h"

static const char *const plain_pages[] = { "start.html", "safety.html", "received.html", "unavailable.html",
					   "missing.html" };
#define SCRIPT "\"use strict\""
#define REPORT "<form data-recipients=\"{{recipients}}\" data-root=\"{{root}}\">{{narrative}}</form>\n"

/* With the tag of the script in front, whose hash each page must say. */
static void write_page(struct fixture *f, const char *name, const char *text, const char *script)
{
	char hash[DIGEST_SRI];
	struct buf page = BUF_INIT;

	digest_sri(hash, slice_str(script));
	buf_printf(&page, "<script integrity=\"%s\">%s", hash, text);
	write_text(f, name, buf_text(&page), 0644);
	buf_release(&page);
}

static const char *behind_tag(const struct buf *page)
{
	const char *end = strchr(buf_text(page), '>');

	assert_non_null(end);
	return end + 1;
}

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tipline-pages-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	for (size_t i = 0; i < sizeof(plain_pages) / sizeof(plain_pages[0]); i++)
		write_page(f, plain_pages[i], "<p>{{organisation}} {{phone}}</p>\n", SCRIPT);
	write_page(f, "report.html", REPORT, SCRIPT);
	write_text(f, "site.css", "p{}", 0644);
	write_text(f, "report.js", SCRIPT, 0644);
	*state = f;
	return 0;
}

static struct pages *opened(const struct fixture *f)
{
	struct err err = ERR_INIT;
	struct pages *pages = NULL;

	if (pages_open(&pages, f->folder, &err))
		fail_msg("%s", err.text);
	return pages;
}

static void fills_places_in(void **state)
{
	struct pages *pages = opened(*state);
	const struct places places = { .text = { [PLACE_ORGANISATION] = "The Charity", [PLACE_PHONE] = "0800 085 0000" } };
	struct buf out = BUF_INIT;

	pages_render(pages, PAGE_START, &places, &out);
	assert_string_equal(behind_tag(&out), "<p>The Charity 0800 085 0000</p>\n");
	buf_clear(&out);
	pages_render(pages, PAGE_START, &(struct places){ { NULL } }, &out);
	assert_string_equal(behind_tag(&out), "<p> </p>\n");
	buf_release(&out);
	pages_free(pages);
}

/* What a person typed, and the list, whose quotes must not end the attribute. */
static void escapes_what_it_fills_in(void **state)
{
	struct pages *pages = opened(*state);
	const struct places places = { .text = {
		[PLACE_RECIPIENTS] = "{\"tipline\":\"recipients/v1\"}",
		[PLACE_ROOT] = "00ff",
		[PLACE_NARRATIVE] = "</form><script>alert('1')</script> & {{root}}",
	} };
	struct buf out = BUF_INIT;

	pages_render(pages, PAGE_REPORT, &places, &out);
	assert_string_equal(behind_tag(&out),
			    "<form data-recipients=\"{&quot;tipline&quot;:&quot;recipients/v1&quot;}\" data-root=\"00ff\">"
			    "&lt;/form&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; {{root}}</form>\n");
	buf_release(&out);
	pages_free(pages);
}

static void hands_out_assets(void **state)
{
	struct pages *pages = opened(*state);

	assert_true(slice_equal(pages_asset(pages, ASSET_STYLE), slice_str("p{}")));
	assert_true(slice_equal(pages_asset(pages, ASSET_SCRIPT), slice_str(SCRIPT)));
	pages_free(pages);
}

static void refuses_what_is_not_its_own(void **state)
{
	static const struct {
		const char *file, *text, *want;
	} cases[] = {
		{ "start.html", "<p>\n{{organization}}</p>", "start.html:2: {{…}} must name one of: organisation" },
		{ "start.html", "<p>{{phone", "start.html:1: {{…}} must name one of" },
		{ "start.html", "<p>{{}}", "start.html:1: {{…}} must name one of" },
		{ "report.html", "<form data-root=\"{{root}}\">", "report.html: lacks {{recipients}}" },
		{ "report.html", "<form data-recipients=\"{{recipients}}\">", "report.html: lacks {{root}}" },
		{ "start.html", "<p>\n\n\xff", "start.html:3: bytes that are not UTF-8" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct pages *pages;

		write_page(f, cases[i].file, cases[i].text, SCRIPT);
		assert_int_equal(pages_open(&pages, f->folder, &err), -1);
		assert_int_equal(err_exit_status(&err), 78);
		if (!strstr(err.text, cases[i].want))
			fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].want, err.text);
		write_page(f, "start.html", "", SCRIPT);
		write_page(f, "report.html", REPORT, SCRIPT);
	}
}

/* A byte more in the script, or a page of another build: a browser would run nothing. */
static void refuses_a_script_of_another_hash(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		struct pages *pages;

		write_text(f, "report.js", i ? SCRIPT : SCRIPT " ", 0644);
		write_page(f, "missing.html", "", i ? "another" : SCRIPT);
		assert_int_equal(pages_open(&pages, f->folder, &err), -1);
		assert_non_null(strstr(err.text, i ? "missing.html: has not the hash of" : "start.html: has not the hash of"));
		assert_non_null(strstr(err.text, "integrity=\"sha512-"));
	}
}

static void names_a_file_that_is_missing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		const char *const name = i ? "report.js" : "safety.html";
		struct err err = ERR_INIT;
		struct pages *pages;

		unlink(at(f, name));
		assert_int_equal(pages_open(&pages, f->folder, &err), -1);
		assert_non_null(strstr(err.text, name));
		write_text(f, name, "", 0644);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fills_places_in, begin, end),
		cmocka_unit_test_setup_teardown(escapes_what_it_fills_in, begin, end),
		cmocka_unit_test_setup_teardown(hands_out_assets, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_its_own, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_script_of_another_hash, begin, end),
		cmocka_unit_test_setup_teardown(names_a_file_that_is_missing, begin, end),
	};
	return cmocka_run_group_tests_name("webform_pages", tests, NULL, NULL);
}
