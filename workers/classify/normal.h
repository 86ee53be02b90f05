/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normal: text as the lexicon matches it: words in lower case, one space around each, and where each byte came from.
 *
 * Apostrophes inside words are dropped, ends of sentences and lines become a word of their own, ".", and every other
 * character that is no letter or digit parts words. Bytes above ASCII count as letters, except those of punctuation
 * and spaces; a pound sign stays. So "Don't – he\nkept £5!" is " dont he . kept £5 . ". Patterns go through the same
 * function, which is what makes them plain strings to look for.
 */
#ifndef TIPLINE_WORKERS_CLASSIFY_NORMAL_H
#define TIPLINE_WORKERS_CLASSIFY_NORMAL_H

#include "ops/runtime/buf.h"

#define NORMAL_END '.'

struct normal {
	uint8_t *text;
	uint32_t *origin; /* by byte of text: the byte of the source it came from; its end for the one after the last */
	size_t len, cap;
};

/* Replaces what `normal` held. Memory is kept for the next time, and wiped before it is used again. */
void normal_set(struct normal *normal, const char *text, size_t len);
void normal_wipe(struct normal *normal);
void normal_release(struct normal *normal);

#endif
