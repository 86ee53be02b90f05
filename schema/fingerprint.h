/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: names a key without giving it away, by 16 hex digits. Inventory, audit log, `tipctl recipients` and a
 * daemon's /status speak of keys so.
 *
 * Of a key pair: the first bytes of the public half's BLAKE2b-256. Of a secret key of 32 random bytes: BLAKE2b
 * over "tipline/fingerprint/v1/" || kind || 0 || key, which tells whether two are the same and nothing else.
 */
#ifndef TIPLINE_SCHEMA_FINGERPRINT_H
#define TIPLINE_SCHEMA_FINGERPRINT_H

#include "ops/runtime/buf.h"

#define FINGERPRINT_TEXT 17 /* with its NUL */
#define FINGERPRINT_NAME 48

void fingerprint_secret(char text[FINGERPRINT_TEXT], const char *kind, struct slice key);
void fingerprint_public(char text[FINGERPRINT_TEXT], struct slice key);
/* "KIND:FINGERPRINT" of a public key. `kind`: 16 characters at most. */
void fingerprint_name(char name[FINGERPRINT_NAME], const char *kind, struct slice public_key);

#endif
