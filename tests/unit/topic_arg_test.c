/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/deploy/embedded/topic_arg.h"

static void reads_teams_and_topics(void **state)
{
	static const struct {
		const char *text, *name; /* NULL: refused */
		int partitions;
	} cases[] = {
		{ "corruption", "team.corruption", 1 },
		{ "abuse-of-position", "team.abuse-of-position", 1 },
		{ "tip.sealed=24", "tip.sealed", 24 },
		{ "team.corruption=2", "team.corruption", 2 },
		{ "x=1000", "x", 1000 },
		{ "x=1001", NULL, 0 },
		{ "x=0", NULL, 0 },
		{ "x=-1", NULL, 0 },
		{ "x=", NULL, 0 },
		{ "x=1a", NULL, 0 },
		{ "x=99999999999999999999", NULL, 0 },
		{ "=1", NULL, 0 },
		{ "", NULL, 0 },
		{ "a b", NULL, 0 },
		{ "a/b=1", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct topic_arg arg;
		struct err err = ERR_INIT;
		int result = topic_arg_read(&arg, cases[i].text, &err);

		if (!cases[i].name) {
			assert_int_equal(result, -1);
			assert_int_equal(err.kind, ERR_USAGE);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(arg.name, cases[i].name);
		assert_int_equal(arg.partitions, cases[i].partitions);
	}
}

static void refuses_names_that_are_too_long(void **state)
{
	char text[TOPIC_ARG_NAME_MAX + 2];
	struct topic_arg arg;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(topic_arg_read(&arg, text, &err), -1);
	text[TOPIC_ARG_NAME_MAX] = '\0'; /* fits a topic, but not a team's */
	assert_int_equal(topic_arg_read(&arg, text, &err), -1);
	text[TOPIC_ARG_NAME_MAX - 5] = '\0';
	assert_int_equal(topic_arg_read(&arg, text, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_teams_and_topics),
		cmocka_unit_test(refuses_names_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
