/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relinker: keeps dedupe's tokens under the epoch of the linkage key that is in force (schema/linkage.h says how tokens
 * are carried over). When the file keys.relink names a new epoch, the index is carried over; a tip of an older or newer
 * epoch is carried to the index's as it comes. Without the file all tips are taken as they are. What is on link.index
 * stays as it was written.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_RELINKER_H
#define TIPLINE_WORKERS_DEDUPE_RELINKER_H

#include "ops/runtime/conf.h"
#include "workers/dedupe/index.h"

struct relinker {
	const char *path; /* borrowed from the configuration; "": none */
	struct relink *relink; /* in locked memory; n is 0 without the file */
	uint64_t check; /* what the index is under; 0: not told yet */
	bool said; /* that a tip's key is not known, once */
};

/* Reads the file, where there is one, and carries the index over if it must be. */
int relinker_open(struct relinker *relinker, const struct conf *conf, struct index *index, struct err *err);
void relinker_release(struct relinker *relinker);
/* The same again. 1: the index was carried over; 0: it was not. */
int relinker_reload(struct relinker *relinker, struct index *index, struct err *err);
/* A tip's tokens under the index's epoch, copied to the arena where they change. */
int relinker_carry(struct relinker *relinker, struct index *index, struct token_list *tokens, struct arena *arena,
		   struct err *err);

void relinker_paths(const struct relinker *relinker, void (*each)(void *arg, const char *path), void *arg);
/* "relink:CHECK" of the epoch that the index is under. */
void relinker_names(const struct relinker *relinker, void (*each)(void *arg, const char *name), void *arg);

#endif
