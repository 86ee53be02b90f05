/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_site: what the commands of `tipctl keys` work on: the folder of keys with its inventory, who is at work, and the
 * configurations beside tipctl's own, which tell where each daemon's copies lie.
 */
#ifndef TIPLINE_OPS_CTL_KEY_SITE_H
#define TIPLINE_OPS_CTL_KEY_SITE_H

#include "ops/ctl/config_set.h"
#include "ops/ctl/ctl.h"
#include "schema/keyring/keyring.h"

#define KEY_AUDIT_FILE "keys.log" /* in the folder of keys: key_audit.h */

struct key_site {
	struct ctl *ctl;
	struct keyring ring;
	struct config_set *set; /* owned; empty without --config */
	char login[64];         /* of the user that tipctl runs as */
	char by[128];           /* --by, else the same */
};

/* `change`: as the only one who changes the inventory. Close it in any case. */
int key_site_open(struct key_site *site, struct ctl *ctl, bool change, struct err *err)
	__attribute__((warn_unused_result));
void key_site_close(struct key_site *site);

/* The folder or file that a program's configuration names, its path without `..`; "" when there is none. */
const char *key_site_place(const struct key_site *site, const char *program, const char *member, struct buf *path);

/*
 * Whether a file that the inventory names holds this key: it can be read by its owner alone, is whole, and has the
 * fingerprint. A derived bus key is only read.
 */
int key_site_verify(const struct key_site *site, const struct keyring_key *key, const char *file, struct err *err);
/* The reason in `err` when the file is a key, but not this one. */
extern const char key_site_other[];

/* Whether the file's name is that of what is derived of a bus key for the sink. */
bool key_site_is_derived(const struct keyring_key *key, const char *file);
/* Whether a file of identities is called so. */
bool key_site_is_identity(const char *file);

#endif
