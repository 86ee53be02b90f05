/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retelling: one example tip as told in one round: under other names, reworded, at another minute; and with a member of
 * staff named where a conflict of interest is rehearsed.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_RETELLING_H
#define TIPLINE_PRODUCERS_BATCH_RETELLING_H

#include "producers/batch/example.h"
#include "producers/batch/prng.h"
#include "schema/token.h"

struct retelling {
	const struct example *example;
	uint64_t round;            /* of the seed: decides the names */
	const struct staff *named; /* NULL: nobody of the team */
	const char *tip_id;        /* 32 hex digits */
};

/* Appends a JSON document as an adapter puts it. */
void retelling_write(const struct retelling *retelling, struct prng *prng, struct buf *json);

#endif
