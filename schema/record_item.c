/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/record_item.h"

#include <cbor.h>
#include <math.h>
#include <string.h>

#include "ops/runtime/err.h"
#include "ops/runtime/utf8.h"

#define HEAD_MAX 9 /* the longest head of an item: one byte and a 64-bit number */

enum item_kind { ITEM_REFUSED, ITEM_UINT, ITEM_BYTES, ITEM_TEXT, ITEM_ARRAY, ITEM_MAP, ITEM_FLOAT, ITEM_BOOL };

struct item {
	enum item_kind kind;
	uint64_t n; /* value, length or count */
	const uint8_t *data;
	float f;
};

static void item_is(void *item, enum item_kind kind, uint64_t n, const uint8_t *data)
{
	struct item *i = item;

	i->kind = kind;
	i->n = n;
	i->data = data;
}

static void on_uint8(void *item, uint8_t v) { item_is(item, ITEM_UINT, v, NULL); }
static void on_uint16(void *item, uint16_t v) { item_is(item, ITEM_UINT, v, NULL); }
static void on_uint32(void *item, uint32_t v) { item_is(item, ITEM_UINT, v, NULL); }
static void on_uint64(void *item, uint64_t v) { item_is(item, ITEM_UINT, v, NULL); }
static void on_bytes(void *item, cbor_data data, size_t n) { item_is(item, ITEM_BYTES, n, data); }
static void on_text(void *item, cbor_data data, size_t n) { item_is(item, ITEM_TEXT, n, data); }
static void on_array(void *item, size_t n) { item_is(item, ITEM_ARRAY, n, NULL); }
static void on_map(void *item, size_t n) { item_is(item, ITEM_MAP, n, NULL); }
static void on_bool(void *item, bool v) { item_is(item, ITEM_BOOL, v, NULL); }

static void on_float(void *item, float v)
{
	struct item *i = item;

	i->kind = ITEM_FLOAT;
	i->f = v;
}

/* What a record never holds. The item stays ITEM_REFUSED, as it began. */
static void refuse(void *item) { (void)item; }
static void refuse8(void *item, uint8_t v) { (void)item; (void)v; }
static void refuse16(void *item, uint16_t v) { (void)item; (void)v; }
static void refuse32(void *item, uint32_t v) { (void)item; (void)v; }
static void refuse64(void *item, uint64_t v) { (void)item; (void)v; }
static void refuse_half(void *item, float v) { (void)item; (void)v; }
static void refuse_double(void *item, double v) { (void)item; (void)v; }

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8, .uint16 = on_uint16, .uint32 = on_uint32, .uint64 = on_uint64,
	.byte_string = on_bytes, .string = on_text, .array_start = on_array, .map_start = on_map,
	.float4 = on_float, .boolean = on_bool,
	.negint8 = refuse8, .negint16 = refuse16, .negint32 = refuse32, .negint64 = refuse64,
	.byte_string_start = refuse, .string_start = refuse, .indef_array_start = refuse, .indef_map_start = refuse,
	.tag = refuse64, .float2 = refuse_half, .float8 = refuse_double,
	.undefined = refuse, .null = refuse, .indef_break = refuse,
};

void item_reader_init(struct item_reader *reader, struct slice cbor)
{
	reader->at = cbor.data;
	reader->left = cbor.len;
	reader->bad = false;
}

bool item_reader_ended(const struct item_reader *reader)
{
	return !reader->bad && reader->left == 0;
}

/* The bytes that the shortest head for the number n takes. */
static size_t head_len(uint64_t n)
{
	if (n < 24)
		return 1;
	return n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : n <= UINT32_MAX ? 5 : 9;
}

static bool is_shortest(const struct item *item, size_t len)
{
	if (item->kind == ITEM_FLOAT || item->kind == ITEM_BOOL)
		return true;
	if (item->kind == ITEM_BYTES || item->kind == ITEM_TEXT)
		len -= item->n;
	return len == head_len(item->n);
}

/* The next item, which must be of this kind, with a value, length or count of at most max. */
static struct item item_next(struct item_reader *reader, enum item_kind kind, uint64_t max)
{
	static const struct item nothing = { ITEM_REFUSED, 0, NULL, 0 };
	struct item item = nothing;
	struct cbor_decoder_result result;

	if (reader->bad)
		return nothing;
	result = cbor_stream_decode(reader->at, reader->left, &callbacks, &item);
	if (result.status != CBOR_DECODER_FINISHED || item.kind != kind || item.n > max ||
	    !is_shortest(&item, result.read)) {
		reader->bad = true;
		return nothing;
	}
	reader->at += result.read;
	reader->left -= result.read;
	return item;
}

uint64_t item_uint(struct item_reader *reader, uint64_t max)
{
	return item_next(reader, ITEM_UINT, max).n;
}

bool item_bool(struct item_reader *reader)
{
	return item_next(reader, ITEM_BOOL, 1).n != 0;
}

float item_share(struct item_reader *reader)
{
	float f = item_next(reader, ITEM_FLOAT, 0).f;

	if (isfinite(f) && !signbit(f) && f <= 1)
		return f;
	reader->bad = true;
	return 0;
}

struct slice item_bytes(struct item_reader *reader, size_t max)
{
	struct item item = item_next(reader, ITEM_BYTES, max);

	return slice_of(item.data, (size_t)item.n);
}

void item_exactly(struct item_reader *reader, uint8_t *out, size_t len)
{
	struct slice s = item_bytes(reader, len);

	if (s.data != NULL && s.len == len)
		memcpy(out, s.data, len);
	else
		reader->bad = true;
}

static bool is_plain_text(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		uint32_t code;
		int valid;

		i += utf8_next(s.data + i, s.len - i, &code, &valid);
		if (!valid || code < 0x20 || (code >= 0x7F && code < 0xA0))
			return false;
	}
	return true;
}

struct slice item_text(struct item_reader *reader, size_t max)
{
	struct item item = item_next(reader, ITEM_TEXT, max);
	struct slice s = slice_of(item.data, (size_t)item.n);

	if (is_plain_text(s))
		return s;
	reader->bad = true;
	return slice_of(NULL, 0);
}

size_t item_array(struct item_reader *reader, size_t max)
{
	return (size_t)item_next(reader, ITEM_ARRAY, max).n;
}

size_t item_map(struct item_reader *reader, size_t max)
{
	return (size_t)item_next(reader, ITEM_MAP, max).n;
}

unsigned int item_key(struct item_reader *reader, int *last, unsigned int max)
{
	unsigned int key = (unsigned int)item_uint(reader, max);

	if ((int)key <= *last)
		reader->bad = true;
	*last = (int)key;
	return key;
}

static void put_head(struct buf *out, size_t (*encode)(size_t, unsigned char *, size_t), size_t n)
{
	uint8_t head[HEAD_MAX];

	buf_append(out, head, encode(n, head, sizeof(head)));
}

void item_put_uint(struct buf *out, uint64_t v)
{
	uint8_t head[HEAD_MAX];

	buf_append(out, head, cbor_encode_uint(v, head, sizeof(head)));
}

void item_put_bool(struct buf *out, bool v)
{
	uint8_t head[HEAD_MAX];

	buf_append(out, head, cbor_encode_bool(v, head, sizeof(head)));
}

void item_put_float(struct buf *out, float v)
{
	uint8_t head[HEAD_MAX];

	/* Minus 0 is 0, and one value has one encoding. */
	buf_append(out, head, cbor_encode_single(v == 0 ? 0 : v, head, sizeof(head)));
}

void item_put_bytes_head(struct buf *out, size_t len)
{
	put_head(out, cbor_encode_bytestring_start, len);
}

void item_put_bytes(struct buf *out, const uint8_t *data, size_t len)
{
	item_put_bytes_head(out, len);
	buf_append(out, data, len);
}

void item_put_text(struct buf *out, struct slice text)
{
	put_head(out, cbor_encode_string_start, text.len);
	buf_append_slice(out, text);
}

void item_put_array(struct buf *out, size_t n)
{
	put_head(out, cbor_encode_array_start, n);
}

void item_put_map(struct buf *out, size_t n)
{
	put_head(out, cbor_encode_map_start, n);
}
