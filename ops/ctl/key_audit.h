/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_audit: what was done with keys, for ever: keys.log in the folder of keys, one JSON object a line, appended and
 * on disk before the command goes on. Never a secret.
 *
 *     {"day":"2026-11-28","by":"j.smith","did":"activate","key":"bus 2","fingerprint":"…","detail":"…","before":"…"}
 *
 * `before` is the hash of the line before (the first 32 hex digits of its BLAKE2b-256), so that a line that was changed
 * or taken out shows, but for the last: keep a copy of that elsewhere, if somebody could want to cut the end off.
 */
#ifndef TIPLINE_OPS_CTL_KEY_AUDIT_H
#define TIPLINE_OPS_CTL_KEY_AUDIT_H

#include "ops/ctl/key_site.h"

#define KEY_AUDIT_FILE "keys.log"

/* Says it in the name of who is at work. `detail` may be NULL. */
int key_audit(const struct key_site *site, const char *did, const struct keyring_key *key, const char *detail,
	      struct err *err);
/* 0 when each line stands behind the one it says; the number of lines in `n`. */
int key_audit_check(const struct key_site *site, size_t *n, struct err *err);

#endif
