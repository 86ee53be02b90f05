/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of an age file: STREAM over ChaCha20-Poly1305. All lengths are known here, so so is the last chunk. */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/hkdf.h"
#include "schema/reason.h"

#define SEALED_CHUNK (AGE_CHUNK + AGE_TAG_BYTES)

struct stream {
	uint8_t key[HKDF_BYTES];
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES]; /* counter[11] || 1 in the last chunk */
};

static void stream_init(struct stream *stream, const uint8_t *file_key, const uint8_t *nonce)
{
	hkdf_sha256(stream->key, slice_of(file_key, AGE_FILE_KEY_BYTES), slice_of(nonce, AGE_NONCE_BYTES),
		    slice_str("payload"));
	memset(stream->nonce, 0, sizeof(stream->nonce));
}

static const uint8_t *stream_nonce(struct stream *stream, uint64_t chunk, bool is_last)
{
	for (size_t i = 0; i < sizeof(chunk); i++)
		stream->nonce[sizeof(stream->nonce) - 2 - i] = (uint8_t)(chunk >> 8 * i);
	stream->nonce[sizeof(stream->nonce) - 1] = is_last;
	return stream->nonce;
}

size_t age_payload_size(size_t plain_len)
{
	size_t n_chunks = plain_len == 0 ? 1 : (plain_len + AGE_CHUNK - 1) / AGE_CHUNK;

	return AGE_NONCE_BYTES + plain_len + n_chunks * AGE_TAG_BYTES;
}

void age_payload_seal(struct buf *out, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice plain)
{
	uint8_t *to = buf_reserve(out, age_payload_size(plain.len));
	struct stream stream;
	size_t len;

	randombytes_buf(to, AGE_NONCE_BYTES);
	stream_init(&stream, file_key, to);
	to += AGE_NONCE_BYTES;
	for (uint64_t chunk = 0;; chunk++) {
		bool is_last = plain.len <= AGE_CHUNK;

		len = is_last ? plain.len : AGE_CHUNK;
		crypto_aead_chacha20poly1305_ietf_encrypt(to, NULL, plain.data, len, NULL, 0, NULL,
							  stream_nonce(&stream, chunk, is_last), stream.key);
		to += len + AGE_TAG_BYTES;
		if (is_last)
			break;
		plain = slice_of(plain.data + len, plain.len - len);
	}
	sodium_memzero(&stream, sizeof(stream));
	out->len = (size_t)(to - out->data);
	out->data[out->len] = '\0';
}

/* Writes the chunks' plaintext at `to`; returns its length or -1. */
static int64_t open_chunks(uint8_t *to, struct stream *stream, struct slice chunks)
{
	uint8_t *start = to;

	for (uint64_t chunk = 0;; chunk++) {
		bool is_last = chunks.len <= SEALED_CHUNK;
		size_t len = is_last ? chunks.len : SEALED_CHUNK;

		if (len < AGE_TAG_BYTES || (len == AGE_TAG_BYTES && chunk > 0))
			return -1;
		if (crypto_aead_chacha20poly1305_ietf_decrypt(to, NULL, NULL, chunks.data, len, NULL, 0,
							      stream_nonce(stream, chunk, is_last), stream->key) != 0)
			return -1;
		to += len - AGE_TAG_BYTES;
		if (is_last)
			return to - start;
		chunks = slice_of(chunks.data + len, chunks.len - len);
	}
}

int age_payload_open(struct buf *plain, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice payload,
		     struct err *err)
{
	struct stream stream;
	uint8_t *to;
	int64_t len;

	if (payload.len < AGE_NONCE_BYTES)
		return err_set(err, ERR_DATA, REASON_AGE_HEADER, "age header: no payload nonce");
	stream_init(&stream, file_key, payload.data);
	payload = slice_of(payload.data + AGE_NONCE_BYTES, payload.len - AGE_NONCE_BYTES);
	to = buf_reserve(plain, payload.len);
	len = open_chunks(to, &stream, payload);
	sodium_memzero(&stream, sizeof(stream));
	if (len < 0) {
		sodium_memzero(to, payload.len);
		return err_set(err, ERR_DATA, REASON_AGE_PAYLOAD, "age payload is damaged or cut");
	}
	plain->len += (size_t)len;
	plain->data[plain->len] = '\0';
	return 0;
}
