/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/backoff.h"

int64_t backoff_ms(int64_t first_ms, int64_t max_ms, unsigned failures, uint64_t random)
{
	int64_t bound = first_ms < max_ms ? first_ms : max_ms;

	for (unsigned i = 1; i < failures && bound < max_ms; i++)
		bound = bound > max_ms / 2 ? max_ms : 2 * bound;
	if (bound < 1)
		bound = 1;
	return 1 + (int64_t)(random % (uint64_t)bound);
}
