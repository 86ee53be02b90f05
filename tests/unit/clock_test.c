/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
