/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_adapter: an adapter's pair of keys, and the list of adapters on its way to gateway and classify: what adding an
 * adapter, rotating and revoking one share.
 */
#ifndef TIPLINE_OPS_CTL_KEY_ADAPTER_H
#define TIPLINE_OPS_CTL_KEY_ADAPTER_H

#include "ops/ctl/key_move.h"
#include "schema/keys.h"

#define KEY_ADAPTER_LIST "adapters.yaml" /* in the folder of keys */
#define KEY_ADAPTER_STEM (KEY_NAME_MAX + 32)
#define KEY_ADAPTER_FILE (KEY_ADAPTER_STEM + 8)

/*
 * The secret halves are in STEM.sign and STEM.curve, mode 0600, in the end: of an entry that an interrupted run left,
 * of its files alone, or new. A key that the inventory does not know yet has its public half, fingerprint and files
 * then, and is to be entered.
 */
int key_adapter_have(struct key_site *site, struct keyring_key *key, const char *stem, struct err *err);
/* Whether an unfinished key is the first of an adapter that is being added, and no rotation's. */
bool key_adapter_is_added(const struct keyring_key *key);
/* Puts the public halves of the inventory's entry into the list's. */
int key_adapter_public(const struct keyring_key *key, struct adapter *adapter, struct err *err);

int key_adapter_list_load(const struct key_site *site, struct adapter_list *list, struct err *err);
/* NULL: it is not there. */
struct adapter *key_adapter_find(const struct adapter_list *list, const char *name);
/*
 * Writes the list in the folder of keys, at the gateway and at classify, and waits until both have taken up the key of
 * this fingerprint; `gone`: until it has left.
 */
int key_adapter_list_give(struct key_site *site, const struct adapter_list *list, const char *print, bool gone,
			  struct err *err);

#endif
