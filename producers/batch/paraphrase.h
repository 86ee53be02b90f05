/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paraphrase: small changes of a narrative's words, as if another day had told it: synonyms, a dropped sentence, a
 * slip of the finger. Repeatable by the seed.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_PARAPHRASE_H
#define TIPLINE_PRODUCERS_BATCH_PARAPHRASE_H

#include "ops/runtime/buf.h"
#include "producers/batch/prng.h"

/* Appends `text`, changed. `slips`: typing slips too. */
void paraphrase_vary(const char *text, bool slips, struct prng *prng, struct buf *out);

#endif
