/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"

#define FIRST_SLOTS 1024

/* Tip ids are random, but they come from outside: an attacker who shapes them only slows this count down. */
static size_t slot_of(const struct ledger *ledger, const struct tip_id *tip_id)
{
	size_t i = be64_read(tip_id->bytes) & (ledger->n_slots - 1);

	while (ledger->slots[i].places && !tip_id_equal(&ledger->slots[i].tip_id, tip_id))
		i = (i + 1) & (ledger->n_slots - 1);
	return i;
}

static void grow(struct ledger *ledger)
{
	struct ledger old = *ledger;

	ledger->n_slots = old.n_slots ? old.n_slots * 2 : FIRST_SLOTS;
	ledger->slots = mem_alloc(ledger->n_slots * sizeof *ledger->slots);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].places)
			ledger->slots[slot_of(ledger, &old.slots[i].tip_id)] = old.slots[i];
	free(old.slots);
}

void ledger_note(struct ledger *ledger, const struct tip_id *tip_id, enum ledger_place place)
{
	size_t i;

	if ((ledger->n + 1) * 2 > ledger->n_slots)
		grow(ledger);
	i = slot_of(ledger, tip_id);
	if (!ledger->slots[i].places) {
		ledger->slots[i].tip_id = *tip_id;
		ledger->n++;
	}
	ledger->slots[i].places |= (uint32_t)place;
}

const struct ledger_entry *ledger_find(const struct ledger *ledger, const struct tip_id *tip_id)
{
	size_t i;

	if (!ledger->n_slots)
		return NULL;
	i = slot_of(ledger, tip_id);
	return ledger->slots[i].places ? &ledger->slots[i] : NULL;
}

void ledger_release(struct ledger *ledger)
{
	free(ledger->slots);
	memset(ledger, 0, sizeof *ledger);
}
