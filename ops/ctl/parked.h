/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parked: a record of tip.parked as tipctl sees it: its headers, and what was done about it. The sealed value stays
 * sealed.
 */
#ifndef TIPLINE_OPS_CTL_PARKED_H
#define TIPLINE_OPS_CTL_PARKED_H

#include <jansson.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/resolutions.h"
#include "ops/runtime/kafka.h"

/* Slices are borrowed from the record; empty where a header is absent. */
struct parked {
	int64_t offset;
	bool has_tip_id;
	struct tip_id tip_id;
	struct slice reason, stage, origin_topic;
	int64_t day;     /* since 1970-01-01, when the tip was first seen; -1 when it does not say */
	int64_t replays; /* how often it had been replayed before it was parked */
	enum parked_state state;
	const struct resolved *resolved; /* borrowed from the resolutions; NULL: nothing was done */
};

/* `all` may be NULL: then everything is open. */
void parked_read(struct parked *parked, const struct kafka_record *record, const struct resolutions *all);
/* A header that is a whole number, 0 or more; -1 when it is absent or anything else. */
int64_t parked_number(const struct kafka_record *record, const char *name);
/* Open, as lists and counts mean it: nothing ended it. */
bool parked_is_open(const struct parked *parked);

/*
 * A new object: tip_id, reason, stage, state, origin_*, day, attempts, replays, offset, bytes, means, todo, and what
 * was done about it; null where absent.
 */
json_t *parked_row(const struct kafka_record *record, const struct parked *parked);

/* How many are open for this reason. */
int parked_count(struct kafka_admin *kafka, const char *reason, size_t *n, struct err *err);

#endif
