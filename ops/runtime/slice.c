/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/buf.h"

struct slice slice_str(const char *text)
{
	return slice_of(text, strlen(text));
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

uint16_t be16_read(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t be32_read(const uint8_t *p)
{
	return (uint32_t)be16_read(p) << 16 | be16_read(p + 2);
}

uint64_t be64_read(const uint8_t *p)
{
	return (uint64_t)be32_read(p) << 32 | be32_read(p + 4);
}
