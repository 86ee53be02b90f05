/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standard: standard input and output as streams of bytes, for commands that stand in a pipe. Interrupted calls, short
 * writes and descriptors that do not block are dealt with; a reader that went away is an error like a full disk, not a
 * signal.
 */
#ifndef TIPLINE_OPS_CTL_STANDARD_H
#define TIPLINE_OPS_CTL_STANDARD_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

/* From now on a reader that went away is an error of standard_write. */
void standard_begin(void);
/* Puts what is there, at most `max` bytes, in place of what `piece` held. Its length is 0 at the end of the input. */
int standard_read(struct buf *piece, size_t max, struct err *err);
/* All of it. */
int standard_write(struct slice bytes, struct err *err);

#endif
