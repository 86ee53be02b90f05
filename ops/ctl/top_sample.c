/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/top_sample.h"

#include <stdio.h>

static double number(const json_t *status, const char *member)
{
	const json_t *value = json_object_get(status, member);

	return json_is_number(value) && json_number_value(value) >= 0 ? json_number_value(value) : -1;
}

void top_stage_read(struct top_stage *stage, const json_t *status, const struct err *why)
{
	const char *detail = json_string_value(json_object_get(status, "ready_detail"));

	stage->up = status != NULL;
	stage->ready = json_is_true(json_object_get(status, "ready"));
	stage->in = number(status, "in");
	stage->out = number(status, "out");
	stage->parked = number(status, "parked");
	stage->repeats = number(status, "repeats");
	stage->refused = number(status, "refused");
	stage->lag = number(status, "lag_records");
	stage->oldest_s = number(status, "lag_seconds");
	stage->cpu_us = number(status, "cpu_us");
	stage->rss_bytes = number(status, "rss_bytes");
	stage->uptime_s = number(status, "uptime_s");
	stage->in_rate = stage->out_rate = stage->cpu_share = -1;
	stage->why[0] = '\0';
	if (!stage->up)
		snprintf(stage->why, sizeof(stage->why), "%s", why->text);
	else if (!stage->ready)
		snprintf(stage->why, sizeof(stage->why), "%s", detail ? detail : "it does not say why");
}

static double rate(double now, double before, double seconds)
{
	return now >= 0 && before >= 0 && now >= before ? (now - before) / seconds : -1;
}

void top_sample_compare(struct top_sample *now, const struct top_sample *before)
{
	double seconds = (double)(now->mono_ms - before->mono_ms) / 1000;

	for (size_t i = 0; i < TOP_STAGES; i++) {
		struct top_stage *a = &now->stages[i];
		const struct top_stage *b = &before->stages[i];

		if (seconds <= 0 || !a->up || !b->up || a->uptime_s < b->uptime_s)
			continue;
		a->in_rate = rate(a->in, b->in, seconds);
		a->out_rate = rate(a->out, b->out, seconds);
		a->cpu_share = rate(a->cpu_us, b->cpu_us, seconds * 1e6);
	}
}
