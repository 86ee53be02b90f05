/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that `tipctl top` shows: what fits, rates over restarts, text from outside that would steer a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ctl/top_view.h"

static const char *const names[TOP_STAGES] = { "gateway", "classify", "dedupe", "route", "sink" };

static void read_all(struct top_sample *sample, int64_t ms, const char *text)
{
	struct err why = ERR_INIT;
	json_t *status = text ? json_loads(text, 0, NULL) : NULL;

	err_set(&why, ERR_UNAVAILABLE, NULL, "127.0.0.1:9: no answer");
	*sample = (struct top_sample){ .mono_ms = ms };
	for (size_t i = 0; i < TOP_STAGES; i++) {
		sample->stages[i] = (struct top_stage){ .name = names[i], .address = "127.0.0.1:9" };
		top_stage_read(&sample->stages[i], status, &why);
	}
	json_decref(status);
}

static void rates_are_between_two_answers_of_one_life(void **state)
{
	static const struct {
		const char *before, *now;
		double in_rate, cpu_share;
	} cases[] = {
		{ "{\"in\":10,\"cpu_us\":0,\"uptime_s\":5}", "{\"in\":30,\"cpu_us\":500000,\"uptime_s\":7}", 10, 0.25 },
		{ "{\"in\":10,\"cpu_us\":0,\"uptime_s\":5}", "{\"in\":30,\"cpu_us\":0,\"uptime_s\":1}", -1, -1 }, /* anew */
		{ "{\"in\":10,\"uptime_s\":5}", "{\"in\":3,\"uptime_s\":7}", -1, -1 },
		{ NULL, "{\"in\":3,\"uptime_s\":7}", -1, -1 },
		{ "{\"in\":3,\"uptime_s\":7}", NULL, -1, -1 },
		{ "{\"in\":\"3\",\"uptime_s\":7}", "{\"in\":[4],\"uptime_s\":9}", -1, -1 },
		{ "{}", "{}", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct top_sample before, now;

		read_all(&before, 1000, cases[i].before);
		read_all(&now, 3000, cases[i].now);
		top_sample_compare(&now, &before);
		assert_true(now.stages[2].in_rate == cases[i].in_rate);
		assert_true(now.stages[2].cpu_share == cases[i].cpu_share);
	}
}

static int width_of(const char *line, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)line[i] & 0xc0) != 0x80;
	return n;
}

/* Whatever the size, nothing is wider or longer than it. */
static void every_line_fits(void **state)
{
	static const int widths[] = { 1, 10, 40, 60, 80, 132, 300 }, heights[] = { 1, 2, 5, 24 };
	struct top_sample sample;

	(void)state;
	read_all(&sample, 1000,
		 "{\"in\":1e18,\"out\":123456789,\"parked\":99999,\"lag_records\":1e9,\"lag_seconds\":1e7,\"ready\":false,"
		 "\"rss_bytes\":1e15,\"ready_detail\":\"\\u00e9\\u00e9 a very long reason that has more to say than any "
		 "line of any terminal of any width that anybody might have has the room to show, on and on\"}");
	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
		for (size_t h = 0; h < sizeof(heights) / sizeof(heights[0]); h++) {
			struct top_size size = { widths[w], heights[h] };
			struct buf out = BUF_INIT;
			int lines = 0;

			top_view(&out, &sample, &size, "q quits");
			for (const char *at = buf_text(&out); *at; at = strchr(at, '\n') + 1, lines++)
				assert_true(width_of(at, strcspn(at, "\n")) <= size.columns);
			assert_true(lines <= size.rows);
			buf_release(&out);
		}
}

static void what_matters_most_stays_longest(void **state)
{
	static const struct {
		int width;
		const char *has, *lacks;
	} cases[] = {
		{ 60, " OLDEST", "CPU" }, { 80, " RSS", "REPEATS" }, { 132, " REFUSED", "no such column" },
	};
	struct top_sample sample;

	(void)state;
	read_all(&sample, 1000, "{\"ready\":true,\"in\":5}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct top_size size = { cases[i].width, 24 };
		struct buf out = BUF_INIT;

		top_view(&out, &sample, &size, NULL);
		assert_non_null(strstr(buf_text(&out), cases[i].has));
		assert_null(strstr(buf_text(&out), cases[i].lacks));
		assert_non_null(strstr(buf_text(&out), "tipline: 5 of 5 up, 5 ready"));
		buf_release(&out);
	}
}

static void nothing_from_outside_steers_the_terminal(void **state)
{
	struct top_size size = { 80, 24 };
	struct top_sample sample;
	struct buf out = BUF_INIT;

	(void)state;
	read_all(&sample, 1000, "{\"ready\":false,\"ready_detail\":\"a\\u001b[2Jb\\u009bc\\r\\nd\\u0007\"}");
	top_view(&out, &sample, &size, NULL);
	for (size_t i = 0; i < out.len; i++)
		assert_true(out.data[i] == '\n' || (out.data[i] >= 0x20 && out.data[i] < 0x7f));
	assert_non_null(strstr(buf_text(&out), "classify: a?[2Jb?c??d?\n"));
	assert_non_null(strstr(buf_text(&out), "NOT READY"));
	buf_clear(&out);
	read_all(&sample, 1000, NULL);
	top_view(&out, &sample, &size, NULL);
	assert_non_null(strstr(buf_text(&out), "sink     DOWN"));
	assert_non_null(strstr(buf_text(&out), "sink: 127.0.0.1:9: no answer"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_between_two_answers_of_one_life),
		cmocka_unit_test(every_line_fits),
		cmocka_unit_test(what_matters_most_stays_longest),
		cmocka_unit_test(nothing_from_outside_steers_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
