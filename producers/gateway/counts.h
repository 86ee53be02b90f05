/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts: the gateway's metrics. Labels come from the allow-list and the table of codes alone, never from a message.
 * Counting is cheap: the handles of an adapter are looked up once.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_COUNTS_H
#define TIPLINE_PRODUCERS_GATEWAY_COUNTS_H

#include "ops/runtime/metrics.h"
#include "producers/gateway/allow.h"

enum count {
	COUNT_SUBMITTED, COUNT_STORED, COUNT_DUPLICATE, COUNT_REDIRECTED, COUNT_RETRY, COUNT_REFUSED,
	COUNT_SKEWED, /* the adapter's day is more than two days from ours */
	N_COUNTS
};

enum count_plain {
	PLAIN_UNAUTHENTICATED, /* messages without a user: cannot happen under CURVE and ZAP */
	PLAIN_REVOKED,         /* messages and connections of adapters that are not on the list, or revoked */
	PLAIN_MALFORMED,       /* not TIP/1 */
	PLAIN_RENEWED,         /* producers made anew */
	PLAIN_UNREACHABLE,     /* answers that found nobody */
	N_PLAIN
};

enum count_gauge { GAUGE_IN_FLIGHT, GAUGE_SESSIONS, GAUGE_FROZEN, GAUGE_OLDEST, GAUGE_RECIPIENTS_EPOCH,
		   GAUGE_RECIPIENTS_END, N_GAUGES };

struct counts;

struct counts *counts_new(struct metrics *metrics);
void counts_free(struct counts *counts);
/* Makes the rows of every adapter of the list; again after a reload. */
void counts_adapters(struct counts *counts, struct allow *allow);
void counts_add(struct counts *counts, uint16_t adapter, enum count count);
void counts_plain(struct counts *counts, enum count_plain which);
void counts_gauge(struct counts *counts, enum count_gauge which, double value);
void counts_latency(struct counts *counts, double seconds);
/* Over all adapters. Any thread. */
uint64_t counts_total(const struct counts *counts, enum count count);
uint64_t counts_plain_value(const struct counts *counts, enum count_plain which);

#endif
