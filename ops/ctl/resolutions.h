/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolutions: the state of every parked record that an operator ever touched, from the records of parked.resolved in
 * their order. What it does not know is open.
 *
 * A resolution counts for a parked record only when both name the same tip (or none), so that a tip.parked that was
 * made anew, whose offsets begin at 0 again, does not inherit what was done about the old one.
 */
#ifndef TIPLINE_OPS_CTL_RESOLUTIONS_H
#define TIPLINE_OPS_CTL_RESOLUTIONS_H

#include "ops/ctl/resolution.h"
#include "ops/runtime/kafka_admin.h"

struct resolved {
	int64_t parked;
	bool used, has_tip_id;
	struct tip_id tip_id;
	enum parked_state state;
	uint32_t day;              /* of the last change */
	int64_t at;                /* offset on parked.resolved of what brought it into `state` */
	char *by, *because;        /* owned; NULL: not said */
	char *topic;               /* owned; of the first intent; NULL: there was none */
	int64_t *from;             /* owned; of the first intent: the earliest place where a replayed record can be */
	size_t n_from;
	bool found;                /* a caller's mark: it stands on its topic */
};

struct resolutions {
	struct resolved *slots;
	size_t n, n_slots; /* n_slots is a power of two */
	uint64_t foreign;  /* records on parked.resolved that are no resolutions: counted, otherwise ignored */
	bool missing;      /* there is no such topic */
};

void resolutions_apply(struct resolutions *all, const struct resolution *resolution, int64_t at);
/* NULL when nothing was ever done about it. `tip_id` NULL: the parked record names none. */
struct resolved *resolutions_find(const struct resolutions *all, int64_t parked, const struct tip_id *tip_id);
/* The same, whatever tip it is. */
struct resolved *resolutions_at(const struct resolutions *all, int64_t parked);
void resolutions_release(struct resolutions *all);

/* Reads parked.resolved into a zeroed `all`. A topic that is not there reads as empty. Release in any case. */
int resolutions_load(struct resolutions *all, struct kafka_admin *kafka, struct err *err);

#endif
