/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wording: small changes of a narrative's words, as if another day had told it: synonyms, a dropped sentence, a slip of
 * the finger. Repeatable by the dice.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_WORDING_H
#define TIPLINE_PRODUCERS_BATCH_WORDING_H

#include "ops/runtime/buf.h"
#include "producers/batch/dice.h"

/* Appends `text`, changed. `slips`: typing slips too. */
void wording_vary(const char *text, bool slips, struct dice *dice, struct buf *out);

#endif
