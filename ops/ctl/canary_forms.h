/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary_forms: the byte strings as which a marker may lie anywhere: UTF-8 as it is, in lower and in upper case (as a
 * text is folded before it is matched), UTF-16 in both byte orders, percent-encoded, Base64 and Base64url at all three
 * alignments, hexadecimal in both cases, and with JSON's \u escapes; of the last two kinds both what must be escaped
 * and every character.
 *
 * Of a marker of more than MARKER_CORE bytes its end alone is looked for: whatever holds the whole holds its end, and
 * memory that was freed has lost its first bytes to the allocator but may keep the rest.
 */
#ifndef TIPLINE_OPS_CTL_CANARY_FORMS_H
#define TIPLINE_OPS_CTL_CANARY_FORMS_H

#include "ops/runtime/buf.h"

#define MARKER_MIN 12  /* bytes; anything shorter would be met by chance */
#define MARKER_MAX 200
#define MARKER_CORE 16
#define CANARY_FORMS_MAX 24

struct canary_form {
	const char *encoding; /* static */
	struct buf bytes;     /* owned by the caller; at least MARKER_MIN of them */
};

/*
 * Fills `forms`, no two alike, and returns how many there are. `marker` is UTF-8 of MARKER_MIN to MARKER_MAX bytes
 * and MARKER_MIN / 2 characters or more. */
size_t canary_forms(struct canary_form forms[CANARY_FORMS_MAX], const char *marker);

#endif
