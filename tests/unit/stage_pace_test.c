/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches are kept apart when they were not full, by a clock that moves as the fake port is served. That the loop asks
 * for it is shown by stage_loop_test batches_that_were_not_full_are_kept_apart.
 */
#include "tests/unit/stage_world.h"

#include "ops/runtime/clock.h"
#include "workers/stage/stage_pace.h"

#define BEGUN 1000
#define PACE 250
#define FULL 50

struct pacing {
	struct world *w;
	int64_t stop_at; /* 0: never */
	int serves;
};

/* Serves a report long before its time is up, once, as a producer does. */
static int serve_for(void *arg, int timeout_ms, struct err *err)
{
	struct pacing *p = arg;

	assert_true(timeout_ms > 0);
	clock_advance(p->serves++ ? timeout_ms : 1);
	return fake_serve(p->w, timeout_ms, err);
}

static int64_t stop_of(void *arg)
{
	const struct pacing *p = arg;

	return p->stop_at && clock_mono_ms() >= p->stop_at ? clock_mono_ms() - p->stop_at : -1;
}

static const struct {
	const char *name;
	size_t n;
	int64_t took; /* the batch itself */
	int64_t stop_at;
	int64_t until; /* when the next may begin: no sooner, and a slice later at most */
} cases[] = {
	{ "one record", 1, 10, 0, BEGUN + PACE },
	{ "one short of a full batch", FULL - 1, 10, 0, BEGUN + PACE },
	{ "a full batch", FULL, 10, 0, BEGUN + 10 },
	{ "a batch that took all its time", 1, PACE, 0, BEGUN + PACE },
	{ "a batch that took longer", 1, 900, 0, BEGUN + 900 },
	{ "a stop before", 1, 10, BEGUN + 5, BEGUN + 10 },
	{ "a stop under way", 1, 10, BEGUN + 60, BEGUN + 60 },
};

static void the_next_batch_waits_for_its_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pacing p = { world_new(&frames), cases[i].stop_at, 0 };
		const struct stage_port port = { .serve = serve_for, .stopping_ms = stop_of, .arg = &p };
		const struct stage_settings settings = { .batch = FULL, .pace_ms = PACE };
		struct err err = ERR_INIT;

		clock_freeze(BEGUN + cases[i].took, 0);
		assert_int_equal(stage_pace(&port, &settings, cases[i].n, BEGUN, &err), 0);
		int64_t now = clock_mono_ms();
		if (now < cases[i].until || now > cases[i].until + (cases[i].stop_at ? 100 : 0))
			fail_msg("%s: begins at %lld", cases[i].name, (long long)now);
		clock_thaw();
		world_free(p.w);
	}
}

static void a_dead_producer_ends_the_wait(void **state)
{
	struct pacing p = { world_new(&frames), 0, 0 };
	const struct stage_port port = { .serve = serve_for, .stopping_ms = stop_of, .arg = &p };
	const struct stage_settings settings = { .batch = FULL, .pace_ms = PACE };
	struct err err = ERR_INIT;

	(void)state;
	p.w->producer_dead = true;
	clock_freeze(BEGUN, 0);
	assert_int_equal(stage_pace(&port, &settings, 1, BEGUN, &err), -1);
	assert_string_equal(err.reason, "producer-fatal");
	clock_thaw();
	world_free(p.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_batch_waits_for_its_time),
		cmocka_unit_test(a_dead_producer_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
