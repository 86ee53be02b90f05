/* SPDX-License-Identifier: Apache-2.0 */
/*
 * z85: the text form of CURVE keys (ZeroMQ RFC 32): 5 characters for 4 bytes.
 */
#ifndef TIPLINE_SCHEMA_Z85_H
#define TIPLINE_SCHEMA_Z85_H

#include <stddef.h>
#include <stdint.h>

#define Z85_KEY_TEXT 40 /* of 32 bytes, without the NUL */

/* `len` is a multiple of 4; `text` has room for len / 4 * 5 characters and a NUL. */
void z85_encode(char *text, const uint8_t *data, size_t len);
/* 0 when `text` is the encoding of exactly `len` bytes, else -1 and `data` is wiped. */
int z85_decode(uint8_t *data, size_t len, const char *text, size_t text_len);

#endif
