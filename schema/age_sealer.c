/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing a piece at a time. A full chunk is held until a byte behind it shows that it is not the last. */
#include "schema/age_stream.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"

struct age_sealer {
	struct age_stream stream;
	bool ended;
	size_t held_len;
	uint8_t held[AGE_CHUNK];
};

struct age_sealer *age_sealer_new(struct buf *out, const struct age_recipient *recipients, size_t n)
{
	struct age_sealer *sealer = mem_alloc(sizeof(*sealer));
	const struct age_recipient *places[AGE_RECIPIENTS_MAX];
	uint8_t file_key[AGE_FILE_KEY_BYTES], nonce[AGE_NONCE_BYTES];

	if (n > AGE_RECIPIENTS_MAX)
		BUG("an age file for %zu recipients", n);
	for (size_t i = 0; i < n; i++)
		places[i] = &recipients[i];
	age_header_seal(out, places, n, file_key);
	randombytes_buf(nonce, sizeof(nonce));
	buf_append(out, nonce, sizeof(nonce));
	age_stream_init(&sealer->stream, file_key, nonce);
	sodium_memzero(file_key, sizeof(file_key));
	return sealer;
}

static void seal_chunk(struct age_sealer *sealer, struct buf *out, struct slice plain, bool is_last)
{
	age_stream_seal(&sealer->stream, buf_reserve(out, plain.len + AGE_TAG_BYTES), plain, is_last);
	out->len += plain.len + AGE_TAG_BYTES;
	out->data[out->len] = '\0';
}

void age_sealer_update(struct age_sealer *sealer, struct buf *out, struct slice plain)
{
	if (sealer->ended)
		BUG("more plaintext behind the last chunk");
	while (plain.len > 0) {
		size_t len = AGE_CHUNK - sealer->held_len;

		if (len == 0) {
			seal_chunk(sealer, out, slice_of(sealer->held, AGE_CHUNK), false);
			sealer->held_len = 0;
		} else if (sealer->held_len == 0 && plain.len > AGE_CHUNK) {
			seal_chunk(sealer, out, slice_of(plain.data, AGE_CHUNK), false);
			plain = slice_of(plain.data + AGE_CHUNK, plain.len - AGE_CHUNK);
		} else {
			len = len < plain.len ? len : plain.len;
			memcpy(sealer->held + sealer->held_len, plain.data, len);
			sealer->held_len += len;
			plain = slice_of(plain.data + len, plain.len - len);
		}
	}
}

void age_sealer_final(struct age_sealer *sealer, struct buf *out)
{
	if (sealer->ended)
		BUG("a second last chunk");
	seal_chunk(sealer, out, slice_of(sealer->held, sealer->held_len), true);
	sealer->ended = true;
}

void age_sealer_free(struct age_sealer *sealer)
{
	if (sealer == NULL)
		return;
	sodium_memzero(sealer, sizeof(*sealer));
	free(sealer);
}
