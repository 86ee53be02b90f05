/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cast: who plays the subjects of a round. Every name, number, plate and handle that a tip's subjects carry gets
 * another that depends on the round and the old one alone, so all tips of an incident still speak of the same person,
 * and no two rounds speak of the same. Words keep their case, numbers and plates their form.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_CAST_H
#define TIPLINE_PRODUCERS_BATCH_CAST_H

#include "ops/runtime/buf.h"
#include "schema/tip.h"

#define CAST_MAX 512

struct change {
	char *from, *to;
};

struct cast {
	struct change changes[CAST_MAX]; /* longest `from` first */
	size_t n;
};

/* The changes that this tip's subjects ask for in this round. */
void cast_init(struct cast *cast, const struct tip *tip, uint64_t round);
void cast_release(struct cast *cast);
/* Appends `text` with every change made, where it stands as a word of its own. */
void cast_apply(const struct cast *cast, const char *text, struct buf *out);

#endif
