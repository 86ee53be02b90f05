/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: the submitting thread's hand in the spool: rows read ahead in order, and rows that ended collected so that
 * one transaction deletes many. One thread.
 */
#ifndef TIPLINE_PRODUCERS_SDK_FEED_H
#define TIPLINE_PRODUCERS_SDK_FEED_H

#include <stdbool.h>

#include "producers/sdk/spool.h"

#define FEED_ROWS 32
#define FEED_FINISHED 256

struct feed {
	struct spool *spool;
	struct spool_row rows[FEED_ROWS];
	size_t next, n;  /* rows[next..n) are read ahead */
	int64_t cursor;  /* the last row read */
	bool more;       /* the spool may hold rows after the cursor */
	int64_t finished[FEED_FINISHED];
	size_t n_finished;
};

void feed_init(struct feed *feed, struct spool *spool);
void feed_release(struct feed *feed);
/* Rows after the cursor may have come. */
void feed_poke(struct feed *feed);
/* From the first row again; deletes what ended first, so that it is not seen again. */
int feed_rewind(struct feed *feed, struct err *err);
/* The row to send next, borrowed until feed_advance or feed_rewind; *row is NULL when there is none. */
int feed_peek(struct feed *feed, struct spool_row **row, struct err *err);
void feed_advance(struct feed *feed);
/* One row by its number, owned by the caller; false when it is gone. */
int feed_get(struct feed *feed, int64_t id, struct spool_row *row, bool *found, struct err *err);
int feed_finish(struct feed *feed, int64_t id, struct err *err);
int feed_flush(struct feed *feed, struct err *err);

#endif
