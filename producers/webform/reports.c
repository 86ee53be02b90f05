/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/reports.h"

#include <stdatomic.h>
#include <stdio.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"

#define SAY_AGAIN_MS 60000

static const char *const way_names[N_WAYS] = { [WAY_SEALED] = "sealed", [WAY_PLAIN] = "plain" };
static const char *const fate_names[N_FATES] = {
	[FATE_KEPT] = "kept", [FATE_INVALID] = "invalid", [FATE_UNAVAILABLE] = "unavailable",
};

void reports_init(struct reports *reports, struct metrics *metrics)
{
	char labels[64];

	reports->turned_away = metrics_counter(metrics, "tipline_webform_turned_away_total", "",
		"visitors who were not shown the form, since nothing could be kept, and were told to phone");
	for (int way = 0; way < N_WAYS; way++)
		for (int fate = 0; fate < N_FATES; fate++) {
			(void)snprintf(labels, sizeof(labels), "way=\"%s\",result=\"%s\"", way_names[way], fate_names[fate]);
			reports->counts[way][fate] = metrics_counter(metrics, "tipline_webform_reports_total", labels,
				"reports by where they were sealed, the browser or here (plain), and what became of them");
		}
}

static atomic_int_fast64_t say_next_ms; /* 0: all is well, as far as was said */

static void say_unavailable(const char *why)
{
	int_fast64_t now = clock_mono_ms(), next = atomic_load(&say_next_ms);

	if (now >= next && atomic_compare_exchange_strong(&say_next_ms, &next, now + SAY_AGAIN_MS))
		log_event(LOG_LEVEL_ERROR, "webform.unavailable", "detail", why, "todo",
			  "people are told to phone until this is mended", NULL);
}

static void say_available(void)
{
	if (atomic_load(&say_next_ms) != 0 && atomic_exchange(&say_next_ms, 0) != 0)
		log_event(LOG_LEVEL_INFO, "webform.available", NULL);
}

void reports_turn_away(struct reports *reports, const char *why)
{
	metric_add(reports->turned_away, 1);
	say_unavailable(why);
}

uint64_t reports_turned_away(const struct reports *reports)
{
	return (uint64_t)metric_value(reports->turned_away);
}

enum fate reports_count(struct reports *reports, enum way way, int code)
{
	const enum fate fate = code == TIPLINE_OK ? FATE_KEPT : code == TIPLINE_EINVAL ? FATE_INVALID : FATE_UNAVAILABLE;

	metric_add(reports->counts[way][fate], 1);
	if (fate == FATE_UNAVAILABLE)
		say_unavailable(tipline_error()); /* holds nothing of a tip */
	if (fate == FATE_KEPT)
		say_available();
	return fate;
}

uint64_t reports_total(const struct reports *reports, enum fate fate)
{
	uint64_t total = 0;

	for (int way = 0; way < N_WAYS; way++)
		total += (uint64_t)metric_value(reports->counts[way][fate]);
	return total;
}
