/* SPDX-License-Identifier: Apache-2.0 */
/*
 * told: what adapters' programs keep of receipts: counts, and a file of JSON lines, each flushed as it is written.
 * Any thread.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_TOLD_H
#define TIPLINE_PRODUCERS_BATCH_TOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "ops/runtime/err.h"
#include "producers/sdk/tipline.h"

struct told {
	pthread_mutex_t lock;
	FILE *file; /* NULL: no file */
	size_t counts[3]; /* by enum tipline_result */
	bool failed;      /* writing failed once: said by told_close */
};

/* `path` NULL: no file. Appends to a file that is there. */
int told_open(struct told *told, const char *path, struct err *err);
/* `kind` NULL: the line has no such member. */
void told_add(struct told *told, const struct tipline_receipt *receipt, const char *kind);
size_t told_count(struct told *told, enum tipline_result result);
int told_close(struct told *told, struct err *err);

#endif
