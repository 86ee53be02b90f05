/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: where each tip was seen, for the count that compares tip by tip. One entry a tip id, a bit a place.
 * About 24 bytes an entry; entries are never taken out.
 */
#ifndef TIPLINE_OPS_CTL_LEDGER_H
#define TIPLINE_OPS_CTL_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "schema/tip_id.h"

enum ledger_place {
	LEDGER_SEALED = 1,    /* on tip.sealed: the gateway accepted it */
	LEDGER_TOLD = 2,      /* an adapter was told that it is accepted */
	LEDGER_REFUSED = 4,   /* an adapter was told that it is not */
	LEDGER_IN_FLIGHT = 8, /* on some topic, before where its stage has committed to */
	LEDGER_PARKED = 16,   /* and open */
	LEDGER_STORED = 32,
	LEDGER_DISCARDED = 64 /* parked, and an operator gave it up */
};

struct ledger_entry {
	struct tip_id tip_id;
	uint32_t places; /* 0: the slot is free */
};

struct ledger {
	struct ledger_entry *slots;
	size_t n, n_slots; /* n_slots is a power of two */
};

void ledger_note(struct ledger *ledger, const struct tip_id *tip_id, enum ledger_place place);
/* NULL when the tip was never noted. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const struct tip_id *tip_id);
void ledger_release(struct ledger *ledger);

#endif
