/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act: one example tip as told in one round: recast, reworded, at another minute; and with a member of staff named
 * where a conflict of interest is rehearsed.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_ACT_H
#define TIPLINE_PRODUCERS_BATCH_ACT_H

#include "producers/batch/dice.h"
#include "producers/batch/tale.h"
#include "schema/token.h"

struct act {
	const struct tale *tale;
	uint64_t round;            /* of the seed: decides who plays */
	const struct staff *named; /* NULL: nobody of the team */
	const char *tip_id;        /* 32 hex digits */
};

/* Appends a JSON document as an adapter puts it. */
void act_write(const struct act *act, struct dice *dice, struct buf *json);

#endif
