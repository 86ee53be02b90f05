/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_sample: what each stage says of itself at one moment, and how much it took and gave a second since the last one.
 */
#ifndef TIPLINE_OPS_CTL_TOP_SAMPLE_H
#define TIPLINE_OPS_CTL_TOP_SAMPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ops/runtime/err.h"

#define TOP_STAGES 5
#define TOP_WHY_MAX ERR_TEXT_MAX

struct top_stage {
	const char *name, *address; /* address "": not in the configuration */
	bool up, ready;
	char why[TOP_WHY_MAX];      /* why it is not up or not ready; from outside: not fit to print as it is */
	double in, out, parked, repeats, refused, lag, oldest_s, cpu_us, rss_bytes, uptime_s; /* -1: it does not say */
	double in_rate, out_rate, cpu_share; /* a second since the last sample; -1: there is none to compare with */
};

struct top_sample {
	struct top_stage stages[TOP_STAGES]; /* in the order of a tip's way */
	int64_t mono_ms;
};

/* Takes over what is wanted of a stage's status; NULL: it did not answer, for the reason in `why`. */
void top_stage_read(struct top_stage *stage, const json_t *status, const struct err *why);
/* Fills the rates in. A stage that started anew, or was down then, has none. */
void top_sample_compare(struct top_sample *now, const struct top_sample *before);

#endif
