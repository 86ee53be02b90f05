/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script: the order of a rehearsal: which put is plain and which is a retry, damaged, sealed to a lost key or in
 * conflict. Repeatable by the dice; the numbers are exact.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_SCRIPT_H
#define TIPLINE_PRODUCERS_BATCH_SCRIPT_H

#include <stddef.h>

#include "ops/runtime/err.h"
#include "producers/batch/dice.h"

enum kind { KIND_PLAIN, KIND_RETRY, KIND_DAMAGED, KIND_UNKNOWN_KEY, KIND_CONFLICTED, N_KINDS };

extern const char *const kind_names[N_KINDS];

struct script {
	uint8_t *kinds; /* enum kind, `n` of them; the first is never a retry */
	size_t n;
};

/* `share[k]`: how many of each kind; that of KIND_PLAIN is ignored. ERR_USAGE when they do not fit into n. */
int script_init(struct script *script, size_t n, const size_t share[N_KINDS], struct dice *dice, struct err *err);
void script_release(struct script *script);

#endif
