/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>

#include "ops/runtime/metrics.h"

static void test_exposition(void **state)
{
	struct metrics *metrics = metrics_new();
	struct buf out = BUF_INIT;

	(void)state;
	metric_add(metrics_counter(metrics, "tipline_in_total", "stage=\"route\"", "records taken"), 3);
	metric_set(metrics_gauge(metrics, "tipline_lag_seconds", "", "how far\nbehind \\ late"), 1.5);
	metric_add(metrics_counter(metrics, "tipline_in_total", "stage=\"sink\"", "records taken"),
		   UINT64_C(1) << 60);
	metrics_write(metrics, &out);
	assert_string_equal(buf_text(&out), "# HELP tipline_in_total records taken\n"
					    "# TYPE tipline_in_total counter\n"
					    "tipline_in_total{stage=\"route\"} 3\n"
					    "tipline_in_total{stage=\"sink\"} 1152921504606846976\n"
					    "# HELP tipline_lag_seconds how far\\nbehind \\\\ late\n"
					    "# TYPE tipline_lag_seconds gauge\n"
					    "tipline_lag_seconds 1.5\n");
	buf_release(&out);
	metrics_free(metrics);
	metrics_free(NULL);
}

static void test_gauge_values(void **state)
{
	static const struct {
		double value;
		const char *want;
	} cases[] = {
		{ 0, "0" },       { -3, "-3" },          { 1e9, "1000000000" }, { 0.1, "0.1" },
		{ NAN, "NaN" },   { INFINITY, "+Inf" },  { -INFINITY, "-Inf" }, { 1e300, "1e+300" },
	};
	struct metrics *metrics = metrics_new();
	struct metric *gauge = metrics_gauge(metrics, "tipline_value", "", "v");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT, want = BUF_INIT;

		metric_set(gauge, cases[i].value);
		metrics_write(metrics, &out);
		buf_printf(&want, "\ntipline_value %s\n", cases[i].want);
		assert_non_null(strstr(buf_text(&out), buf_text(&want)));
		buf_release(&out);
		buf_release(&want);
	}
	metrics_free(metrics);
}

static void test_same_name_and_labels_same_handle(void **state)
{
	struct metrics *metrics = metrics_new();
	struct metric *a = metrics_counter(metrics, "tipline_a_total", "x=\"1\"", "a");

	(void)state;
	assert_ptr_equal(metrics_counter(metrics, "tipline_a_total", "x=\"1\"", "a"), a);
	assert_ptr_not_equal(metrics_counter(metrics, "tipline_a_total", "x=\"2\"", "a"), a);
	metric_add(a, 2);
	metric_add(a, 3);
	assert_true(metric_value(a) == 5);
	metrics_free(metrics);
}

static void test_histogram(void **state)
{
	static const double seconds[] = { 0, 0.00001, 0.0000101, 0.003, 10, 10.5, -1, NAN };
	struct metrics *metrics = metrics_new();
	struct metric *histogram = metrics_histogram(metrics, "tipline_handle_seconds", "stage=\"x\"", "time");
	struct buf out = BUF_INIT;
	const char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		metric_observe(histogram, seconds[i]);
	assert_true(metric_value(histogram) == 8);
	metrics_write(metrics, &out);
	text = buf_text(&out);
	assert_non_null(strstr(text, "# TYPE tipline_handle_seconds histogram\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"0.00001\"} 4\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"0.000025\"} 5\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"0.0025\"} 5\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"0.005\"} 6\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"10\"} 7\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_bucket{stage=\"x\",le=\"+Inf\"} 8\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_sum{stage=\"x\"} 20.5030201\n"));
	assert_non_null(strstr(text, "tipline_handle_seconds_count{stage=\"x\"} 8\n"));
	buf_release(&out);
	metrics_free(metrics);
}

#define THREADS 4
#define ROUNDS 5000

static void *hammer(void *arg)
{
	struct metrics *metrics = arg;

	for (int i = 0; i < ROUNDS; i++) {
		char labels[32];

		snprintf(labels, sizeof(labels), "n=\"%d\"", i % 16);
		metric_add(metrics_counter(metrics, "tipline_many_total", labels, "many"), 1);
		metric_observe(metrics_histogram(metrics, "tipline_many_seconds", "", "many"), 0.5);
	}
	return NULL;
}

static void test_threads_lose_nothing(void **state)
{
	struct metrics *metrics = metrics_new();
	pthread_t threads[THREADS];
	struct buf out = BUF_INIT;
	double total = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, metrics);
	for (int i = 0; i < 50; i++) {
		buf_clear(&out);
		metrics_write(metrics, &out);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 16; i++) {
		char labels[32];

		snprintf(labels, sizeof(labels), "n=\"%d\"", i);
		total += metric_value(metrics_counter(metrics, "tipline_many_total", labels, "many"));
	}
	assert_true(total == THREADS * ROUNDS);
	buf_clear(&out);
	metrics_write(metrics, &out);
	assert_non_null(strstr(buf_text(&out), "tipline_many_seconds_sum 10000\n"));
	buf_release(&out);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exposition),
		cmocka_unit_test(test_gauge_values),
		cmocka_unit_test(test_same_name_and_labels_same_handle),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
