/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolution: one record of parked.resolved: what an operator did, or is about to do, about one parked record. Only
 * ever added to; kept for ever; compact JSON, in the clear, with no word of a tip.
 *
 *     {"v":1,"what":"intent","parked":7,"tip_id":"…","day":20781,"by":"…","because":"…",
 *      "topic":"tip.sealed","from":[12,0]}
 *
 * `parked` is the record's offset on tip.parked, which has one partition. The ways of a parked record:
 *
 *     open ──intent──▶ replaying ──replayed──▶ replayed     an intent may come again, when the first was interrupted
 *       └──────discarded─────┴─────▶ discarded              nothing follows the two ends
 *
 * An intent says where to look for the replayed record (`from`: an offset of each partition of `topic`), should the
 * replay be interrupted before it could say "replayed". Replayed says that the record stands on its topic.
 */
#ifndef TIPLINE_OPS_CTL_RESOLUTION_H
#define TIPLINE_OPS_CTL_RESOLUTION_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip_id.h"

#define RESOLUTION_TEXT_MAX 240 /* bytes of `by` and `because` */
#define RESOLUTION_TOPIC_MAX 64
#define RESOLUTION_PARTITIONS_MAX 256

enum resolution_kind { RESOLUTION_INTENT, RESOLUTION_REPLAYED, RESOLUTION_DISCARDED, N_RESOLUTIONS };
enum parked_state { PARKED_OPEN, PARKED_REPLAYING, PARKED_REPLAYED, PARKED_DISCARDED, N_PARKED_STATES };

extern const char *const parked_state_names[N_PARKED_STATES];

struct resolution {
	enum resolution_kind kind;
	int64_t parked;
	bool has_tip_id;
	struct tip_id tip_id;
	uint32_t day; /* of the deed */
	char by[RESOLUTION_TEXT_MAX + 1], because[RESOLUTION_TEXT_MAX + 1]; /* "": not said */
	char topic[RESOLUTION_TOPIC_MAX + 1];                              /* "": a discard */
	int64_t from[RESOLUTION_PARTITIONS_MAX];                           /* of an intent */
	size_t n_from;
};

enum parked_state parked_state_after(enum parked_state state, enum resolution_kind kind);

/* Appends the JSON to `out`. */
void resolution_write(struct buf *out, const struct resolution *resolution);
/* -1: ERR_DATA with reason "resolution-later" when a later release wrote it, without a reason when it is none. */
int resolution_read(struct resolution *resolution, struct slice text, struct err *err);

#endif
