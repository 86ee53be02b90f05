/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bech32: the encoding of age keys (BIP 173 without its length limit). Lower or upper case, never mixed.
 */
#ifndef TIPLINE_SCHEMA_BECH32_H
#define TIPLINE_SCHEMA_BECH32_H

#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/buf.h"

/* Appends "hrp1…" in lower case. */
void bech32_encode(struct buf *out, const char *hrp, const uint8_t *data, size_t len);
/* 0 when `text` is valid, has this prefix (given in lower case) and holds exactly `len` bytes; else -1. */
int bech32_decode(const char *text, size_t text_len, const char *hrp, uint8_t *data, size_t len);

#endif
