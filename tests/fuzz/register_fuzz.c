/* SPDX-License-Identifier: Apache-2.0 */
/* Staff registers: one that is taken has tokens, in the order in which conflicts are looked for. */
#include "tests/fuzz/fuzz.h"
#include "workers/route/conflict.h"

static void register_holds(const struct staff_register *reg)
{
	struct token_list one = { .n = 1, .key_check = reg->key_checks[0] };

	FUZZ_HOLDS(reg->n_keys >= 1 && reg->n_keys <= REGISTER_KEYS_MAX);
	FUZZ_HOLDS(reg->tokens.n >= 1 && reg->tokens.n <= REGISTER_TOKENS_MAX);
	for (size_t i = 0; i < reg->tokens.n; i++) {
		struct token *token = &reg->tokens.items[i];

		FUZZ_HOLDS(token->class < N_TOKEN_CLASSES);
		FUZZ_HOLDS(i == 0 || token[-1].class < token->class ||
			   (token[-1].class == token->class && token[-1].mac < token->mac));
		/* Every member is found. */
		one.items = token;
		FUZZ_HOLDS(staff_register_can_judge(reg, &one) && staff_register_conflicts(reg, &one));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct staff_register reg = { .n_keys = 0 };
	struct err err = ERR_INIT;

	if (staff_register_parse(&reg, "team.register", slice_of(data, size), &err) == 0) {
		fuzz_success_holds(&err);
		register_holds(&reg);
		staff_register_release(&reg);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, "team.register:", 14) == 0 && fuzz_is_ascii(err.text));
		FUZZ_HOLDS(reg.tokens.items == NULL);
	}
	return 0;
}
