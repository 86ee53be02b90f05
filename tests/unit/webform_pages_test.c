/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/folder_fixture.h"

#include <string.h>

#include "producers/webform/pages.h"

static const char *const plain_pages[] = { "start.html", "safety.html", "received.html", "unavailable.html",
					   "missing.html" };
#define REPORT "<form data-recipients=\"{{recipients}}\" data-root=\"{{root}}\">{{narrative}}</form>\n"

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tipline-pages-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	for (size_t i = 0; i < sizeof(plain_pages) / sizeof(plain_pages[0]); i++)
		write_text(f, plain_pages[i], "<p>{{organisation}} {{phone}}</p>\n", 0644);
	write_text(f, "report.html", REPORT, 0644);
	write_text(f, "site.css", "p{}", 0644);
	write_text(f, "report.js", "\"use strict\"", 0644);
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
	assert_string_equal(buf_text(&out), "<p>The Charity 0800 085 0000</p>\n");
	buf_clear(&out);
	pages_render(pages, PAGE_START, &(struct places){ { NULL } }, &out);
	assert_string_equal(buf_text(&out), "<p> </p>\n");
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
	assert_string_equal(buf_text(&out),
			    "<form data-recipients=\"{&quot;tipline&quot;:&quot;recipients/v1&quot;}\" data-root=\"00ff\">"
			    "&lt;/form&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; {{root}}</form>\n");
	buf_release(&out);
	pages_free(pages);
}

static void hands_out_assets(void **state)
{
	struct pages *pages = opened(*state);

	assert_true(slice_equal(pages_asset(pages, ASSET_STYLE), slice_str("p{}")));
	assert_true(slice_equal(pages_asset(pages, ASSET_SCRIPT), slice_str("\"use strict\"")));
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
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct pages *pages;

		write_text(f, cases[i].file, cases[i].text, 0644);
		assert_int_equal(pages_open(&pages, f->folder, &err), -1);
		assert_int_equal(err_exit_status(&err), 78);
		if (!strstr(err.text, cases[i].want))
			fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].want, err.text);
		write_text(f, "start.html", "", 0644);
		write_text(f, "report.html", REPORT, 0644);
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
		cmocka_unit_test_setup_teardown(names_a_file_that_is_missing, begin, end),
	};
	return cmocka_run_group_tests_name("webform_pages", tests, NULL, NULL);
}
