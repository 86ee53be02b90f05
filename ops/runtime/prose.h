/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prose: text for people, from the same strings once for a terminal and once for a manual page.
 *
 * A text is paragraphs separated by empty lines. A line that begins with a blank stands as it is (an example, a
 * table); other lines of a paragraph flow together.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROSE_H
#define TIPLINE_OPS_RUNTIME_PROSE_H

#include "ops/runtime/buf.h"

#define PROSE_WIDTH 80

/* Lines of at most PROSE_WIDTH columns, each `indent` columns in; ends with a new line. */
void prose_wrap(struct buf *out, int indent, const char *text);

/* One line's worth of text as roff, without a new line: nothing in it is a request or an escape. */
void prose_roff(struct buf *out, const char *text);
/* Paragraphs as roff (man macros); the first follows a heading and needs no .PP. */
void prose_roff_paragraphs(struct buf *out, const char *text);

#endif
