/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: how far a rehearsal is, as one JSON line: in a file that a watching program reads, and on a terminal.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_PROGRESS_H
#define TIPLINE_PRODUCERS_BATCH_PROGRESS_H

#include "ops/runtime/buf.h"
#include "producers/batch/receipts.h"

#define PROGRESS_MS 200 /* between two lines */

struct progress {
	const char *conf_path; /* the adapter's configuration, whose file name names it */
	const char *path;      /* NULL: no file */
	struct tipline *tipline;
	struct receipts *receipts;
	size_t put;            /* tips that the spool has taken */
	int64_t shown_ms;
	bool terminal;
};

/* Appends the line, without a new line. */
void progress_write(struct progress *progress, struct buf *out);
/* Not sooner than PROGRESS_MS after the last time, unless it is to be `now`. */
void progress_show(struct progress *progress, bool now);

#endif
