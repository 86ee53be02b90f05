/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ops/runtime/clock.h"

static void test_frozen(void **state)
{
	(void)state;
	clock_freeze(1000, INT64_C(20000) * 86400000 - 1);
	assert_int_equal(clock_mono_ms(), 1000);
	assert_true(clock_mono_ns() == INT64_C(1000000000));
	assert_int_equal(clock_day(), 19999);
	clock_advance(1);
	assert_int_equal(clock_mono_ms(), 1001);
	assert_true(clock_wall_ms() == INT64_C(20000) * 86400000);
	assert_int_equal(clock_day(), 20000);
	clock_thaw();
}

static void test_running(void **state)
{
	const int64_t mono = clock_mono_ns(), cpu = clock_cpu_us();
	volatile unsigned work = 0;

	(void)state;
	while (clock_cpu_us() == cpu)
		work++;
	assert_true(clock_mono_ns() > mono);
	assert_true(clock_mono_ms() >= mono / 1000000);
	assert_true(clock_day() > 20000); /* 2024-10-04 */
}

static void test_days_as_text(void **state)
{
	static const struct {
		const char *text;
		int64_t day; /* -1: refused */
	} cases[] = {
		{ "1970-01-01", 0 }, { "1970-01-02", 1 }, { "2024-02-29", 19782 }, { "2024-10-04", 20000 },
		{ "9999-12-31", 2932896 }, { "2023-02-29", -1 }, { "2024-02-30", -1 }, { "2024-13-01", -1 },
		{ "2024-00-10", -1 }, { "2024-10-00", -1 }, { "1969-12-31", -1 }, { "2024-1-01", -1 }, { "2024-10-4", -1 },
		{ "2024/10/04", -1 }, { "2024-10-04 ", -1 }, { " 2024-10-04", -1 }, { "+024-10-04", -1 }, { "", -1 },
	};
	char text[CLOCK_DAY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t day = 7;

		assert_int_equal(clock_day_parse(&day, cases[i].text, strlen(cases[i].text)), cases[i].day < 0 ? -1 : 0);
		assert_int_equal(day, cases[i].day < 0 ? 7 : cases[i].day);
		if (cases[i].day < 0)
			continue;
		assert_int_equal(clock_day_text(text, cases[i].day), 0);
		assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(clock_day_text(text, 2932897), -1);
	assert_string_equal(text, "");
	assert_int_equal(clock_day_text(text, -1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_days_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
