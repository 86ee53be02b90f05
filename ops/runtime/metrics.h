/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: counters, gauges and histograms of one process, in Prometheus text exposition format 0.0.4.
 *
 * Names begin with `tipline_`, counters end in `_total` (else BUG()), units are base units (seconds, bytes). Label
 * values come from tables in the program (stage, reason, team), never from input. A handle lives as long as its
 * registry; adding to it is atomic and may be done from any thread. Asking again for the same name and labels gives
 * the same handle.
 */
#ifndef TIPLINE_OPS_RUNTIME_METRICS_H
#define TIPLINE_OPS_RUNTIME_METRICS_H

#include <stdint.h>

#include "ops/runtime/buf.h"

struct metrics;
struct metric;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* `labels`: as written between the braces, e.g. `stage="route",reason="key-unknown"`, or "". Strings are copied. */
struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help);
struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help);
/* Buckets from 10 µs to 10 s, in a 1-2.5-5 series. */
struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *labels, const char *help);

void metric_add(struct metric *metric, uint64_t n);         /* counter */
void metric_set(struct metric *metric, double value);       /* gauge */
void metric_observe(struct metric *metric, double seconds); /* histogram */
double metric_value(const struct metric *metric);           /* counter or gauge; a histogram's count */

void metrics_write(const struct metrics *metrics, struct buf *out);

#endif
