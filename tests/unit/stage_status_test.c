/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "schema/reason.h"
#include "workers/stage/stage_status.h"

static void own_members(void *state, struct buf *json)
{
	buf_printf(json, ",\"cases\":%d", *(int *)state);
}

static const struct stage stage = { .name = "test", .status = own_members };

struct world {
	struct stage_settings settings;
	struct metrics *metrics;
	struct stage_meter meter;
	struct stage_watch *watch;
	struct stage_status status;
	struct http_hooks hooks;
	struct buf text;
};

static struct world *world_new(int64_t progress_ms)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct err err = ERR_INIT;

	w->settings.progress_ms = progress_ms;
	w->settings.watchdog_ms = 3600000;
	w->metrics = metrics_new();
	stage_meter_init(&w->meter, w->metrics, "test");
	assert_int_equal(stage_watch_new(&w->watch, &w->settings, &w->meter, &err), 0);
	stage_status_init(&w->status, &stage, &w->meter, w->watch);
	w->hooks = stage_status_hooks(&w->status, w->metrics);
	return w;
}

static void world_free(struct world *w)
{
	stage_status_release(&w->status);
	stage_watch_free(w->watch);
	stage_meter_release(&w->meter);
	metrics_free(w->metrics);
	buf_release(&w->text);
	free(w);
}

static const char *why(struct world *w, bool want)
{
	buf_clear(&w->text);
	assert_int_equal(w->hooks.ready(w->hooks.arg, &w->text), want);
	return buf_text(&w->text);
}

static void ready_means_a_member_that_makes_progress(void **state)
{
	struct world *w = world_new(3600000);

	(void)state;
	assert_string_equal(why(w, false), "not yet a member of the group");
	stage_watch_assigned(w->watch, 0);
	assert_string_equal(why(w, true), "standby");
	stage_watch_assigned(w->watch, 3);
	assert_string_equal(why(w, true), "");
	world_free(w);
	w = world_new(0); /* no time at all: every wait is too long */
	stage_watch_assigned(w->watch, 3);
	assert_non_null(strstr(why(w, false), "no batch was finished"));
	world_free(w);
}

static void status_has_the_house_members_and_the_stages_own(void **state)
{
	static const char *const members[] = {
		"{\"name\":\"tipline-test\",\"version\":\"", "\"in\":7,\"out\":5,\"parked\":2", "\"repeats\":1",
		"\"refused\":0", "\"ready\":true", "\"lag_records\":0", "\"lag_seconds\":0.0", "\"cpu_us\":",
		"\"rss_bytes\":", "\"uptime_s\":", "\"partitions\":2", ",\"cases\":42}",
	};
	struct world *w = world_new(3600000);
	int cases = 42;

	(void)state;
	stage_watch_assigned(w->watch, 2);
	metric_add(w->meter.in, 7);
	metric_add(w->meter.out, 5);
	metric_add(stage_repeats(w->metrics, "test"), 1);
	stage_meter_parked(&w->meter, REASON_TIP_INVALID);
	stage_meter_parked(&w->meter, REASON_KEY_UNKNOWN);
	stage_status_update(&w->status, &cases);
	w->hooks.status(w->hooks.arg, &w->text);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!strstr(buf_text(&w->text), members[i]))
			fail_msg("no %s in %s", members[i], buf_text(&w->text));
	}
	buf_clear(&w->text);
	metrics_write(w->metrics, &w->text);
	assert_non_null(strstr(buf_text(&w->text),
			       "tipline_stage_parked_total{stage=\"test\",reason=\"key-unknown\"} 1\n"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_means_a_member_that_makes_progress),
		cmocka_unit_test(status_has_the_house_members_and_the_stages_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
