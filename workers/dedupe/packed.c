/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/packed.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static size_t length_of(uint32_t gap)
{
	size_t len = 1;

	while (gap >>= 7)
		len++;
	return len;
}

static uint8_t *write_gap(uint8_t *at, uint32_t gap)
{
	for (; gap > 127; gap >>= 7)
		*at++ = (uint8_t)(gap | 128);
	*at++ = (uint8_t)gap;
	return at;
}

uint8_t *packed_new(uint32_t *numbers, size_t n, size_t *len)
{
	uint8_t *packed, *at;

	qsort(numbers, n, sizeof(*numbers), ascending);
	*len = 0;
	for (size_t i = 0; i < n; i++)
		*len += length_of(numbers[i] - (i ? numbers[i - 1] : 0));
	packed = at = mem_alloc(*len);
	for (size_t i = 0; i < n; i++)
		at = write_gap(at, numbers[i] - (i ? numbers[i - 1] : 0));
	return packed;
}
