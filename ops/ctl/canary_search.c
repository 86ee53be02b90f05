/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/canary_search.h"

#include <string.h>

#include "ops/ctl/canary_forms.h"

#define BLOCK 4
#define STRIDE (MARKER_MIN - BLOCK + 1)
#define LENGTH_MAX (8 * MARKER_MAX) /* no form is longer than \uXXXX for each character of the core */
#define FILTER_BITS 20
#define HEADS (1u << 16)

struct pattern {
	uint8_t *bytes;
	size_t len, tag;
};

/* One block of a pattern, in the chain of its hash. */
struct entry {
	uint32_t block;
	uint32_t pattern, offset;
	uint32_t next; /* index + 1; 0 ends the chain */
};

struct search {
	struct pattern *patterns;
	size_t n, cap;
	struct entry *entries;
	size_t n_entries, cap_entries;
	size_t longest;
	uint32_t heads[HEADS];
	uint64_t filter[(1u << FILTER_BITS) / 64]; /* 128 KiB: stays in the processor's second cache */
};

static uint32_t block_at(const uint8_t *p)
{
	uint32_t block;

	memcpy(&block, p, sizeof(block));
	return block;
}

static uint32_t mixed(uint32_t block)
{
	return block * 0x9E3779B1u; /* Knuth's multiplicative hash: the upper bits are the good ones */
}

struct search *search_new(void)
{
	return mem_alloc(sizeof(struct search));
}

void search_free(struct search *search)
{
	if (!search)
		return;
	for (size_t i = 0; i < search->n; i++) {
		mem_wipe(search->patterns[i].bytes, search->patterns[i].len);
		free(search->patterns[i].bytes);
	}
	free(search->patterns);
	free(search->entries);
	free(search);
}

static void add_entry(struct search *search, uint32_t block, size_t offset)
{
	const uint32_t hash = mixed(block), head = hash % HEADS;

	if (search->n_entries == search->cap_entries) {
		search->cap_entries = search->cap_entries ? 2 * search->cap_entries : 1024;
		search->entries = mem_grow(search->entries, search->cap_entries * sizeof(*search->entries));
	}
	search->entries[search->n_entries++] =
		(struct entry){ block, (uint32_t)(search->n - 1), (uint32_t)offset, search->heads[head] };
	search->heads[head] = (uint32_t)search->n_entries;
	search->filter[hash >> (32 - FILTER_BITS) >> 6] |= 1ull << (hash >> (32 - FILTER_BITS) & 63);
}

void search_add(struct search *search, struct slice bytes, size_t tag)
{
	if (bytes.len < MARKER_MIN || bytes.len > LENGTH_MAX)
		BUG("a string of %zu bytes to search for", bytes.len);
	if (search->n == search->cap) {
		search->cap = search->cap ? 2 * search->cap : 64;
		search->patterns = mem_grow(search->patterns, search->cap * sizeof(*search->patterns));
	}
	search->patterns[search->n] = (struct pattern){ mem_alloc(bytes.len), bytes.len, tag };
	memcpy(search->patterns[search->n++].bytes, bytes.data, bytes.len);
	for (size_t offset = 0; offset < STRIDE; offset++)
		add_entry(search, block_at(bytes.data + offset), offset);
	if (bytes.len > search->longest)
		search->longest = bytes.len;
}

void search_stream_init(struct search_stream *stream, const struct search *search, search_hit *hit, void *arg)
{
	*stream = (struct search_stream){ .search = search, .hit = hit, .arg = arg };
	stream->window = mem_alloc(LENGTH_MAX + SEARCH_WINDOW);
}

void search_stream_release(struct search_stream *stream)
{
	if (stream->window)
		mem_wipe(stream->window, LENGTH_MAX + SEARCH_WINDOW);
	free(stream->window);
	stream->window = NULL;
}

void search_stream_begin(struct search_stream *stream, uint64_t at)
{
	stream->kept = 0;
	stream->at = at;
}

uint8_t *search_stream_room(struct search_stream *stream)
{
	return stream->window + stream->kept;
}

/* Tells what ends behind the bytes that were kept: what ends among them was told before. */
static void look_up(struct search_stream *stream, uint32_t block, size_t pos, size_t len)
{
	const struct search *search = stream->search;

	for (uint32_t i = search->heads[mixed(block) % HEADS]; i; i = search->entries[i - 1].next) {
		const struct entry *entry = &search->entries[i - 1];
		const struct pattern *pattern = &search->patterns[entry->pattern];
		size_t start;

		if (entry->block != block || entry->offset > pos)
			continue;
		start = pos - entry->offset;
		if (pattern->len > len - start || start + pattern->len <= stream->kept ||
		    memcmp(stream->window + start, pattern->bytes, pattern->len) != 0)
			continue;
		stream->hit(stream->arg, stream->at + start, pattern->tag);
	}
}

static void scan(struct search_stream *stream, size_t len)
{
	const uint64_t *filter = stream->search->filter;

	for (size_t pos = 0; pos + BLOCK <= len; pos += STRIDE) {
		const uint32_t block = block_at(stream->window + pos), bit = mixed(block) >> (32 - FILTER_BITS);

		if (filter[bit >> 6] >> (bit & 63) & 1)
			look_up(stream, block, pos, len);
	}
}

void search_stream_add(struct search_stream *stream, size_t n)
{
	const size_t len = stream->kept + n;
	size_t keep = stream->search->longest ? stream->search->longest - 1 : 0;

	scan(stream, len);
	keep = keep < len ? keep : len;
	memmove(stream->window, stream->window + len - keep, keep);
	stream->at += len - keep;
	stream->kept = keep;
}

void search_stream_feed(struct search_stream *stream, const uint8_t *data, size_t len)
{
	while (len > 0) {
		const size_t n = len < SEARCH_WINDOW ? len : SEARCH_WINDOW;

		memcpy(search_stream_room(stream), data, n);
		search_stream_add(stream, n);
		data += n;
		len -= n;
	}
}
