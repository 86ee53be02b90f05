/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/script.h"

#include <stdlib.h>

const char *const kind_names[N_KINDS] = {
	[KIND_PLAIN] = "plain",             [KIND_RETRY] = "retry",           [KIND_DAMAGED] = "damaged",
	[KIND_UNKNOWN_KEY] = "unknown-key", [KIND_CONFLICTED] = "conflicted",
};

int script_init(struct script *script, size_t n, const size_t share[N_KINDS], struct dice *dice, struct err *err)
{
	size_t special = 0;

	for (int kind = KIND_PLAIN + 1; kind < N_KINDS; kind++)
		special += share[kind];
	if (special >= n)
		return err_set(err, ERR_USAGE, NULL, "%zu tips of special kinds do not fit into %zu", special, n);
	script->n = n;
	script->kinds = mem_alloc(n);
	size_t at = 1; /* the first stays plain, so that a retry has something to repeat */
	for (int kind = KIND_PLAIN + 1; kind < N_KINDS; kind++)
		for (size_t i = 0; i < share[kind]; i++)
			script->kinds[at++] = (uint8_t)kind;
	for (size_t i = n - 1; i > 1; i--) {
		size_t j = 1 + dice_below(dice, i);
		uint8_t kept = script->kinds[i];
		script->kinds[i] = script->kinds[j];
		script->kinds[j] = kept;
	}
	return 0;
}

void script_release(struct script *script)
{
	free(script->kinds);
	*script = (struct script){ 0 };
}
