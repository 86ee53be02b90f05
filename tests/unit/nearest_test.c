/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ops/runtime/nearest.h"

static void test_what_was_meant(void **state)
{
	static const char *const names[] = { "team", "topic", "timeout", "kafka", "on", NULL };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "taem", "team" },     /* swapped */
		{ "tem", "team" },      /* left out */
		{ "teaam", "team" },    /* put in */
		{ "tiem-out", "timeout" },
		{ "TOPIC", "topic" },
		{ "kafak", "kafka" },
		{ "no", "on" },
		{ "priority", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nearest near = nearest_to(cases[i].word);

		for (const char *const *name = names; *name; name++)
			nearest_offer(&near, *name);
		if (!cases[i].want)
			assert_null(near.best);
		else
			assert_string_equal(near.best ? near.best : "", cases[i].want);
	}
}

static void test_words_of_any_length(void **state)
{
	char word[200], other[200];

	(void)state;
	for (size_t n = 1; n < sizeof(word); n++) {
		struct nearest near;

		memset(word, 'a', n);
		word[n] = '\0';
		memcpy(other, word, n + 1);
		other[n - 1] = 'b';
		near = nearest_to(word);
		nearest_offer(&near, other);
		assert_true(n <= 64 ? near.best == other : near.best == NULL);
		if (n == sizeof(word) - 1)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_meant),
		cmocka_unit_test(test_words_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
