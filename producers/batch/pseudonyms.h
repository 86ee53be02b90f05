/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudonyms: who the subjects of a round are. Every name, number, plate and handle that a tip's subjects carry gets
 * another that depends on the round and the old one alone, so all tips of an incident still speak of the same person,
 * and no two rounds speak of the same. Words keep their case, numbers and plates their form.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_PSEUDONYMS_H
#define TIPLINE_PRODUCERS_BATCH_PSEUDONYMS_H

#include "ops/runtime/buf.h"
#include "schema/tip.h"

#define PSEUDONYMS_MAX 512

struct change {
	char *from, *to;
};

struct pseudonyms {
	struct change changes[PSEUDONYMS_MAX]; /* longest `from` first */
	size_t n;
};

/* The changes that this tip's subjects ask for in this round. */
void pseudonyms_init(struct pseudonyms *pseudonyms, const struct tip *tip, uint64_t round);
void pseudonyms_release(struct pseudonyms *pseudonyms);
/* Appends `text` with every change made, where it stands as a word of its own. */
void pseudonyms_apply(const struct pseudonyms *pseudonyms, const char *text, struct buf *out);

#endif
