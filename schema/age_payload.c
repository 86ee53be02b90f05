/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of an age file: STREAM over ChaCha20-Poly1305. All lengths are known here, so so is the last chunk. */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/hkdf.h"
#include "schema/reason.h"

#define NONCE_BYTES crypto_aead_chacha20poly1305_ietf_NPUBBYTES

_Static_assert(AGE_KEY_BYTES == HKDF_BYTES, "a payload's key is one output of HKDF");

void age_stream_init(struct age_stream *stream, const uint8_t file_key[AGE_FILE_KEY_BYTES],
		     const uint8_t nonce[AGE_NONCE_BYTES])
{
	hkdf_sha256(stream->key, slice_of(file_key, AGE_FILE_KEY_BYTES), slice_of(nonce, AGE_NONCE_BYTES),
		    slice_str("payload"));
	stream->chunk = 0;
}

/* counter[11], big-endian, and 1 in the last chunk */
static void chunk_nonce(uint8_t nonce[NONCE_BYTES], const struct age_stream *stream, bool is_last)
{
	memset(nonce, 0, NONCE_BYTES);
	for (size_t i = 0; i < sizeof(stream->chunk); i++)
		nonce[NONCE_BYTES - 2 - i] = (uint8_t)(stream->chunk >> 8 * i);
	nonce[NONCE_BYTES - 1] = is_last;
}

void age_stream_seal(struct age_stream *stream, uint8_t *to, struct slice plain, bool is_last)
{
	uint8_t nonce[NONCE_BYTES];

	chunk_nonce(nonce, stream, is_last);
	crypto_aead_chacha20poly1305_ietf_encrypt(to, NULL, plain.data, plain.len, NULL, 0, NULL, nonce, stream->key);
	stream->chunk++;
}

int age_stream_open(struct age_stream *stream, uint8_t *to, struct slice chunk, bool is_last)
{
	uint8_t nonce[NONCE_BYTES];

	chunk_nonce(nonce, stream, is_last);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(to, NULL, NULL, chunk.data, chunk.len, NULL, 0, nonce,
						      stream->key) != 0)
		return -1;
	stream->chunk++;
	return 0;
}

void age_stream_wipe(struct age_stream *stream)
{
	sodium_memzero(stream, sizeof(*stream));
}

size_t age_payload_size(size_t plain_len)
{
	size_t n_chunks = plain_len == 0 ? 1 : (plain_len + AGE_CHUNK - 1) / AGE_CHUNK;

	return AGE_NONCE_BYTES + plain_len + n_chunks * AGE_TAG_BYTES;
}

void age_payload_seal(struct buf *out, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice plain)
{
	uint8_t *to = buf_reserve(out, age_payload_size(plain.len));
	struct age_stream stream;
	size_t len;

	randombytes_buf(to, AGE_NONCE_BYTES);
	age_stream_init(&stream, file_key, to);
	to += AGE_NONCE_BYTES;
	for (;;) {
		bool is_last = plain.len <= AGE_CHUNK;

		len = is_last ? plain.len : AGE_CHUNK;
		age_stream_seal(&stream, to, slice_of(plain.data, len), is_last);
		to += len + AGE_TAG_BYTES;
		if (is_last)
			break;
		plain = slice_of(plain.data + len, plain.len - len);
	}
	age_stream_wipe(&stream);
	out->len = (size_t)(to - out->data);
	out->data[out->len] = '\0';
}

/* Writes the chunks' plaintext at `to`; returns its length or -1. */
static int64_t open_chunks(uint8_t *to, struct age_stream *stream, struct slice chunks)
{
	uint8_t *start = to;

	for (;;) {
		bool is_last = chunks.len <= AGE_SEALED_CHUNK;
		size_t len = is_last ? chunks.len : AGE_SEALED_CHUNK;

		if (len < AGE_TAG_BYTES || (len == AGE_TAG_BYTES && stream->chunk > 0))
			return -1;
		if (age_stream_open(stream, to, slice_of(chunks.data, len), is_last) != 0)
			return -1;
		to += len - AGE_TAG_BYTES;
		if (is_last)
			return to - start;
		chunks = slice_of(chunks.data + len, chunks.len - len);
	}
}

int age_payload_refuse(struct err *err)
{
	return err_set(err, ERR_DATA, REASON_AGE_PAYLOAD, "age payload is damaged or cut");
}

int age_payload_open(struct buf *plain, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice payload,
		     struct err *err)
{
	struct age_stream stream;
	uint8_t *to;
	int64_t len;

	if (payload.len < AGE_NONCE_BYTES)
		return err_set(err, ERR_DATA, REASON_AGE_HEADER, "age header: no payload nonce");
	age_stream_init(&stream, file_key, payload.data);
	payload = slice_of(payload.data + AGE_NONCE_BYTES, payload.len - AGE_NONCE_BYTES);
	to = buf_reserve(plain, payload.len);
	len = open_chunks(to, &stream, payload);
	age_stream_wipe(&stream);
	if (len < 0) {
		sodium_memzero(to, payload.len);
		return age_payload_refuse(err);
	}
	plain->len += (size_t)len;
	plain->data[plain->len] = '\0';
	return 0;
}
