/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reports: how many reports came, which way and what became of them; the only trace that one leaves outside the spool.
 * Any thread.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_REPORTS_H
#define TIPLINE_PRODUCERS_WEBFORM_REPORTS_H

#include "ops/runtime/metrics.h"
#include "producers/sdk/tipline.h"

enum way { WAY_SEALED, WAY_PLAIN, N_WAYS }; /* sealed in the browser, or here */
enum fate { FATE_KEPT, FATE_INVALID, FATE_UNAVAILABLE, N_FATES };

struct reports {
	struct metric *counts[N_WAYS][N_FATES];
	struct metric *turned_away; /* who asked for the form and was told to phone */
};

void reports_init(struct reports *reports, struct metrics *metrics);
/* What a call of libtipline returned; says in the log, at most once a minute, why reports cannot be kept. */
enum fate reports_count(struct reports *reports, enum way way, int code);
/* The same for who was not shown the form; `why`: a sentence, nothing of a tip. */
void reports_turn_away(struct reports *reports, const char *why);
uint64_t reports_turned_away(const struct reports *reports);
uint64_t reports_total(const struct reports *reports, enum fate fate);

#endif
