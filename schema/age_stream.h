/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age_stream: age files of any size, sealed and opened a piece at a time, in constant memory.
 *
 * A sealer or an opener takes the file in pieces of any size and appends what can be written so far to `out`, which the
 * caller empties whenever it likes; of its own it holds no more than one chunk. How the pieces are cut makes no
 * difference to what comes out, nor to what is refused.
 *
 * An opener gives out a chunk of AGE_CHUNK bytes only once its tag held, so nothing unauthenticated; but that the file
 * is whole is known only when age_opener_final returns 0. What it gave of a file that is refused later is genuine, and
 * not all: whoever cannot live with a part uses age_open. Reasons of refusal are those of age.h, and AGE_ARMOUR.
 *
 * Text form: lines of 64 columns of base64 between "-----BEGIN AGE ENCRYPTED FILE-----" and its END, read as strictly
 * as the C2SP specification says: the last line alone may be shorter, padding is there and canonical, nothing else
 * stands between; lines may end in CRLF, and up to 1 KiB of white space may stand before and after. It is never
 * written.
 */
#ifndef TIPLINE_SCHEMA_AGE_STREAM_H
#define TIPLINE_SCHEMA_AGE_STREAM_H

#include "schema/age.h"

struct age_sealer; /* freed, it wipes itself */

/* Appends the header. Stanzas stand in the order given (age_shuffle), 1 to AGE_RECIPIENTS_MAX of them. */
struct age_sealer *age_sealer_new(struct buf *out, const struct age_recipient *recipients, size_t n);
void age_sealer_update(struct age_sealer *sealer, struct buf *out, struct slice plain);
/* Appends the last chunk; the sealer can only be freed then. */
void age_sealer_final(struct age_sealer *sealer, struct buf *out);
void age_sealer_free(struct age_sealer *sealer);

enum age_form { AGE_BINARY, AGE_ARMOURED, AGE_EITHER /* told by the first byte */ };

struct age_opener; /* freed, it wipes itself */

/* Borrows the identities until the header was read, at the latest until it is freed. */
struct age_opener *age_opener_new(struct age_identity *const *identities, size_t n, enum age_form form);
/* -1: the file is refused, `out` has what was genuine before; the opener can only be freed then. */
int age_opener_update(struct age_opener *opener, struct buf *out, struct slice file, struct err *err);
/* Nothing follows: 0 when the file was whole. */
int age_opener_final(struct age_opener *opener, struct buf *out, struct err *err);
void age_opener_free(struct age_opener *opener);

#endif
