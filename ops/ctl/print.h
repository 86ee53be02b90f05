/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print: a command's value on standard output, as JSON or for people. Values that came from a foreign record are
 * shown without control characters, so nothing on a topic can reach the operator's terminal. A table that is wider than
 * the terminal has the columns that fit, and the others under each row.
 */
#ifndef TIPLINE_OPS_CTL_PRINT_H
#define TIPLINE_OPS_CTL_PRINT_H

#include "ops/ctl/ctl.h"

/* The text without what a terminal would obey; `?` stands for each such character. */
void ctl_plain(struct buf *out, const char *text);
void ctl_print(const struct ctl_output *out, bool as_json);

#endif
