/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/feed.h"

void feed_init(struct feed *feed, struct spool *spool)
{
	*feed = (struct feed){ .spool = spool, .more = true };
}

static void drop_rows(struct feed *feed)
{
	while (feed->next < feed->n)
		spool_row_release(&feed->rows[feed->next++]);
	feed->next = feed->n = 0;
}

void feed_release(struct feed *feed)
{
	drop_rows(feed);
}

void feed_poke(struct feed *feed)
{
	feed->more = true;
}

int feed_rewind(struct feed *feed, struct err *err)
{
	drop_rows(feed);
	feed->cursor = 0;
	feed->more = true;
	return feed_flush(feed, err);
}

int feed_peek(struct feed *feed, struct spool_row **row, struct err *err)
{
	*row = NULL;
	if (feed->next == feed->n && feed->more) {
		int n = spool_read(feed->spool, feed->cursor, feed->rows, FEED_ROWS, err);
		if (n < 0)
			return -1;
		feed->next = 0;
		feed->n = (size_t)n;
		feed->more = n > 0; /* a short read is not the end: rows that turned out damaged shorten it too */
		if (n > 0)
			feed->cursor = feed->rows[n - 1].id;
	}
	if (feed->next < feed->n)
		*row = &feed->rows[feed->next];
	return 0;
}

void feed_advance(struct feed *feed)
{
	spool_row_release(&feed->rows[feed->next++]);
}

int feed_get(struct feed *feed, int64_t id, struct spool_row *row, bool *found, struct err *err)
{
	int n = spool_read(feed->spool, id - 1, row, 1, err);
	if (n < 0)
		return -1;
	*found = n == 1 && row->id == id;
	if (n == 1 && !*found)
		spool_row_release(row);
	return 0;
}

int feed_finish(struct feed *feed, int64_t id, struct err *err)
{
	feed->finished[feed->n_finished++] = id;
	return feed->n_finished == FEED_FINISHED ? feed_flush(feed, err) : 0;
}

int feed_flush(struct feed *feed, struct err *err)
{
	size_t n = feed->n_finished;
	/* Rows that could not be deleted are sent again by the next run: a repeat, not a loss. */
	feed->n_finished = 0;
	return spool_delete(feed->spool, feed->finished, n, err);
}
