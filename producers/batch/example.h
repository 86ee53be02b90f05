/* SPDX-License-Identifier: Apache-2.0 */
/*
 * example: the example tips a rehearsal tells, read from a file of JSON lines ({"id", "tip", "gold"}), with what of
 * their gold a rehearsal needs. All live until examples_release.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_EXAMPLE_H
#define TIPLINE_PRODUCERS_BATCH_EXAMPLE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip.h"

struct example {
	struct tip tip;
	char team[32];    /* where a careful reader would send it: the first label in scope, or "" */
	bool investigate; /* its outcome */
};

struct examples {
	struct example *items;
	size_t n;
};

int examples_load(struct examples *examples, const char *path, struct err *err);
void examples_release(struct examples *examples);

#endif
