/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: what a session of TIP/1 has sent and not yet heard of, by seq, and what waits to be sent again. Pure: no
 * socket, no clock of its own.
 *
 * Invariants: `first` is the oldest seq in flight (or last + 1 when none is); last - first < WINDOW_MAX, so that a
 * seq's place is seq % WINDOW_MAX. seq starts at 1.
 */
#ifndef TIPLINE_PRODUCERS_SDK_WINDOW_H
#define TIPLINE_PRODUCERS_SDK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/tip_id.h"

#define WINDOW_MAX 1024
#define DELAYED_MAX 1024

struct sent {
	int64_t row;
	struct tip_id tip_id;
	int64_t sent_ms;
	bool used;
};

struct delayed {
	int64_t row, due_ms;
};

struct window {
	struct sent sent[WINDOW_MAX];
	uint64_t first, last, limit;
	size_t in_flight;
	struct delayed delayed[DELAYED_MAX]; /* in no order */
	size_t n_delayed;
};

void window_clear(struct window *window); /* a new session */
/* Room for one more SUBMIT, by credit and by the window's own size. */
bool window_open(const struct window *window);
void window_credit(struct window *window, uint64_t limit); /* never takes back */
/* Returns the seq. */
uint64_t window_add(struct window *window, int64_t row, const struct tip_id *tip_id, int64_t now_ms);
/* Takes the SUBMIT of this seq out; false when there is none with this id. */
bool window_take(struct window *window, uint64_t seq, const struct tip_id *tip_id, struct sent *out);
/* Is a SUBMIT of this tip in flight? Its repeat has to wait: the gateway keeps one of an id in flight. */
bool window_holds(const struct window *window, const struct tip_id *tip_id);
/* Age of the oldest in flight in ms, 0 when there is none. */
int64_t window_age(const struct window *window, int64_t now_ms);

/* False when there is no room: nothing new should be sent before the delayed ones. */
bool window_delay(struct window *window, int64_t row, int64_t due_ms);
/* Takes a row that is due; 0 when none is. */
int64_t window_due(struct window *window, int64_t now_ms);
/* When the next delayed row is due; -1 when none waits. */
int64_t window_next_due(const struct window *window);
/* The same, but -1 also without credit: then the credit wakes, not the clock. */
int64_t window_wake(const struct window *window);

#endif
