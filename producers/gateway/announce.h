/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce: the payload of WELCOME, with the site's signed list of recipients in it.
 *
 * The gateway hands the list out and uses nothing of it: each adapter decides by the root key it has. A list that no
 * adapter could take whatever its root (not a list, not signed, or not by keys.root, where that is given) is an
 * error, and so is, of the same root, one that does not follow the one handed out before. One that is expired, or not
 * valid yet, does not take the place of one that is valid: that one stays, which is said, and the other is to be read
 * again on its first day. At the start there is no other, and it is handed out and said so, at each reload and each
 * day; before its first day it counts as never handed out.
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
	uint32_t waits; /* the first day of the list that was read and not taken up for being early; 0: none */
	bool kept; /* though another was read, which is not valid today */
	struct buf welcome; /* JSON */
};

/*
 * Reads the list named by `conf`; `announce` is all zero at the first. On failure what was there stays, and so it does
 * where what was read is not valid today: 0 then too, and announce_is_current tells.
 */
int announce_load(struct announce *announce, const struct conf *conf, struct err *err);
bool announce_is_current(const struct announce *announce); /* it is what was read last */
bool announce_due(const struct announce *announce); /* the list that waits is valid from today on: load it */
void announce_release(struct announce *announce);
/* Once a day: sets the gauges, warns of a list that is expired, will be soon, or is not valid yet. counts: or NULL. */
void announce_look(struct announce *announce, struct counts *counts);

#endif
