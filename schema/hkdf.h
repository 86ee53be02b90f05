/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hkdf: HKDF-SHA-256 (RFC 5869) with exactly 32 bytes out, which is one extract and one expand step. libsodium 1.0.18
 * has HMAC-SHA-256 but not HKDF. Intermediate values are wiped. A slice of length 0 may not have a NULL pointer.
 */
#ifndef TIPLINE_SCHEMA_HKDF_H
#define TIPLINE_SCHEMA_HKDF_H

#include <stdint.h>

#include "ops/runtime/buf.h"

#define HKDF_BYTES 32

void hkdf_sha256(uint8_t out[HKDF_BYTES], struct slice key_material, struct slice salt, struct slice info);
void hmac_sha256(uint8_t out[HKDF_BYTES], struct slice key, struct slice message);

#endif
