/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_item: reads and writes one CBOR item at a time (libcbor's streaming decoder and encoders), for the record.
 *
 * The reader takes only what the writer makes: definite lengths, the shortest form of every integer and length
 * (RFC 8949, 4.2.1), floats of 32 bits, no tags. It keeps the first failure (`bad`) and then gives zeros, so a caller
 * reads straight on and asks once at the end; every count it gives is within the limit it was asked with. Slices
 * borrow from the bytes read.
 */
#ifndef TIPLINE_SCHEMA_RECORD_ITEM_H
#define TIPLINE_SCHEMA_RECORD_ITEM_H

#include <stdbool.h>

#include "ops/runtime/buf.h"

struct item_reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

void item_reader_init(struct item_reader *reader, struct slice cbor);
bool item_reader_ended(const struct item_reader *reader); /* everything was read, and nothing failed */

uint64_t item_uint(struct item_reader *reader, uint64_t max);
bool item_bool(struct item_reader *reader);
float item_share(struct item_reader *reader);                        /* 0 to 1, not minus 0 */
struct slice item_bytes(struct item_reader *reader, size_t max);
void item_exactly(struct item_reader *reader, uint8_t *out, size_t len); /* a byte string of that length, copied */
/* Of at most max bytes. UTF-8 without control characters. */
struct slice item_text(struct item_reader *reader, size_t max);
size_t item_array(struct item_reader *reader, size_t max);
size_t item_map(struct item_reader *reader, size_t max);             /* pairs */
/* The next key of a map: higher than the one before, at most max. *last begins at -1. */
unsigned int item_key(struct item_reader *reader, int *last, unsigned int max);

void item_put_uint(struct buf *out, uint64_t v);
void item_put_bool(struct buf *out, bool v);
void item_put_float(struct buf *out, float v);
void item_put_bytes(struct buf *out, const uint8_t *data, size_t len);
void item_put_bytes_head(struct buf *out, size_t len); /* the caller appends the bytes */
void item_put_text(struct buf *out, struct slice text);
void item_put_array(struct buf *out, size_t n);
void item_put_map(struct buf *out, size_t n);

#endif
