/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8: reads text one character at a time, strictly as RFC 3629 has it: no overlong forms, no surrogates, nothing
 * above U+10FFFF. What is malformed counts as U+FFFD, once for each maximal part of a sequence (Unicode 15, 3.9), so
 * a caller always moves on.
 */
#ifndef TIPLINE_OPS_RUNTIME_UTF8_H
#define TIPLINE_OPS_RUNTIME_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu
#define UTF8_MAX 4

/*
 * The character at `p`, of which `len` > 0 bytes may be read; returns how many bytes it took. `*valid` says whether
 * they were well formed; it may be NULL.
 */
size_t utf8_next(const uint8_t *p, size_t len, uint32_t *code, int *valid);
/* The length of `text` without a character that was cut off at its end. */
size_t utf8_whole(const char *text, size_t len);

#endif
