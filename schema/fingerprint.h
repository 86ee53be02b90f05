/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: names a key without giving it away: 16 hex digits of BLAKE2b over "tipline/fingerprint/v1/" || kind || 0
 * || key.
 * Of a secret key of 32 random bytes it tells nothing but whether two are the same; of a key pair the public half is
 * taken. Inventory, audit log and a daemon's /status speak of keys by it.
 */
#ifndef TIPLINE_SCHEMA_FINGERPRINT_H
#define TIPLINE_SCHEMA_FINGERPRINT_H

#include "ops/runtime/buf.h"

#define FINGERPRINT_TEXT 17 /* with its NUL */

#define FINGERPRINT_NAME 48

/* `kind`: 16 characters at most. */
void fingerprint_of(char text[FINGERPRINT_TEXT], const char *kind, struct slice key);
/* "KIND:FINGERPRINT" */
void fingerprint_name(char name[FINGERPRINT_NAME], const char *kind, struct slice key);

#endif
