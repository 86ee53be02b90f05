/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts: what became of each tip, as adapters' programs keep it: counts, and a file of JSON lines, each flushed as
 * it is written. Any thread.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_RECEIPTS_H
#define TIPLINE_PRODUCERS_BATCH_RECEIPTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "ops/runtime/err.h"
#include "producers/sdk/tipline.h"

struct receipts {
	pthread_mutex_t lock;
	FILE *file; /* NULL: no file */
	FILE *kept; /* NULL: nobody asked */
	size_t counts[3]; /* by enum tipline_result */
	bool failed;      /* writing failed once: said by receipts_close */
};

/* `path` NULL: no file. Appends to a file that is there. */
int receipts_open(struct receipts *receipts, const char *path, struct err *err);
/* `kind` NULL: the line has no such member. */
void receipts_add(struct receipts *receipts, const struct tipline_receipt *receipt, const char *kind);
/* From now on receipts_kept writes to this file, at its end. */
int receipts_open_kept(struct receipts *receipts, const char *path, struct err *err);
/* The spool has this tip: from here on it may not be lost. */
void receipts_kept(struct receipts *receipts, const uint8_t tip_id[TIPLINE_ID_BYTES], const char *kind);
size_t receipts_count(struct receipts *receipts, enum tipline_result result);
int receipts_close(struct receipts *receipts, struct err *err);

#endif
