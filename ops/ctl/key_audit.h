/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_audit: what was done with keys, for ever: keys.log in the folder of keys, one JSON object a line, appended and
 * on disk before the command goes on. Never a secret.
 *
 *     {"day":"2026-11-28","by":"J. Smith","did":"activate","key":"bus 2","fingerprint":"…","detail":"…",
 *      "login":"jsmith","before":"…"}
 *
 * `by` is what --by said, `login` the user that tipctl ran as. `before` is the hash of the line before (the first 32
 * hex digits of its BLAKE2b-256), so that a line that was changed or taken out shows. The inventory notes how many
 * lines there are and the hash of the last, so that an end that was cut off shows too, or a log that is gone: `keys
 * check` says so, and the next line stands behind one that says it for ever ("log-cut"). Who can write to both can
 * still deceive: where somebody could want to, keep a copy of the log elsewhere.
 */
#ifndef TIPLINE_OPS_CTL_KEY_AUDIT_H
#define TIPLINE_OPS_CTL_KEY_AUDIT_H

#include "ops/ctl/key_site.h"

/* Says it in the name of who is at work. `detail` may be NULL. The inventory is to be saved after it. */
int key_audit(struct key_site *site, const char *did, const struct keyring_key *key, const char *detail,
	      struct err *err);
/* 0 when each line stands behind the one it says, and all that the inventory counts are there; how many in `n`. */
int key_audit_check(const struct key_site *site, size_t *n, struct err *err);

#endif
