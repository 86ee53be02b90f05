/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_meter.h"

#include <string.h>

#include "schema/reason.h"

#define LABELS_MAX_TEXT 160

static void stage_label(char out[LABELS_MAX_TEXT], const char *stage)
{
	snprintf(out, LABELS_MAX_TEXT, "stage=\"%s\"", stage);
}

static struct metric *counter(struct metrics *metrics, const char *stage, const char *name, const char *help)
{
	char labels[LABELS_MAX_TEXT];

	stage_label(labels, stage);
	return metrics_counter(metrics, name, labels, help);
}

static struct metric *gauge(struct metrics *metrics, const char *stage, const char *name, const char *help)
{
	char labels[LABELS_MAX_TEXT];

	stage_label(labels, stage);
	return metrics_gauge(metrics, name, labels, help);
}

struct metric *stage_repeats(struct metrics *metrics, const char *stage)
{
	return counter(metrics, stage, "tipline_stage_repeats_total", "tips seen before, at another place");
}

struct metric *stage_out(struct metrics *metrics, const char *stage)
{
	return counter(metrics, stage, "tipline_stage_out_total", "records emitted to the next topic, or stored");
}

void stage_meter_init(struct stage_meter *meter, struct metrics *metrics, const char *stage)
{
	char labels[LABELS_MAX_TEXT];

	meter->in = counter(metrics, stage, "tipline_stage_in_total", "records taken");
	meter->out = stage_out(metrics, stage);
	meter->repeats = stage_repeats(metrics, stage);
	meter->retries = counter(metrics, stage, "tipline_stage_retries_total", "waits for something a record needs");
	stage_label(labels, stage);
	meter->batch_seconds = metrics_histogram(metrics, "tipline_stage_batch_seconds", labels,
						 "from taking a batch to its commit");
	meter->lag_records = gauge(metrics, stage, "tipline_stage_lag_records", "records that wait");
	meter->lag_seconds = gauge(metrics, stage, "tipline_stage_lag_seconds",
				   "for how long the oldest waiting record has been seen to wait");
	meter->cpu_seconds = gauge(metrics, stage, "tipline_stage_cpu_seconds", "processor time of this process");
	meter->ready = gauge(metrics, stage, "tipline_stage_ready", "1 while the stage makes progress");
	meter->parked = mem_alloc(n_reasons * sizeof(*meter->parked));
	for (size_t i = 0; i < n_reasons; i++) {
		snprintf(labels, sizeof(labels), "stage=\"%s\",reason=\"%s\"", stage, reasons[i].code);
		meter->parked[i] = metrics_counter(metrics, "tipline_stage_parked_total", labels, "records parked");
	}
}

void stage_meter_release(struct stage_meter *meter)
{
	free(meter->parked);
	meter->parked = NULL;
}

void stage_meter_parked(struct stage_meter *meter, const char *reason)
{
	const struct reason *found = reason_find(reason, strlen(reason));

	if (!found)
		BUG("a record was parked for a reason that is not in the table");
	metric_add(meter->parked[found - reasons], 1);
}

uint64_t stage_meter_parked_total(const struct stage_meter *meter)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n_reasons; i++)
		sum += (uint64_t)metric_value(meter->parked[i]);
	return sum;
}
