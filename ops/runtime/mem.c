/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/buf.h"

#include "ops/runtime/err.h"

static _Thread_local void *reserve;

/* Whether something was given up, so that it is worth asking again. */
static bool give_up_reserve(void)
{
	bool had = reserve != NULL;

	free(reserve);
	reserve = NULL;
	return had;
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p && give_up_reserve())
		p = calloc(1, size ? size : 1);
	if (!p)
		BUG("out of memory: %zu bytes", size);
	return p;
}

void *mem_grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p && give_up_reserve())
		p = realloc(old, size ? size : 1);
	if (!p)
		BUG("out of memory: %zu bytes", size);
	return p;
}

void *mem_ask(size_t size)
{
	void *p = malloc(size);

	if (!p && give_up_reserve())
		p = malloc(size);
	return p;
}

void *mem_take(size_t size)
{
	void *p = mem_ask(size ? size : 1);

	if (!p)
		BUG("out of memory: %zu bytes", size);
	return p;
}

char *mem_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_alloc(size), text, size);
}

int mem_refused(struct err *err, const char *doing)
{
	return err_set(err, ERR_SYSTEM, MEM_REFUSED, "%s: out of memory", doing);
}

int mem_reserve(size_t size, struct err *err)
{
	if (reserve)
		BUG("memory is reserved already");
	reserve = malloc(size);
	return reserve ? 0 : err_set(err, ERR_SYSTEM, MEM_REFUSED, "out of memory: %zu bytes", size);
}

void mem_unreserve(void)
{
	(void)give_up_reserve();
}

void mem_wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}

/* Never inlined: their frames must begin where those of the calls began whose leavings they wipe. */
static __attribute__((noinline)) void wipe_shallow(void)
{
	uint8_t area[32u << 10];

	explicit_bzero(area, sizeof(area));
}

static __attribute__((noinline)) void wipe_deep(void)
{
	uint8_t area[256u << 10];

	explicit_bzero(area, sizeof(area));
}

void mem_wipe_stack(enum stack_depth depth)
{
	if (depth == STACK_DEEP)
		wipe_deep();
	else
		wipe_shallow();
}
