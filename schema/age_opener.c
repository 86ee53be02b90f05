/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a piece at a time. Bytes go from the armour, where there is one, to the header, the payload's nonce, and the
 * chunks. A full chunk is opened as soon as it is there: as one that others follow, and when its tag does not hold so,
 * as the last, behind which nothing may come.
 */
#include "schema/age_stream.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "schema/age_armour.h"
#include "schema/age_parts.h"
#include "schema/reason.h"

#define TEXT_PIECE 65536 /* decoded at once */

struct age_opener {
	struct age_identity *const *identities;
	size_t n;
	enum age_form form;
	enum { OPENER_HEADER, OPENER_NONCE, OPENER_CHUNKS, OPENER_LAST_SEEN, OPENER_ENDED } at;
	uint8_t file_key[AGE_FILE_KEY_BYTES]; /* between header and nonce */
	struct age_stream stream;
	struct age_armour armour;
	struct buf decoded;
	size_t held_len;
	uint8_t held[AGE_SEALED_CHUNK];
};

_Static_assert(AGE_HEADER_MAX <= AGE_SEALED_CHUNK, "a header is gathered where chunks are");

struct age_opener *age_opener_new(struct age_identity *const *identities, size_t n, enum age_form form)
{
	struct age_opener *opener = mem_alloc(sizeof(*opener));

	opener->identities = identities;
	opener->n = n;
	opener->form = form;
	age_armour_init(&opener->armour);
	return opener;
}

/* Moves what is missing of `want` held bytes from the front of `input`; false when it was not enough. */
static bool gather(struct age_opener *opener, struct slice *input, size_t want)
{
	size_t len = want - opener->held_len;

	len = len < input->len ? len : input->len;
	memcpy(opener->held + opener->held_len, input->data, len);
	opener->held_len += len;
	*input = slice_of(input->data + len, input->len - len);
	return opener->held_len == want;
}

/* Size of the header that `bytes` begin with; 0 when its MAC line does not end in them. No other line begins so. */
static size_t header_size(struct slice bytes)
{
	const uint8_t *line = memmem(bytes.data, bytes.len, "\n" AGE_MAC_START, strlen("\n" AGE_MAC_START));
	const uint8_t *end;

	if (line == NULL)
		return 0;
	end = memchr(line + 1, '\n', bytes.len - (size_t)(line + 1 - bytes.data));
	return end != NULL ? (size_t)(end + 1 - bytes.data) : 0;
}

static int open_header(struct age_opener *opener, struct err *err)
{
	struct age_header header;

	if (age_header_parse(&header, slice_of(opener->held, opener->held_len), err) != 0 ||
	    age_header_open(opener->file_key, opener->identities, opener->n, &header, err) != 0)
		return -1;
	opener->held_len = 0;
	opener->at = OPENER_NONCE;
	return 0;
}

static int take_header(struct age_opener *opener, struct slice *input, struct err *err)
{
	size_t before = opener->held_len, size;
	const struct slice all = *input;
	bool full = gather(opener, input, AGE_HEADER_MAX);

	size = header_size(slice_of(opener->held, opener->held_len));
	if (size == 0)
		return full ? open_header(opener, err) : 0; /* which says what is wrong with it */
	opener->held_len = size;
	*input = slice_of(all.data + (size - before), all.len - (size - before));
	return open_header(opener, err);
}

static void take_nonce(struct age_opener *opener, struct slice *input)
{
	if (!gather(opener, input, AGE_NONCE_BYTES))
		return;
	age_stream_init(&opener->stream, opener->file_key, opener->held);
	sodium_memzero(opener->file_key, sizeof(opener->file_key));
	opener->held_len = 0;
	opener->at = OPENER_CHUNKS;
}

static int open_chunk(struct age_opener *opener, struct buf *out, struct slice chunk, bool is_last)
{
	if (age_stream_open(&opener->stream, buf_reserve(out, chunk.len), chunk, is_last) != 0)
		return -1;
	out->len += chunk.len - AGE_TAG_BYTES;
	out->data[out->len] = '\0';
	return 0;
}

static int open_full_chunk(struct age_opener *opener, struct buf *out, const uint8_t *chunk, struct err *err)
{
	const struct slice full = slice_of(chunk, AGE_SEALED_CHUNK);

	if (open_chunk(opener, out, full, false) == 0)
		return 0;
	if (open_chunk(opener, out, full, true) != 0)
		return age_payload_refuse(err);
	opener->at = OPENER_LAST_SEEN;
	return 0;
}

static int take_chunk(struct age_opener *opener, struct buf *out, struct slice *input, struct err *err)
{
	if (opener->held_len == 0 && input->len >= AGE_SEALED_CHUNK) {
		const uint8_t *chunk = input->data;

		*input = slice_of(input->data + AGE_SEALED_CHUNK, input->len - AGE_SEALED_CHUNK);
		return open_full_chunk(opener, out, chunk, err);
	}
	if (!gather(opener, input, AGE_SEALED_CHUNK))
		return 0;
	opener->held_len = 0;
	return open_full_chunk(opener, out, opener->held, err);
}

static int take_binary(struct age_opener *opener, struct buf *out, struct slice input, struct err *err)
{
	int result = 0;

	while (result == 0 && input.len > 0) {
		if (opener->at == OPENER_HEADER)
			result = take_header(opener, &input, err);
		else if (opener->at == OPENER_NONCE)
			take_nonce(opener, &input);
		else if (opener->at == OPENER_CHUNKS)
			result = take_chunk(opener, out, &input, err);
		else
			result = age_payload_refuse(err);
	}
	return result;
}

/*
 * What stood before a line that is refused is looked at first, so that the pieces do not decide what is said: `armour`
 * is what the armour said of it, and says why in `why`.
 */
static int take_decoded(struct age_opener *opener, struct buf *out, int armour, const struct err *why, struct err *err)
{
	int result = take_binary(opener, out, buf_slice(&opener->decoded), err);

	opener->decoded.len = 0;
	if (result == 0 && armour != 0)
		return err_set(err, why->kind, why->reason, "%s", why->text);
	return result;
}

static int take_armoured(struct age_opener *opener, struct buf *out, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	int result = 0;

	while (result == 0 && text.len > 0) {
		const struct slice piece = slice_of(text.data, text.len < TEXT_PIECE ? text.len : TEXT_PIECE);

		result = age_armour_update(&opener->armour, &opener->decoded, piece, &why);
		result = take_decoded(opener, out, result, &why, err);
		text = slice_of(text.data + piece.len, text.len - piece.len);
	}
	return result;
}

/* No age file begins with white space or a dash. */
static enum age_form form_of(uint8_t first)
{
	return memchr("- \t\r\n", first, 5) != NULL ? AGE_ARMOURED : AGE_BINARY;
}

int age_opener_update(struct age_opener *opener, struct buf *out, struct slice file, struct err *err)
{
	int result;

	if (opener->at == OPENER_ENDED)
		BUG("more of an age file that has ended");
	if (file.len == 0)
		return 0;
	if (opener->form == AGE_EITHER)
		opener->form = form_of(file.data[0]);
	if (opener->form == AGE_ARMOURED)
		result = take_armoured(opener, out, file, err);
	else
		result = take_binary(opener, out, file, err);
	if (result != 0)
		opener->at = OPENER_ENDED;
	return result;
}

/* What is held is the last chunk; only an empty file may end in an empty one. */
static int end_chunks(struct age_opener *opener, struct buf *out, struct err *err)
{
	const struct slice chunk = slice_of(opener->held, opener->held_len);

	if (chunk.len < AGE_TAG_BYTES || (chunk.len == AGE_TAG_BYTES && opener->stream.chunk > 0) ||
	    open_chunk(opener, out, chunk, true) != 0)
		return age_payload_refuse(err);
	return 0;
}

static int end_armour(struct age_opener *opener, struct buf *out, struct err *err)
{
	struct err why = ERR_INIT;
	int result = age_armour_final(&opener->armour, &opener->decoded, &why);

	return take_decoded(opener, out, result, &why, err);
}

static int end_file(struct age_opener *opener, struct buf *out, struct err *err)
{
	if (opener->form == AGE_ARMOURED && end_armour(opener, out, err) != 0)
		return -1;
	switch (opener->at) {
	case OPENER_HEADER:
		if (open_header(opener, err) == 0)
			BUG("a whole header was not seen to be one");
		return -1;
	case OPENER_NONCE:
		return err_set(err, ERR_DATA, REASON_AGE_HEADER, "age header: no payload nonce");
	case OPENER_CHUNKS:
		return end_chunks(opener, out, err);
	default:
		return 0;
	}
}

int age_opener_final(struct age_opener *opener, struct buf *out, struct err *err)
{
	int result;

	if (opener->at == OPENER_ENDED)
		BUG("a second end of an age file");
	result = end_file(opener, out, err);
	opener->at = OPENER_ENDED;
	return result;
}

void age_opener_free(struct age_opener *opener)
{
	if (opener == NULL)
		return;
	buf_release(&opener->decoded);
	sodium_memzero(opener, sizeof(*opener));
	free(opener);
}
