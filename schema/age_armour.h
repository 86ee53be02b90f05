/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age_armour: the text form of an age file, read a piece at a time. age_stream.h says what is taken and what is not;
 * what is refused is refused with AGE_ARMOUR. The state is the caller's memory and holds one line.
 */
#ifndef TIPLINE_SCHEMA_AGE_ARMOUR_H
#define TIPLINE_SCHEMA_AGE_ARMOUR_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define AGE_ARMOUR_SPACE_MAX 1024

struct age_armour {
	enum { ARMOUR_BEFORE, ARMOUR_LINES, ARMOUR_LAST_LINE, ARMOUR_BEHIND } at;
	size_t len, space; /* of the line so far; white space skipped */
	uint8_t line[AGE_ARMOUR_SPACE_MAX];
};

void age_armour_init(struct age_armour *armour);
/* Appends what the lines that end in `text` hold. -1: `out` has what stood before the line that is refused. */
int age_armour_update(struct age_armour *armour, struct buf *out, struct slice text, struct err *err);
int age_armour_final(struct age_armour *armour, struct buf *out, struct err *err);

#endif
