/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce: the payload of WELCOME, with the site's signed list of recipients in it.
 *
 * The gateway hands the list out and uses nothing of it: each adapter decides by the root key it has. A list that no
 * adapter could take whatever its root (not a list, not signed, or not by keys.root, where that is given) is an error,
 * and so is, of the same root, one that does not follow the one handed out before. One that is expired, or not valid
 * yet, is handed out and said so, at each reload and each day.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_ANNOUNCE_H
#define TIPLINE_PRODUCERS_GATEWAY_ANNOUNCE_H

#include "ops/runtime/conf.h"
#include "producers/gateway/counts.h"
#include "schema/recipients.h"

extern const struct conf_key announce_keys[];

struct announce {
	struct recipients list;
	uint32_t said; /* the day on which its validity was last looked at */
	struct buf welcome; /* JSON */
};

/* Reads the list named by `conf`; `announce` is all zero at the first. On failure what was there stays. */
int announce_load(struct announce *announce, const struct conf *conf, struct err *err);
void announce_release(struct announce *announce);
/* Once a day: sets the gauges, warns of a list that is expired, will be soon, or is not valid yet. counts: or NULL. */
void announce_look(struct announce *announce, struct counts *counts);

#endif
