/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/tip_id.h"

static void random_ids_differ(void **state)
{
	struct tip_id a, b;

	(void)state;
	tip_id_random(&a);
	tip_id_random(&b);
	assert_false(tip_id_equal(&a, &b));
	assert_true(tip_id_equal(&a, &a));
	assert_false(tip_id_is_zero(&a));
	memset(&a, 0, sizeof(a));
	assert_true(tip_id_is_zero(&a));
}

static void text_goes_both_ways(void **state)
{
	struct tip_id id, back;
	char hex[TIP_ID_HEX];

	(void)state;
	for (int i = 0; i < 100; i++) {
		tip_id_random(&id);
		tip_id_hex(&id, hex);
		assert_int_equal(strlen(hex), 32);
		assert_int_equal(tip_id_parse(&back, hex, 32), 0);
		assert_true(tip_id_equal(&id, &back));
	}
}

static void other_text_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"", "00", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
		"0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcdeg",
		" 123456789abcdef0123456789abcdef",
	};
	struct tip_id id, before;

	(void)state;
	tip_id_random(&id);
	before = id;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(tip_id_parse(&id, wrong[i], strlen(wrong[i])), -1);
		assert_true(tip_id_equal(&id, &before));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_ids_differ),
		cmocka_unit_test(text_goes_both_ways),
		cmocka_unit_test(other_text_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
