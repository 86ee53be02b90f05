/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: hashes of bytes, keyed and not, for the rooms that may not call libsodium themselves.
 *
 *     digest_hash    BLAKE2b-256 (RFC 7693)                           names a version of a lexicon or a policy
 *     digest_sri     SHA-512 as "sha512-" and base64 (W3C SRI)        names a script to the browser that loads it
 *     digest_keyed   BLAKE2b with 128 bits out, keyed with 32 bytes   names a tip's body without giving it away
 *     digest_mac64   SipHash-2-4 (Aumasson, Bernstein 2012)           linking tokens; cheap enough for each word
 *
 * All are pure functions of their arguments and never fail or block; a slice of length 0 may have a NULL
 * pointer. digest_mac64 returns SipHash's own 64-bit number, which means the same on every machine.
 */
#ifndef TIPLINE_SCHEMA_DIGEST_H
#define TIPLINE_SCHEMA_DIGEST_H

#include <stdint.h>

#include "ops/runtime/buf.h"

#define DIGEST_KEY_BYTES 32
#define DIGEST_KEYED_BYTES 16
#define DIGEST_HASH_BYTES 32
#define DIGEST_SRI 96 /* "sha512-", 88 characters, a NUL */

void digest_keyed(uint8_t out[DIGEST_KEYED_BYTES], const uint8_t key[DIGEST_KEY_BYTES], struct slice data);
void digest_sri(char text[DIGEST_SRI], struct slice data);
void digest_hash(uint8_t out[DIGEST_HASH_BYTES], struct slice data);
/* Keyed by the first 16 bytes of `key`. */
uint64_t digest_mac64(const uint8_t key[DIGEST_KEY_BYTES], struct slice data);

#endif
