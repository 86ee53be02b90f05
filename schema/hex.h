/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hex: bytes as lower-case hex digits. Both directions take the same time for all values of the bytes, so key files
 * may pass through them.
 */
#ifndef TIPLINE_SCHEMA_HEX_H
#define TIPLINE_SCHEMA_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len digits and a NUL: `text` has room for 2 * len + 1. */
void hex_encode(char *text, const uint8_t *data, size_t len);
/* 0 when `text` is exactly 2 * len lower-case hex digits; else -1, and `data` is wiped. */
int hex_decode(uint8_t *data, size_t len, const char *text, size_t text_len);

#endif
