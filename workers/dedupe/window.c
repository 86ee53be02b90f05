/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/window.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "workers/dedupe/packed.h"

#define FIRST_TIPS 1024
#define STEP_MAX 31 /* days */

struct window {
	uint32_t days;
	size_t limit;
	struct window_tip *tips; /* a ring */
	size_t n, cap, head;     /* tips[head] is the oldest and has number `base` */
	uint32_t base;
	int64_t today;
	bool begun;
	size_t term_bytes;
};

struct window *window_new(uint32_t days, size_t tips)
{
	struct window *window = mem_alloc(sizeof(*window));

	if (tips == 0)
		BUG("a window of no tips");
	window->days = days;
	window->limit = tips;
	return window;
}

static struct window_tip *tip_at(const struct window *window, size_t at)
{
	size_t slot = window->head + at;

	return &window->tips[slot < window->cap ? slot : slot - window->cap];
}

void window_free(struct window *window)
{
	if (!window)
		return;
	for (size_t i = 0; i < window->n; i++)
		free(tip_at(window, i)->terms);
	free(window->tips);
	free(window);
}

void window_follow(struct window *window, uint32_t day)
{
	int64_t step = (int64_t)day - window->today;

	if (!window->begun) {
		window_set_today(window, day);
		return;
	}
	if (step > STEP_MAX)
		step = STEP_MAX;
	if (step < -STEP_MAX)
		step = -STEP_MAX;
	window->today += step;
}

int64_t window_today(const struct window *window)
{
	return window->today;
}

void window_set_today(struct window *window, int64_t today)
{
	window->today = today;
	window->begun = true;
}

bool window_leaves(const struct window *window)
{
	return window->n > 0 && window->today - (int64_t)tip_at(window, 0)->day > (int64_t)window->days;
}

bool window_is_full(const struct window *window)
{
	return window->n == window->limit;
}

size_t window_n_tips(const struct window *window)
{
	return window->n;
}

uint32_t window_number(const struct window *window, size_t at)
{
	return window->base + (uint32_t)at;
}

const struct window_tip *window_tip(const struct window *window, size_t at)
{
	return tip_at(window, at);
}

static void grow(struct window *window)
{
	size_t cap = window->cap ? 2 * window->cap : FIRST_TIPS;
	struct window_tip *tips;

	if (cap > window->limit)
		cap = window->limit;
	tips = mem_alloc(cap * sizeof(*tips));
	for (size_t i = 0; i < window->n; i++)
		tips[i] = *tip_at(window, i);
	free(window->tips);
	window->tips = tips;
	window->cap = cap;
	window->head = 0;
}

void window_push(struct window *window, const struct tip_id *tip_id, const struct tip_id *case_id, uint32_t day,
		 uint32_t *terms, size_t n_terms)
{
	struct window_tip *tip;
	size_t len;

	if (window_is_full(window))
		BUG("a tip more than the window holds");
	if (window->n == window->cap)
		grow(window);
	tip = tip_at(window, window->n++);
	*tip = (struct window_tip){ *tip_id, *case_id, day, (uint32_t)n_terms, packed_new(terms, n_terms, &len) };
	window->term_bytes += len;
}

void window_shift(struct window *window)
{
	struct window_tip *tip = tip_at(window, 0);
	struct packed_reader reader = packed_read(tip->terms);

	for (uint32_t i = 0; i < tip->n_terms; i++)
		packed_next(&reader);
	window->term_bytes -= (size_t)(reader.at - tip->terms);
	free(tip->terms);
	*tip = (struct window_tip){ .day = 0 };
	window->head = window->head + 1 < window->cap ? window->head + 1 : 0;
	window->base++;
	window->n--;
}

size_t window_bytes(const struct window *window)
{
	return window->cap * sizeof(*window->tips) + window->term_bytes;
}
