/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ops/runtime/err.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

static const char *const kind_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

/* Upper bounds in seconds, and as they are written: printf would write 1e-05. */
static const struct bound {
	double seconds;
	const char *text;
} bounds[] = {
	{ 0.00001, "0.00001" }, { 0.000025, "0.000025" }, { 0.00005, "0.00005" },
	{ 0.0001, "0.0001" },   { 0.00025, "0.00025" },   { 0.0005, "0.0005" },
	{ 0.001, "0.001" },     { 0.0025, "0.0025" },     { 0.005, "0.005" },
	{ 0.01, "0.01" },       { 0.025, "0.025" },       { 0.05, "0.05" },
	{ 0.1, "0.1" },         { 0.25, "0.25" },         { 0.5, "0.5" },
	{ 1, "1" },             { 2.5, "2.5" },           { 5, "5" },
	{ 10, "10" },
};

#define N_BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct metric {
	enum metric_kind kind;
	char *labels;
	atomic_uint_fast64_t value;      /* a counter's number; the bits of a gauge's value or of a histogram's sum */
	atomic_uint_fast64_t *buckets;   /* of a histogram: N_BOUNDS and one for what is above */
	struct metric *next;
};

/* All metrics of one name. Families and metrics are only ever added, in order. */
struct family {
	char *name, *help;
	enum metric_kind kind;
	struct metric *metrics;
	struct family *next;
};

/* The lock guards the lists; values are atomic and need none. */
struct metrics {
	pthread_mutex_t *lock;
	struct family *families;
};

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

struct metrics *metrics_new(void)
{
	struct metrics *metrics = mem_alloc(sizeof(*metrics));

	metrics->lock = mem_alloc(sizeof(*metrics->lock));
	pthread_mutex_init(metrics->lock, NULL);
	return metrics;
}

static void metric_free(struct metric *metric)
{
	free(metric->buckets);
	free(metric->labels);
	free(metric);
}

static void family_free(struct family *family)
{
	while (family->metrics) {
		struct metric *metric = family->metrics;

		family->metrics = metric->next;
		metric_free(metric);
	}
	free(family->name);
	free(family->help);
	free(family);
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	while (metrics->families) {
		struct family *family = metrics->families;

		metrics->families = family->next;
		family_free(family);
	}
	pthread_mutex_destroy(metrics->lock);
	free(metrics->lock);
	free(metrics);
}

static void check_name(enum metric_kind kind, const char *name)
{
	const size_t len = strlen(name);

	if (strncmp(name, "tipline_", 8) != 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)
		BUG("metric %s: names begin with tipline_ and have a-z, 0-9 and _", name);
	if (kind == METRIC_COUNTER && (len < 6 || strcmp(name + len - 6, "_total") != 0))
		BUG("metric %s: a counter's name ends in _total", name);
}

static struct family *family_get(struct metrics *metrics, enum metric_kind kind, const char *name, const char *help)
{
	struct family **link;

	for (link = &metrics->families; *link; link = &(*link)->next) {
		if (strcmp((*link)->name, name) != 0)
			continue;
		if ((*link)->kind != kind)
			BUG("metric %s is a %s already", name, kind_names[(*link)->kind]);
		return *link;
	}
	check_name(kind, name);
	*link = mem_alloc(sizeof(**link));
	(*link)->name = mem_strdup(name);
	(*link)->help = mem_strdup(help);
	(*link)->kind = kind;
	return *link;
}

static struct metric *metric_get(struct family *family, const char *labels)
{
	struct metric **link;

	for (link = &family->metrics; *link; link = &(*link)->next) {
		if (strcmp((*link)->labels, labels) == 0)
			return *link;
	}
	*link = mem_alloc(sizeof(**link));
	(*link)->kind = family->kind;
	(*link)->labels = mem_strdup(labels);
	if (family->kind == METRIC_HISTOGRAM)
		(*link)->buckets = mem_alloc((N_BOUNDS + 1) * sizeof(*(*link)->buckets));
	return *link;
}

static struct metric *metrics_get(struct metrics *metrics, enum metric_kind kind, const char *name,
				  const char *labels, const char *help)
{
	struct metric *metric;

	pthread_mutex_lock(metrics->lock);
	metric = metric_get(family_get(metrics, kind, name, help), labels);
	pthread_mutex_unlock(metrics->lock);
	return metric;
}

struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help)
{
	return metrics_get(metrics, METRIC_COUNTER, name, labels, help);
}

struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help)
{
	return metrics_get(metrics, METRIC_GAUGE, name, labels, help);
}

struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *labels, const char *help)
{
	return metrics_get(metrics, METRIC_HISTOGRAM, name, labels, help);
}

static void check_kind(const struct metric *metric, enum metric_kind kind)
{
	if (metric->kind != kind)
		BUG("a %s is used as a %s", kind_names[metric->kind], kind_names[kind]);
}

void metric_add(struct metric *metric, uint64_t n)
{
	check_kind(metric, METRIC_COUNTER);
	atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}

void metric_set(struct metric *metric, double value)
{
	check_kind(metric, METRIC_GAUGE);
	atomic_store_explicit(&metric->value, bits_of(value), memory_order_relaxed);
}

void metric_observe(struct metric *metric, double seconds)
{
	uint_fast64_t old;
	size_t i = 0;

	check_kind(metric, METRIC_HISTOGRAM);
	if (!(seconds >= 0))
		seconds = 0;
	while (i < N_BOUNDS && seconds > bounds[i].seconds)
		i++;
	atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
	old = atomic_load_explicit(&metric->value, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&metric->value, &old, bits_of(double_of(old) + seconds)))
		;
}

static uint64_t bucket(const struct metric *metric, size_t i)
{
	return atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
}

double metric_value(const struct metric *metric)
{
	const uint64_t value = atomic_load_explicit(&metric->value, memory_order_relaxed);
	uint64_t count = 0;

	if (metric->kind == METRIC_GAUGE)
		return double_of(value);
	if (metric->kind == METRIC_COUNTER)
		return (double)value;
	for (size_t i = 0; i <= N_BOUNDS; i++)
		count += bucket(metric, i);
	return (double)count;
}

/* Exposition. */

static void write_number(struct buf *out, double v)
{
	if (isnan(v))
		buf_append_str(out, "NaN");
	else if (isinf(v))
		buf_append_str(out, v > 0 ? "+Inf" : "-Inf");
	else if (v == floor(v) && fabs(v) < 1e15)
		buf_printf(out, "%.0f", v);
	else
		buf_printf(out, "%.15g", v);
}

static void write_series(struct buf *out, const struct family *family, const char *suffix, const char *labels)
{
	buf_printf(out, "%s%s", family->name, suffix);
	if (*labels)
		buf_printf(out, "{%s}", labels);
	buf_append_byte(out, ' ');
}

/* The count is what the buckets add up to, so that a scrape amid observations never contradicts itself. */
static void write_histogram(struct buf *out, const struct family *family, const struct metric *metric)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= N_BOUNDS; i++) {
		count += bucket(metric, i);
		buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", family->name, metric->labels,
			   *metric->labels ? "," : "", i < N_BOUNDS ? bounds[i].text : "+Inf", count);
	}
	write_series(out, family, "_sum", metric->labels);
	write_number(out, double_of(atomic_load(&metric->value)));
	buf_append_byte(out, '\n');
	write_series(out, family, "_count", metric->labels);
	buf_printf(out, "%" PRIu64 "\n", count);
}

static void write_metric(struct buf *out, const struct family *family, const struct metric *metric)
{
	if (family->kind == METRIC_HISTOGRAM) {
		write_histogram(out, family, metric);
		return;
	}
	write_series(out, family, "", metric->labels);
	if (family->kind == METRIC_COUNTER)
		buf_printf(out, "%" PRIu64, (uint64_t)atomic_load(&metric->value));
	else
		write_number(out, metric_value(metric));
	buf_append_byte(out, '\n');
}

static void write_help(struct buf *out, const struct family *family)
{
	buf_printf(out, "# HELP %s ", family->name);
	for (const char *c = family->help; *c; c++) {
		if (*c == '\\' || *c == '\n')
			buf_append_str(out, *c == '\n' ? "\\n" : "\\\\");
		else
			buf_append_byte(out, (uint8_t)*c);
	}
	buf_printf(out, "\n# TYPE %s %s\n", family->name, kind_names[family->kind]);
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
	pthread_mutex_lock(metrics->lock);
	for (const struct family *family = metrics->families; family; family = family->next) {
		write_help(out, family);
		for (const struct metric *metric = family->metrics; metric; metric = metric->next)
			write_metric(out, family, metric);
	}
	pthread_mutex_unlock(metrics->lock);
}
