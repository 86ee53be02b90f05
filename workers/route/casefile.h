/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casefile: what a team reads: one JSON document with the tip as it was told, what was decided, and why.
 *
 *     {"version":1,"tip_id":…,"case_id":…,"day":…,"channel":…,"outcome":…,"priority":…,"teams":[…],"conflict":…,
 *      "conflict_with":[…],"rule":…,"reason":…,"policy":…,"lexicon":…,
 *      "scores":{"labels":[{"label":"corruption/bribery","score":0.812},…],"risk":…,"out_of_scope":…,"refer_to":…},
 *      "evidence":[{"rule":…,"start":…,"end":…},…],
 *      "steps":[{"stage":…,"version":…,"day":…,"configuration":…},…],"tip":{…}}
 *
 * The ids and the number of linked tips are left out on purpose, and "conflict_with" stands only in what goes to
 * oversight: a linked tip may be one that names a member of this very team, and he must not be able to tell that it
 * exists. Who may see a case whole sees its tips by their common case id.
 */
#ifndef TIPLINE_WORKERS_ROUTE_CASEFILE_H
#define TIPLINE_WORKERS_ROUTE_CASEFILE_H

#include "schema/record.h"

#define CASEFILE_VERSION 1

struct casefile {
	const struct record *record; /* with its body and its routing */
	const char *reason;
	const struct record_step *step;     /* route's own, to stand behind those of the record; NULL in --try */
	const char *const *conflict_with; /* the teams that were passed over */
	size_t n_conflict_with;
};

/* Appends the document, without a newline. */
void casefile_write(struct buf *out, const struct casefile *casefile);

#endif
