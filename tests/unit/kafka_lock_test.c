/* SPDX-License-Identifier: Apache-2.0 */
/* One holder at a time. What happens after a kill needs a process to kill: tests/e2e/cases_parked.py. */
#include "tests/unit/kafka_fixture.h"

#include <string.h>

#include "ops/runtime/kafka_lock.h"

#define SINGLE "one" /* a topic of one partition */

static int open_single(void **state)
{
	int result = fixture_open(state);
	struct fixture *f = *state;

	ok(f, kafka_embedded_topic(f->broker, SINGLE, 1, &f->err));
	return result;
}

static void count_wait(void *arg)
{
	++*(int *)arg;
}

static void one_holds_it_at_a_time(void **state)
{
	struct fixture *f = *state;
	int waited = 0;
	struct kafka_lock_options options = { "lock", SINGLE, WAIT_MS, NULL, NULL };
	struct kafka_lock_options brief = { "lock", SINGLE, 4000, count_wait, &waited };
	struct kafka_lock *one = NULL, *two = NULL;

	ok(f, kafka_lock_take(&one, f->conf, &options, &f->err));
	ok(f, kafka_lock_prove(one, &f->err));
	assert_int_equal(kafka_lock_take(&two, f->conf, &brief, &f->err), -1);
	assert_string_equal(f->err.reason, "lock-held");
	assert_int_equal(waited, 1);
	kafka_lock_free(one);
	ok(f, kafka_lock_take(&two, f->conf, &options, &f->err));
	ok(f, kafka_lock_prove(two, &f->err));
	kafka_lock_free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_holds_it_at_a_time, open_single, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
