/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: the earlier tips that a tip may be linked to, in memory, oldest first, with the numbers of their terms.
 *
 * Tips leave from the front: those whose day is further back than `days` from the reference day (window_leaves), and,
 * where `tips` of them are there, the oldest for each that comes (window_is_full). The owner of the terms takes a
 * tip's terms away before window_shift.
 *
 * The reference day follows the days of the tips, but by at most a month a tip: a gateway whose clock is ten years
 * off must not empty the window with one tip. It depends on every tip that ever came, so a restart must be told it
 * (window_set_today).
 */
#ifndef TIPLINE_WORKERS_DEDUPE_WINDOW_H
#define TIPLINE_WORKERS_DEDUPE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/tip_id.h"

struct window;

struct window_tip {
	struct tip_id tip_id, case_id;
	uint32_t day, n_terms;
	uint8_t *terms; /* packed.h */
};

struct window *window_new(uint32_t days, size_t tips);
void window_free(struct window *window);

/* Moves the reference day towards the day of a tip that comes. */
void window_follow(struct window *window, uint32_t day);
int64_t window_today(const struct window *window);
/* Of another window that stood where this one is to go on. Before the first tip. */
void window_set_today(struct window *window, int64_t today);

bool window_leaves(const struct window *window);
bool window_is_full(const struct window *window);

size_t window_n_tips(const struct window *window);
/* Its number, which goes upwards with each tip (and wraps). `at`: 0 is the oldest; n_tips, the next to come. */
uint32_t window_number(const struct window *window, size_t at);
const struct window_tip *window_tip(const struct window *window, size_t at);
/* The window must not be full. `terms` are copied; they become sorted. */
void window_push(struct window *window, const struct tip_id *tip_id, const struct tip_id *case_id, uint32_t day,
		 uint32_t *terms, size_t n_terms);
/* Forgets the oldest. */
void window_shift(struct window *window);

/* What it takes, without what the allocator adds. */
size_t window_bytes(const struct window *window);

#endif
