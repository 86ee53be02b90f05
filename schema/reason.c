/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/reason.h"

#include <string.h>

#define REASON_DEFINE(symbol, code, means, todo) const char REASON_##symbol[] = code;
REASON_TABLE(REASON_DEFINE)
#undef REASON_DEFINE

#define REASON_ROW(symbol, code, means, todo) { REASON_##symbol, means, todo },
const struct reason reasons[] = { REASON_TABLE(REASON_ROW) };
#undef REASON_ROW

const size_t n_reasons = sizeof(reasons) / sizeof(reasons[0]);

const struct reason *reason_find(const char *code, size_t len)
{
	for (size_t i = 0; i < n_reasons; i++)
		if (strlen(reasons[i].code) == len && memcmp(reasons[i].code, code, len) == 0)
			return &reasons[i];
	return NULL;
}
