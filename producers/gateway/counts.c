/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/counts.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint16_t adapter;
	struct metric *metrics[N_COUNTS];
};

struct counts {
	struct metrics *metrics;
	struct row *rows;
	size_t n_rows;
	struct metric *plain[N_PLAIN], *gauges[N_GAUGES], *latency;
	atomic_uint_fast64_t totals[N_COUNTS];
};

static const char *const names[N_COUNTS] = {
	[COUNT_SUBMITTED] = "submitted", [COUNT_STORED] = "stored",   [COUNT_DUPLICATE] = "duplicate",
	[COUNT_REDIRECTED] = "redirected", [COUNT_RETRY] = "retry",   [COUNT_REFUSED] = "refused",
	[COUNT_SKEWED] = "skewed",
};

static const struct {
	const char *name, *help;
} plains[N_PLAIN] = {
	[PLAIN_UNAUTHENTICATED] = { "tipline_gateway_unauthenticated_total", "messages without a user" },
	[PLAIN_REVOKED] = { "tipline_gateway_revoked_total", "messages and connections of keys not on the list" },
	[PLAIN_MALFORMED] = { "tipline_gateway_malformed_total", "messages that are not TIP/1" },
	[PLAIN_RENEWED] = { "tipline_gateway_producer_renewed_total", "producers made anew after a fatal error" },
	[PLAIN_UNREACHABLE] = { "tipline_gateway_unreachable_total", "answers to connections that were gone" },
}, gauges[N_GAUGES] = {
	[GAUGE_IN_FLIGHT] = { "tipline_gateway_in_flight", "tips given to the broker and not yet acknowledged" },
	[GAUGE_SESSIONS] = { "tipline_gateway_sessions", "adapters' connections" },
	[GAUGE_FROZEN] = { "tipline_gateway_credit_frozen", "1 while no new credit is given" },
	[GAUGE_OLDEST] = { "tipline_gateway_oldest_seconds", "age of the oldest tip in flight" },
	[GAUGE_RECIPIENTS_EPOCH] = { "tipline_gateway_recipients_epoch", "epoch of the list of recipients handed out" },
	[GAUGE_RECIPIENTS_END] = { "tipline_gateway_recipients_end_seconds", "when that list expires, in Unix time" },
};

struct counts *counts_new(struct metrics *metrics)
{
	struct counts *counts = mem_alloc(sizeof(*counts));

	counts->metrics = metrics;
	for (int i = 0; i < N_PLAIN; i++)
		counts->plain[i] = metrics_counter(metrics, plains[i].name, "", plains[i].help);
	for (int i = 0; i < N_GAUGES; i++)
		counts->gauges[i] = metrics_gauge(metrics, gauges[i].name, "", gauges[i].help);
	counts->latency = metrics_histogram(metrics, "tipline_gateway_publish_seconds", "",
					    "from SUBMIT to the broker's acknowledgement");
	return counts;
}

void counts_free(struct counts *counts)
{
	if (counts == NULL)
		return;
	free(counts->rows);
	free(counts);
}

static struct row *row_of(const struct counts *counts, uint16_t adapter)
{
	for (size_t i = 0; i < counts->n_rows; i++)
		if (counts->rows[i].adapter == adapter)
			return &counts->rows[i];
	return NULL;
}

static void add_adapter(void *arg, const struct adapter *adapter)
{
	struct counts *counts = arg;
	char labels[160];

	if (row_of(counts, adapter->id) != NULL || strpbrk(adapter->name, "\"\\\n") != NULL)
		return;
	counts->rows = mem_grow(counts->rows, (counts->n_rows + 1) * sizeof(*counts->rows));
	struct row *row = &counts->rows[counts->n_rows++];
	row->adapter = adapter->id;
	for (int i = 0; i < N_COUNTS; i++) {
		(void)snprintf(labels, sizeof(labels), "adapter=\"%s\",what=\"%s\"", adapter->name, names[i]);
		row->metrics[i] = metrics_counter(counts->metrics, "tipline_gateway_tips_total", labels,
						  "tips by adapter and what became of them");
	}
}

void counts_adapters(struct counts *counts, struct allow *allow)
{
	allow_each(allow, add_adapter, counts);
}

void counts_add(struct counts *counts, uint16_t adapter, enum count count)
{
	struct row *row = row_of(counts, adapter);

	atomic_fetch_add_explicit(&counts->totals[count], 1, memory_order_relaxed);
	if (row != NULL)
		metric_add(row->metrics[count], 1);
}

void counts_plain(struct counts *counts, enum count_plain which)
{
	metric_add(counts->plain[which], 1);
}

void counts_gauge(struct counts *counts, enum count_gauge which, double value)
{
	metric_set(counts->gauges[which], value);
}

void counts_latency(struct counts *counts, double seconds)
{
	metric_observe(counts->latency, seconds);
}

uint64_t counts_total(const struct counts *counts, enum count count)
{
	return atomic_load_explicit(&counts->totals[count], memory_order_relaxed);
}

uint64_t counts_plain_value(const struct counts *counts, enum count_plain which)
{
	return (uint64_t)metric_value(counts->plain[which]);
}
