/* SPDX-License-Identifier: Apache-2.0 */
/* What dedupe keeps of a tip: the entry of link.index, and the tokens and links of its own file. */
#include "tests/fuzz/fuzz.h"
#include "workers/dedupe/entry.h"

static void tokens_are_sorted(const struct token_list *tokens)
{
	FUZZ_HOLDS(tokens->n <= TOKENS_MAX);
	for (size_t i = 1; i < tokens->n; i++) {
		const struct token *a = &tokens->items[i - 1], *b = &tokens->items[i];

		FUZZ_HOLDS(a->class < b->class || (a->class == b->class && a->mac < b->mac));
	}
}

static void entry_holds(struct slice bytes, struct arena *arena)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct entry entry;

	if (entry_decode(&entry, bytes, arena, &err) != 0) {
		fuzz_refusal_holds(&err);
		return;
	}
	tokens_are_sorted(&entry.tokens);
	entry_encode(&out, &entry);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), bytes));
	buf_release(&out);
}

static void links_hold(struct slice bytes)
{
	struct link links[LINKS_MAX];
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n;

	if (entry_links_decode(links, &n, bytes, &err) != 0) {
		fuzz_refusal_holds(&err);
		return;
	}
	FUZZ_HOLDS(n <= LINKS_MAX);
	for (size_t i = 0; i < n; i++)
		FUZZ_HOLDS(links[i].score >= 0 && links[i].score <= 1);
	entry_links_encode(&out, links, n);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), bytes));
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(4096);

	entry_holds(slice_of(data, size), arena);
	links_hold(slice_of(data, size));
	arena_free(arena);
	return 0;
}
