/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: the order of a rehearsal: which put is plain and which is a retry, damaged, sealed to a lost key or in
 * conflict. Repeatable by the seed; the numbers are exact.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_PLAN_H
#define TIPLINE_PRODUCERS_BATCH_PLAN_H

#include <stddef.h>

#include "ops/runtime/err.h"
#include "producers/batch/prng.h"

enum kind { KIND_PLAIN, KIND_RETRY, KIND_DAMAGED, KIND_UNKNOWN_KEY, KIND_CONFLICTED, N_KINDS };

extern const char *const kind_names[N_KINDS];

struct plan {
	uint8_t *kinds; /* enum kind, `n` of them; the first is never a retry */
	size_t n;
};

/* `share[k]`: how many of each kind; that of KIND_PLAIN is ignored. ERR_USAGE when they do not fit into n. */
int plan_init(struct plan *plan, size_t n, const size_t share[N_KINDS], struct prng *prng, struct err *err);
void plan_release(struct plan *plan);

#endif
