/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_view: one sample as lines of text, no line wider than `columns` and no more than `rows`, so that a terminal never
 * wraps or scrolls. The columns that matter least go first where there is no room. Nothing in it steers a terminal.
 */
#ifndef TIPLINE_OPS_CTL_TOP_VIEW_H
#define TIPLINE_OPS_CTL_TOP_VIEW_H

#include "ops/ctl/top_sample.h"
#include "ops/runtime/buf.h"

struct top_size {
	int columns, rows;
};

/* Appends lines, each ended by a new line. `foot`: the last line; NULL: none. */
void top_view(struct buf *out, const struct top_sample *sample, const struct top_size *size, const char *foot);
json_t *top_json(const struct top_sample *sample);

#endif
