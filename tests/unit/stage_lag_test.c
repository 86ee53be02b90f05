/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/stage/backoff.h"
#include "workers/stage/lag_meter.h"

static void note(struct lag_meter *meter, int64_t now, int64_t next, int64_t high)
{
	lag_meter_begin(meter);
	lag_meter_note(meter, now, 0, next, high);
	lag_meter_end(meter);
}

static void lag_is_the_age_of_the_first_note_past_the_next_record(void **state)
{
	static struct lag_meter meter;

	(void)state;
	note(&meter, 0, 10, 10);
	assert_int_equal(lag_meter_ms(&meter, 0), 0);
	note(&meter, 1000, 10, 15); /* five wait, seen at 1000 */
	note(&meter, 2000, 10, 15);
	note(&meter, 3000, 10, 40);
	assert_int_equal(lag_meter_records(&meter), 30);
	assert_int_equal(lag_meter_ms(&meter, 3000), 2000);
	note(&meter, 4000, 15, 40); /* what waits now was first seen at 3000 */
	assert_int_equal(lag_meter_ms(&meter, 4000), 1000);
	note(&meter, 5000, 40, 40);
	assert_int_equal(lag_meter_ms(&meter, 5000), 0);
	assert_int_equal(lag_meter_records(&meter), 0);
}

static void lag_keeps_the_oldest_note_however_long_it_waits(void **state)
{
	static struct lag_meter meter;

	(void)state;
	for (int64_t i = 0; i < 100000; i++)
		note(&meter, i * 1000, 0, i + 1);
	assert_int_equal(lag_meter_ms(&meter, 100000 * 1000ll), 100000 * 1000ll);
	note(&meter, 100000 * 1000ll, 50000, 100000);
	/* A bound from below, and not a silly one. */
	int64_t ms = lag_meter_ms(&meter, 100000 * 1000ll);
	assert_true(ms <= 50000 * 1000ll);
	assert_true(ms > 0);
}

static void lag_forgets_partitions_that_were_taken_away(void **state)
{
	static struct lag_meter meter;

	(void)state;
	lag_meter_begin(&meter);
	lag_meter_note(&meter, 0, 1, 0, 5);
	lag_meter_note(&meter, 0, 2, 0, 7);
	lag_meter_end(&meter);
	assert_int_equal(lag_meter_records(&meter), 12);
	lag_meter_begin(&meter);
	lag_meter_note(&meter, 1000, 2, 0, 7);
	lag_meter_end(&meter);
	assert_int_equal(lag_meter_records(&meter), 7);
	assert_int_equal(lag_meter_ms(&meter, 1000), 1000);
}

static void backoff_doubles_to_its_bound(void **state)
{
	static const struct {
		unsigned failures;
		int64_t most;
	} cases[] = { { 1, 100 }, { 2, 200 }, { 3, 400 }, { 7, 6400 }, { 8, 10000 }, { 9, 10000 },
		      { 4000000000u, 10000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t last = (uint64_t)cases[i].most - 1;
		assert_int_equal(backoff_ms(100, 10000, cases[i].failures, 0), 1);
		assert_int_equal(backoff_ms(100, 10000, cases[i].failures, last), cases[i].most);
		assert_int_equal(backoff_ms(100, 10000, cases[i].failures, last + 1), 1);
	}
	assert_int_equal(backoff_ms(500, 100, 1, UINT64_MAX) <= 100, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lag_is_the_age_of_the_first_note_past_the_next_record),
		cmocka_unit_test(lag_keeps_the_oldest_note_however_long_it_waits),
		cmocka_unit_test(lag_forgets_partitions_that_were_taken_away),
		cmocka_unit_test(backoff_doubles_to_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
