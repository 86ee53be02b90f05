/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: sealed frames on the adapter's disk, from when an adapter says "kept" until the gateway has acknowledged.
 *
 * One SQLite file (mode 0600, write-ahead log, synchronous=FULL) that one process holds exclusively. A row is one
 * frame under a number that only grows; a tip id may stand in several rows, since an adapter may put the same tip
 * again and the gateway must then see it again. Each row carries a digest of its frame: a row that does not hold is
 * moved to the quarantine when it is read, with the log event spool.damaged, and the rest goes on.
 *
 * Threads: every function may be called from any thread. Inserts of several threads at once share one synced
 * transaction (the first becomes the leader and commits for all), so throughput grows with callers while each still
 * returns only when its own row is on disk. Deletions are written at once but not synced: a lost one costs a repeat,
 * which the gateway or dedupe recognises.
 * After a failed write nothing of that transaction is kept and the error is returned to each of its callers; after a
 * failed sync the handle refuses everything (the pages may be gone from the cache though the call would now succeed).
 */
#ifndef TIPLINE_PRODUCERS_SDK_SPOOL_H
#define TIPLINE_PRODUCERS_SDK_SPOOL_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip_id.h"

#define SPOOL_FULL "spool-full" /* err.reason, with ERR_TEMPORARY */

struct spool;

struct spool_row {
	int64_t id;
	struct tip_id tip_id;
	struct buf frame; /* owned by the reader: spool_row_release */
};

int spool_open(struct spool **out, const char *path, size_t max_tips, struct err *err)
	__attribute__((warn_unused_result));
void spool_close(struct spool *spool); /* NULL is allowed */

/*
 * On disk when it returns 0. `opaque` is remembered in memory for spool_take_opaque. Refused with SPOOL_FULL beyond
 * max_tips. Blocks for a disk sync.
 */
int spool_insert(struct spool *spool, const struct tip_id *tip_id, struct slice frame, void *opaque, struct err *err);
/* Up to `max` rows with id > `after`, in order. Returns their number or -1. Damaged rows are moved away instead. */
int spool_read(struct spool *spool, int64_t after, struct spool_row *rows, size_t max, struct err *err);
void spool_row_release(struct spool_row *row);
int spool_delete(struct spool *spool, const int64_t *ids, size_t n, struct err *err);
/* Moves a row aside, with the code of TIP/1 that refused it. Synced. */
int spool_quarantine(struct spool *spool, int64_t id, int code, const char *reason, struct err *err);
/* Brings what a gateway refused back from the quarantine, but not what is damaged; `n`: how many. Synced. */
int spool_requeue(struct spool *spool, size_t *n, struct err *err);
/* What spool_insert was given in this process, once; NULL otherwise. */
void *spool_take_opaque(struct spool *spool, int64_t id);

size_t spool_waiting(struct spool *spool);
size_t spool_room(struct spool *spool); /* how many more it takes */
size_t spool_quarantined(struct spool *spool);
size_t spool_damaged(struct spool *spool); /* moved aside since it was opened */

#endif
