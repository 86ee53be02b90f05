/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/ctl/print.h"

#define OUTPUT_MAX 4096

/* What ctl_print writes to standard output. */
static void printed(struct ctl_output *out, bool as_json, char text[OUTPUT_MAX])
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t len;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	ctl_print(out, as_json);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	len = fread(text, 1, OUTPUT_MAX - 1, file);
	text[len] = '\0';
	fclose(file);
	json_decref(out->value);
}

static void rows_line_up(void **state)
{
	static const struct ctl_column columns[] = {
		{ "stage", "STAGE", false }, { "lag", "LAG", true }, { "ok", "OK", false }, { NULL, NULL, false }
	};
	struct ctl_output out = { .columns = columns };
	char text[OUTPUT_MAX];

	(void)state;
	out.value = json_pack("[{s:s, s:i, s:b}, {s:s, s:n, s:b}]", "stage", "sink", "lag", 1200, "ok", 1, "stage",
			      "classify", "lag", "ok", 0);
	printed(&out, false, text);
	assert_string_equal(text, "STAGE      LAG  OK\n"
				  "sink      1200  yes\n"
				  "classify     -  no\n");
}

static void objects_show_lists_as_tables(void **state)
{
	struct ctl_output out = { 0 };
	char text[OUTPUT_MAX];

	(void)state;
	out.value = json_pack("{s:i, s:[s,s], s:[{s:s, s:i}], s:{s:i}}", "tips", 7, "teams", "a", "b", "links", "tip", "x",
			      "n", 3, "reasons", "poison", 2);
	printed(&out, false, text);
	assert_string_equal(text, "tips     7\n"
				  "teams    a b\n"
				  "links\n"
				  "  tip  n\n"
				  "  x    3\n"
				  "reasons  poison 2\n");
}

/* As in `parked show` of a tip that was replayed and then discarded. */
static void a_list_has_the_members_of_all_its_entries(void **state)
{
	struct ctl_output out = { 0 };
	char text[OUTPUT_MAX], name[16];
	json_t *wide = json_object();

	(void)state;
	out.value = json_pack("{s:[{s:s}, {s:s, s:i}]}", "parked", "tip", "x", "tip", "y", "n", 3);
	printed(&out, false, text);
	assert_string_equal(text, "parked\n"
				  "  tip  n\n"
				  "  x    -\n"
				  "  y    3\n");
	for (int i = 0; i < 24; i++) {
		snprintf(name, sizeof name, "m%d", i);
		json_object_set_new(wide, name, json_integer(i));
	}
	out.value = json_pack("{s:[o]}", "parked", wide);
	printed(&out, false, text);
	assert_non_null(strstr(text, "  m23\n"));
}

static void what_is_not_there_takes_no_line(void **state)
{
	struct ctl_output out = { 0 };
	char text[OUTPUT_MAX];

	(void)state;
	out.value = json_pack("{s:s, s:n, s:[], s:{}, s:i}", "tip", "x", "a_very_long_name", "links", "counts", "rows", 0);
	out.remarks = json_pack("[s, s]", "sink: is \x1b[1mdown", "route: is down");
	out.note = "That is all.";
	printed(&out, false, text);
	assert_string_equal(text, "tip   x\nrows  0\nsink: is ?[1mdown\nroute: is down\nThat is all.\n");
	json_decref(out.remarks);
}

/* A foreign record's header can hold anything; the operator's terminal must not obey it. */
static void control_characters_do_not_reach_a_terminal(void **state)
{
	struct ctl_output out = { 0 };
	char text[OUTPUT_MAX];

	(void)state;
	out.value = json_pack("{s:s, s:{s:i}}", "reason", "\x1b[2Jgone\x07 \xc2\x9b" "2J", "counts", "a\x1b" "b", 1);
	printed(&out, false, text);
	assert_string_equal(text, "reason  ?[2Jgone? ?2J\ncounts  a?b 1\n");
}

static void json_has_all_members_in_order(void **state)
{
	struct ctl_output out = { 0 };
	char text[OUTPUT_MAX];

	(void)state;
	out.value = json_pack("{s:i, s:n, s:f}", "b", 1, "a", "score", 0.605);
	printed(&out, true, text);
	assert_string_equal(text, "{\"b\":1,\"a\":null,\"score\":0.605}\n");
	out.value = json_pack("{s:f}", "score", 0.605);
	printed(&out, false, text);
	assert_string_equal(text, "score  0.605\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_line_up),
		cmocka_unit_test(objects_show_lists_as_tables),
		cmocka_unit_test(a_list_has_the_members_of_all_its_entries),
		cmocka_unit_test(what_is_not_there_takes_no_line),
		cmocka_unit_test(control_characters_do_not_reach_a_terminal),
		cmocka_unit_test(json_has_all_members_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
