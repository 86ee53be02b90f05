/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define ARENA_ALIGN 16
#define ARENA_LEAST 4096

struct block {
	struct block *next;
	size_t size, used;
	alignas(ARENA_ALIGN) uint8_t data[];
};

/* Blocks newest first; memory not handed out is zero at all times, so handing out need not clear it. */
struct arena {
	struct block *blocks;
	size_t next_size;
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *block = mem_alloc(sizeof(*block) + size);

	block->size = size;
	block->next = next;
	return block;
}

static void block_free(struct block *block)
{
	mem_wipe(block->data, block->used);
	free(block);
}

struct arena *arena_new(size_t first_block)
{
	struct arena *arena = mem_alloc(sizeof(*arena));

	arena->next_size = first_block > ARENA_LEAST ? first_block : ARENA_LEAST;
	return arena;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->blocks;
	void *p;

	if (size > SIZE_MAX / 4)
		BUG("an arena cannot give %zu bytes", size);
	size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (size == 0)
		size = ARENA_ALIGN;
	if (!block || block->size - block->used < size) {
		block = block_new(size > arena->next_size ? size : arena->next_size, arena->blocks);
		arena->blocks = block;
		arena->next_size = block->size * 2;
	}
	p = block->data + block->used;
	block->used += size;
	return p;
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
	void *p = arena_alloc(arena, len);

	if (len)
		memcpy(p, data, len);
	return p;
}

char *arena_str(struct arena *arena, const char *data, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		BUG("an arena cannot give %zu bytes", len);
	p = arena_alloc(arena, len + 1);
	if (len)
		memcpy(p, data, len);
	return p;
}

void arena_reset(struct arena *arena)
{
	/* Each block is at least twice as large as the one before, so the newest is the largest. */
	struct block *keep = arena->blocks, *next;

	if (!keep)
		return;
	for (struct block *block = keep->next; block; block = next) {
		next = block->next;
		block_free(block);
	}
	mem_wipe(keep->data, keep->used);
	keep->used = 0;
	keep->next = NULL;
	arena->next_size = keep->size * 2;
}

void arena_free(struct arena *arena)
{
	struct block *next;

	if (!arena)
		return;
	for (struct block *block = arena->blocks; block; block = next) {
		next = block->next;
		block_free(block);
	}
	free(arena);
}
