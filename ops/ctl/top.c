/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl top: the stages as they say themselves, again and again. It asks daemons alone, no broker: what a stage that
 * is down has before it is `tipctl status`'s to say.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/daemon_http.h"
#include "ops/ctl/top_terminal.h"
#include "ops/runtime/clock.h"

#define INTERVAL_DEFAULT "2s"
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 3600000
#define ANSWER_MS 700 /* a daemon that takes longer shows as down */

static const char *const stage_names[TOP_STAGES] = { "gateway", "classify", "dedupe", "route", "sink" };

struct top {
	struct ctl *ctl;
	struct top_terminal terminal;
	struct top_sample now, before;
	bool compared; /* `now` has rates */
	int interval_ms;
	long count; /* blocks still to show; -1: for ever */
};

/* "500ms", "2s", "1m", or a number of seconds. */
static int read_interval(const char *text, int *ms, struct err *err)
{
	char *unit;
	double v;

	errno = 0;
	v = strtod(text, &unit);
	if (strcmp(unit, "ms") == 0)
		v /= 1000;
	else if (strcmp(unit, "m") == 0)
		v *= 60;
	else if (*unit && strcmp(unit, "s") != 0)
		errno = EINVAL;
	if (errno || unit == text || !(v * 1000 >= INTERVAL_MIN_MS && v * 1000 <= INTERVAL_MAX_MS))
		return err_set(err, ERR_USAGE, "bad-value",
			       "--interval %.32s: a time from 100ms to 60m is needed, such as 2s", text);
	*ms = (int)(v * 1000);
	return 0;
}

static int read_options(struct top *top, struct err *err)
{
	const char *count = program_value(top->ctl->call, "count", NULL);
	char *end;

	top->count = -1;
	if (count) {
		errno = 0;
		top->count = strtol(count, &end, 10);
		if (errno || *end || end == count || top->count < 1)
			return err_set(err, ERR_USAGE, "bad-value", "--count %.32s: a whole number from 1 is needed", count);
	}
	return read_interval(program_value(top->ctl->call, "interval", INTERVAL_DEFAULT), &top->interval_ms, err);
}

/* 1: an event cut it short, and `now` is as it was. */
static int take_sample(struct top *top)
{
	struct daemon_request requests[TOP_STAGES];
	struct top_sample next = { .mono_ms = 0 };
	char key[64];
	int fds[2], cut;
	size_t n = top_terminal_watch(&top->terminal, fds);

	for (size_t i = 0; i < TOP_STAGES; i++) {
		snprintf(key, sizeof(key), "daemons.%s", stage_names[i]);
		next.stages[i] = (struct top_stage){ .name = stage_names[i], .address = conf_str(top->ctl->conf, key) };
		requests[i] = (struct daemon_request){ .address = next.stages[i].address, .why = ERR_INIT };
	}
	cut = daemon_http_all(requests, TOP_STAGES, ANSWER_MS, fds, n);
	next.mono_ms = clock_mono_ms();
	for (size_t i = 0; i < TOP_STAGES; i++) {
		top_stage_read(&next.stages[i], requests[i].status, &requests[i].why);
		json_decref(requests[i].status);
	}
	if (cut)
		return 1;
	top->compared = top->now.mono_ms != 0;
	top->before = top->now;
	top->now = next;
	if (top->compared)
		top_sample_compare(&top->now, &top->before);
	return 0;
}

static int draw_json(const struct top *top)
{
	json_t *value = top_json(&top->now);

	json_dumpf(value, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(value);
	return fflush(stdout) == 0 ? 0 : -1;
}

static int draw(struct top *top)
{
	struct top_size size = top_terminal_size(&top->terminal);
	struct buf lines = BUF_INIT;
	char foot[80];
	int result;

	if (top->ctl->json)
		return draw_json(top);
	snprintf(foot, sizeof(foot), "every %g s; q quits", (double)top->interval_ms / 1000);
	top_view(&lines, &top->now, &size, top->terminal.screen ? foot : NULL);
	if (!top->terminal.screen)
		buf_append_byte(&lines, '\n');
	result = top_terminal_draw(&top->terminal, &lines);
	buf_release(&lines);
	return result;
}

/* With what is known, which before the first answers is nothing. */
static int redraw(struct top *top)
{
	return top->terminal.screen && top->now.mono_ms ? draw(top) : 0;
}

/* Until the next sample is due. True when it is over. */
static bool wait_until(struct top *top, int64_t due)
{
	int64_t left;

	while ((left = due - clock_mono_ms()) > 0) {
		enum top_event event = top_terminal_wait(&top->terminal, left < INT_MAX ? (int)left : INT_MAX);

		if (event == TOP_QUIT || (event == TOP_RESIZED && redraw(top) < 0))
			return true;
	}
	return false;
}

/*
 * On a terminal there is something to see at once; elsewhere the first block comes when there are rates to put into it.
 */
static void watch(struct top *top)
{
	for (;;) {
		int64_t due = clock_mono_ms() + top->interval_ms;
		bool cut = take_sample(top) != 0;

		if (!cut && (top->compared || (top->terminal.screen && !top->ctl->json))) {
			if (draw(top) < 0)
				return;
			if (top->compared && top->count > 0 && --top->count == 0)
				return;
		}
		if (cut) /* what cut it short is waiting */
			due = clock_mono_ms() + 1;
		if (wait_until(top, due))
			return;
	}
}

int ctl_top(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct top top = { .ctl = ctl };

	out->written = true;
	if (read_options(&top, err) < 0 || top_terminal_open(&top.terminal, ctl->json, err) < 0)
		return -1;
	watch(&top);
	top_terminal_close(&top.terminal);
	return 0;
}
