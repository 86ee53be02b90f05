/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/buf.h"

#include "ops/runtime/err.h"

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		BUG("out of memory: %zu bytes", size);
	return p;
}

void *mem_grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		BUG("out of memory: %zu bytes", size);
	return p;
}

char *mem_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_alloc(size), text, size);
}

void mem_wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}
