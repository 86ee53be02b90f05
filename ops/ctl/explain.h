/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: what `tipctl explain` knows of one tip, gathered from wherever it lies and from what the caller can open.
 *
 * Two kinds of callers. Without a key: what record headers, the frame's own head and the store's clear columns say, and
 * of those not the teams, nor whether there is a conflict of interest, whoever it is about: leaving that out for some
 * tips alone would tell as much as saying it. With the bus key or an identity: all that the opened record or case says.
 * Never a time finer than a day.
 */
#ifndef TIPLINE_OPS_CTL_EXPLAIN_H
#define TIPLINE_OPS_CTL_EXPLAIN_H

#include "ops/ctl/ctl.h"
#include "schema/keys.h"

#define EXPLAIN_FIRST "first" /* member of a stage's row, until the end: where and when of the first record */

enum explain_sight { SIGHT_NOTHING = 0, SIGHT_SCORES = 1, SIGHT_TEXT = 2, SIGHT_TEAMS = 4 };

struct explain {
	struct ctl *ctl;
	struct tip_id tip_id;
	char hex[TIP_ID_HEX];
	int64_t since;               /* day before which it was not there; -1: not known */
	char case_hex[TIP_ID_HEX];   /* "": not known before the topics are read */
	struct bus_ring *ring;       /* NULL: no bus key was given */
	struct identity_set holder;  /* empty: no identity was given */
	struct arena *arena;
	json_t *facts;               /* what is one value; owned */
	json_t *stages, *labels, *evidence, *links, *parked, *looked, *hidden; /* lists of objects; owned */
	int sight;                   /* bits: what was opened */
	bool parked_open, discarded;
	bool two_tips;               /* another tip came under this id, and was parked for it */
	bool found, stored, in_doubt; /* in_doubt: a place could not be looked at */
	const char *waits_for;       /* the stage that has the tip before it; NULL: none */
};

void explain_init(struct explain *explain, struct ctl *ctl);
void explain_release(struct explain *explain);

/* The row of a stage, made where it is not there yet; borrowed. */
json_t *explain_stage(struct explain *explain, const char *stage);
/* Takes `value`. What is there already stays: the first source asked is the best. */
void explain_fact(json_t *object, const char *name, json_t *value);
void explain_step(struct explain *explain, const struct record_step *step);
/* One place that was looked at. `remark` is copied; NULL: none. */
void explain_looked(struct explain *explain, const char *where, json_int_t records, json_int_t found,
		    const char *remark);
void explain_hidden(struct explain *explain, const char *what, const char *needs);

void explain_link(struct explain *explain, const struct link *link);
/* From an opened record, and from an opened case (casefile.h). */
void explain_record(struct explain *explain, const struct record *record);
void explain_case(struct explain *explain, const json_t *casefile);

/* What the store knows that spares reading: since when the tip is there, and its case. */
void explain_peek(struct explain *explain);
/* Where it lies. Errors are noted in `looked`, so that one dead place does not hide the others. */
void explain_topics(struct explain *explain);
void explain_store(struct explain *explain);
void explain_team_topic(struct explain *explain, const char *team);

/* A whole id, or a beginning of at least 6 digits that fits one tip alone. */
int explain_find_id(struct ctl *ctl, const char *text, int64_t since, struct tip_id *tip_id, struct err *err);

#endif
