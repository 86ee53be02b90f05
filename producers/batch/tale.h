/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tale: the example tips a rehearsal tells, read from a file of JSON lines ({"id", "tip", "gold"}), with what of their
 * gold a rehearsal needs. All live until tales_release.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_TALE_H
#define TIPLINE_PRODUCERS_BATCH_TALE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip.h"

struct tale {
	struct tip tip;
	char team[32];    /* where a careful reader would send it: the first label in scope, or "" */
	bool investigate; /* its outcome */
};

struct tales {
	struct tale *items;
	size_t n;
};

int tales_load(struct tales *tales, const char *path, struct err *err);
void tales_release(struct tales *tales);

#endif
