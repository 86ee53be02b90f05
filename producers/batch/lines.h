/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: a file of tips, line by line. Not stdio, whose buffers nobody wipes: while this waits for more (a pipe may
 * stay open for days) nothing of an earlier line is in memory.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_LINES_H
#define TIPLINE_PRODUCERS_BATCH_LINES_H

#include "ops/runtime/buf.h"

#define LINES_CHUNK 65536

struct lines {
	int fd;
	size_t line_max; /* of a longer one just enough is kept to see that */
	uint8_t *chunk;  /* owned */
	size_t at, len;
	struct buf line; /* the last one read, without its newline */
	int error;       /* errno of a read that failed; EINTR: a stop was asked for */
};

void lines_init(struct lines *lines, int fd, size_t line_max);
void lines_release(struct lines *lines); /* wiped; the descriptor is the caller's */
/* The next line into `line`. False at the end of the file, and on an error. */
bool lines_next(struct lines *lines);

#endif
