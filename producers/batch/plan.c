/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/plan.h"

#include <stdlib.h>

const char *const kind_names[N_KINDS] = {
	[KIND_PLAIN] = "plain",             [KIND_RETRY] = "retry",           [KIND_DAMAGED] = "damaged",
	[KIND_UNKNOWN_KEY] = "unknown-key", [KIND_CONFLICTED] = "conflicted",
};

int plan_init(struct plan *plan, size_t n, const size_t share[N_KINDS], struct prng *prng, struct err *err)
{
	size_t special = 0;

	for (int kind = KIND_PLAIN + 1; kind < N_KINDS; kind++)
		special += share[kind];
	if (special >= n)
		return err_set(err, ERR_USAGE, NULL, "%zu tips of special kinds do not fit into %zu", special, n);
	plan->n = n;
	plan->kinds = mem_alloc(n);
	size_t at = 1; /* the first stays plain, so that a retry has something to repeat */
	for (int kind = KIND_PLAIN + 1; kind < N_KINDS; kind++)
		for (size_t i = 0; i < share[kind]; i++)
			plan->kinds[at++] = (uint8_t)kind;
	for (size_t i = n - 1; i > 1; i--) {
		size_t j = 1 + prng_below(prng, i);
		uint8_t kept = plan->kinds[i];
		plan->kinds[i] = plan->kinds[j];
		plan->kinds[j] = kept;
	}
	return 0;
}

void plan_release(struct plan *plan)
{
	free(plan->kinds);
	*plan = (struct plan){ 0 };
}
