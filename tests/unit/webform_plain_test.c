/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "producers/sdk/tipline.h"
#include "producers/webform/plain.h"

/* What a browser sends, the tip it becomes, and what is missing in it (NULL: nothing). */
static const struct {
	const char *body, *want, *lacks;
} cases[] = {
	{ "narrative=PC+Rudge+takes+money.&where=&contact=none",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"PC Rudge takes money.\"}", NULL },
	{ "narrative=one%0D%0Atwo%0Dthree%0Afour%09five",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"one\\ntwothree\\nfour\\tfive\"}", NULL },
	{ "narrative=a%00b%1Bc%7F%C2%85d",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"abcd\"}", NULL },
	{ "narrative=caf%C3%A9+%FF%C3",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\"}", NULL },
	{ "narrative=%22%5C%22&subject_name=Rudge&subject_number=2214SN&where=Beddington&when=May&relation=neighbour",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"\\\"\\\\\\\"\",\"where\":\"Beddington\","
	  "\"when\":\"May\","
	  "\"relation\":\"neighbour\",\"subjects\":[{\"name\":\"Rudge\",\"number\":\"2214SN\"}]}", NULL },
	{ "narrative=x&subject_rank=PC&subject_station=Sutton",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"x\","
	  "\"subjects\":[{\"rank\":\"PC\",\"station\":\"Sutton\"}]}",
	  NULL },
	{ "narrative=x&contact=details&contact_details=a%40b.example",
	  "{\"channel\":\"web\",\"contact\":\"details\",\"narrative\":\"x\",\"contact_details\":\"a@b.example\"}", NULL },
	/* Whoever typed details and stays anonymous is asked which is meant; they are not taken along meanwhile. */
	{ "narrative=x&contact_details=a%40b.example&contact=none",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"x\"}", "/contact" },
	{ "narrative=x&contact_details=a%40b.example",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"x\"}", "/contact" },
	{ "narrative=x&contact_details=+%0D%0A&contact=none",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"x\"}", NULL },
	{ "narrative=x&narrative=y&unknown=z&tip_id=0011&channel=phone",
	  "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\"y\"}", NULL },
	{ "", "{\"channel\":\"web\",\"contact\":\"none\"}", "/narrative" },
	{ "narrative=+%0D%0A%09", "{\"channel\":\"web\",\"contact\":\"none\",\"narrative\":\" \\n\\t\"}", "/narrative" },
	{ "narrative=", "{\"channel\":\"web\",\"contact\":\"none\"}", "/narrative" },
	{ "narrative=x&contact=details", "{\"channel\":\"web\",\"contact\":\"details\",\"narrative\":\"x\"}",
	  "/contact_details" },
};

static void becomes_a_tip(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf json = BUF_INIT;
		struct plain plain;

		plain_read(&plain, slice_str(cases[i].body));
		plain_document(&plain, &json);
		assert_string_equal(buf_text(&json), cases[i].want);
		const char *lacks = plain_lacks(&plain);
		assert_string_equal(lacks ? lacks : "", cases[i].lacks ? cases[i].lacks : "");
		if (!lacks)
			assert_int_equal(tipline_check(buf_text(&json), json.len), TIPLINE_OK);
		buf_release(&json);
		plain_release(&plain);
	}
}

static void is_shown_again_as_typed(void **state)
{
	struct places places = { { NULL } };
	struct plain plain;

	(void)state;
	plain_read(&plain, slice_str("narrative=&where=Sutton+%26+Cheam&contact=details&contact_details=me"));
	plain_places(&plain, &places);
	assert_string_equal(places.text[PLACE_WHERE], "Sutton & Cheam");
	assert_string_equal(places.text[PLACE_CONTACT_DETAILS], "me");
	assert_string_equal(places.text[PLACE_CONTACT_DETAILS_CHECKED], "checked");
	assert_string_equal(places.text[PLACE_CONTACT_NONE], "");
	plain_release(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes_a_tip),
		cmocka_unit_test(is_shown_again_as_typed),
	};
	return cmocka_run_group_tests_name("webform_plain", tests, NULL, NULL);
}
