/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/entry.h"

#include "schema/reason.h"

#define HEAD_BYTES (1 + 4 + TIP_ID_BYTES)
#define LINK_BYTES (TIP_ID_BYTES + 4 + 1 + 1)
#define SCORE_UNIT 1e6f
#define SCORE_MAX 1000000 /* millionths */
#define REASONS_ALL (2 * LINK_HANDLE - 1)

static int bad_shape(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "index entry: %s", what);
}

void entry_tokens_encode(struct buf *out, const struct token_list *tokens)
{
	size_t at = 0;

	buf_append_byte(out, N_TOKEN_CLASSES);
	for (int class = 0; class < N_TOKEN_CLASSES; class++) {
		size_t first = at;

		while (at < tokens->n && tokens->items[at].class == class)
			at++;
		buf_append_be16(out, (uint16_t)(at - first));
		for (size_t i = first; i < at; i++)
			buf_append_be64(out, tokens->items[i].mac);
	}
	if (at != tokens->n)
		BUG("a token list that is not sorted by class");
}

/* Reads the tokens of one class from *bytes on, and moves it behind them. */
static int read_class(struct token_list *tokens, uint8_t class, struct slice *bytes, struct err *err)
{
	size_t count;

	if (bytes->len < 2)
		return bad_shape(err, "cut in its tokens");
	count = be16_read(bytes->data);
	*bytes = slice_of(bytes->data + 2, bytes->len - 2);
	if (tokens->n + count > TOKENS_MAX || bytes->len < 8 * count)
		return bad_shape(err, "more tokens than bytes or than allowed");
	for (size_t i = 0; i < count; i++) {
		uint64_t mac = be64_read(bytes->data + 8 * i);

		if (i > 0 && mac <= tokens->items[tokens->n - 1].mac)
			return bad_shape(err, "tokens out of order");
		tokens->items[tokens->n++] = (struct token){ mac, class };
	}
	*bytes = slice_of(bytes->data + 8 * count, bytes->len - 8 * count);
	return 0;
}

int entry_tokens_decode(struct token_list *tokens, struct slice bytes, struct arena *arena, struct err *err)
{
	struct token_list list = { .n = 0 };

	if (bytes.len < 1 || bytes.data[0] != N_TOKEN_CLASSES)
		return bad_shape(err, "another number of token classes");
	bytes = slice_of(bytes.data + 1, bytes.len - 1);
	if (bytes.len > 2 * N_TOKEN_CLASSES + 8 * TOKENS_MAX)
		return bad_shape(err, "more tokens than allowed");
	list.items = arena_alloc(arena, (bytes.len / 8 + 1) * sizeof(*list.items));
	for (int class = 0; class < N_TOKEN_CLASSES; class++)
		if (read_class(&list, (uint8_t)class, &bytes, err) < 0)
			return -1;
	if (bytes.len > 0)
		return bad_shape(err, "bytes left over");
	*tokens = list;
	return 0;
}

void entry_encode(struct buf *out, const struct entry *entry)
{
	buf_append_byte(out, ENTRY_VERSION);
	buf_append_be32(out, entry->day);
	buf_append(out, entry->case_id.bytes, TIP_ID_BYTES);
	entry_tokens_encode(out, &entry->tokens);
}

int entry_decode(struct entry *entry, struct slice bytes, struct arena *arena, struct err *err)
{
	struct token_list tokens;

	if (bytes.len < HEAD_BYTES || bytes.data[0] != ENTRY_VERSION)
		return bad_shape(err, "cut, or of a version this release does not know");
	if (entry_tokens_decode(&tokens, slice_of(bytes.data + HEAD_BYTES, bytes.len - HEAD_BYTES), arena, err) < 0)
		return -1;
	entry->day = be32_read(bytes.data + 1);
	memcpy(entry->case_id.bytes, bytes.data + 5, TIP_ID_BYTES);
	entry->tokens = tokens;
	return 0;
}

static uint32_t millionths(float score)
{
	return (uint32_t)(score * SCORE_UNIT + 0.5f);
}

float entry_score(float score)
{
	return (float)millionths(score) / SCORE_UNIT;
}

void entry_links_encode(struct buf *out, const struct link *links, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_append(out, links[i].tip_id.bytes, TIP_ID_BYTES);
		buf_append_be32(out, millionths(links[i].score));
		buf_append_byte(out, (uint8_t)links[i].reasons);
		buf_append_byte(out, links[i].strong);
	}
}

int entry_links_decode(struct link links[LINKS_MAX], size_t *n, struct slice bytes, struct err *err)
{
	if (bytes.len % LINK_BYTES != 0 || bytes.len / LINK_BYTES > LINKS_MAX)
		return bad_shape(err, "links of the wrong size");
	*n = bytes.len / LINK_BYTES;
	for (size_t i = 0; i < *n; i++) {
		const uint8_t *p = bytes.data + i * LINK_BYTES;

		if (be32_read(p + TIP_ID_BYTES) > SCORE_MAX || p[TIP_ID_BYTES + 4] > REASONS_ALL || p[TIP_ID_BYTES + 5] > 1)
			return bad_shape(err, "a link with a score, reasons or strength that no link has");
		memcpy(links[i].tip_id.bytes, p, TIP_ID_BYTES);
		links[i].score = (float)be32_read(p + TIP_ID_BYTES) / SCORE_UNIT;
		links[i].reasons = p[TIP_ID_BYTES + 4];
		links[i].strong = p[TIP_ID_BYTES + 5] != 0;
	}
	return 0;
}
