/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/window.h"

#include <string.h>

void window_clear(struct window *window)
{
	memset(window->sent, 0, sizeof(window->sent));
	window->first = 1;
	window->last = 0;
	window->limit = 0;
	window->in_flight = 0;
	window->n_delayed = 0;
}

bool window_open(const struct window *window)
{
	return window->last < window->limit && window->last + 1 - window->first < WINDOW_MAX;
}

void window_credit(struct window *window, uint64_t limit)
{
	if (limit > window->limit)
		window->limit = limit;
}

uint64_t window_add(struct window *window, int64_t row, const struct tip_id *tip_id, int64_t now_ms)
{
	uint64_t seq = ++window->last;
	window->sent[seq % WINDOW_MAX] =
		(struct sent){ .row = row, .tip_id = *tip_id, .sent_ms = now_ms, .used = true };
	window->in_flight++;
	return seq;
}

bool window_take(struct window *window, uint64_t seq, const struct tip_id *tip_id, struct sent *out)
{
	if (seq < window->first || seq > window->last)
		return false;
	struct sent *sent = &window->sent[seq % WINDOW_MAX];
	if (!sent->used || !tip_id_equal(&sent->tip_id, tip_id))
		return false;
	*out = *sent;
	sent->used = false;
	window->in_flight--;
	while (window->first <= window->last && !window->sent[window->first % WINDOW_MAX].used)
		window->first++;
	return true;
}

bool window_holds(const struct window *window, const struct tip_id *tip_id)
{
	for (uint64_t seq = window->first; seq <= window->last; seq++) {
		const struct sent *sent = &window->sent[seq % WINDOW_MAX];
		if (sent->used && tip_id_equal(&sent->tip_id, tip_id))
			return true;
	}
	return false;
}

int64_t window_age(const struct window *window, int64_t now_ms)
{
	return window->in_flight == 0 ? 0 : now_ms - window->sent[window->first % WINDOW_MAX].sent_ms;
}

bool window_delay(struct window *window, int64_t row, int64_t due_ms)
{
	if (window->n_delayed == DELAYED_MAX)
		return false;
	window->delayed[window->n_delayed++] = (struct delayed){ .row = row, .due_ms = due_ms };
	return true;
}

int64_t window_due(struct window *window, int64_t now_ms)
{
	for (size_t i = 0; i < window->n_delayed; i++) {
		if (window->delayed[i].due_ms <= now_ms) {
			int64_t row = window->delayed[i].row;
			window->delayed[i] = window->delayed[--window->n_delayed];
			return row;
		}
	}
	return 0;
}

int64_t window_next_due(const struct window *window)
{
	int64_t due = -1;
	for (size_t i = 0; i < window->n_delayed; i++)
		if (due < 0 || window->delayed[i].due_ms < due)
			due = window->delayed[i].due_ms;
	return due;
}

int64_t window_wake(const struct window *window)
{
	return window_open(window) ? window_next_due(window) : -1;
}
