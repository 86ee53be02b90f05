/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/frame.h"

#include <string.h>

#include <sodium.h>

#include "schema/reason.h"

#define MAGIC "TPF1"
#define MAGIC_BYTES 4
#define VERSION 1
#define SUITE 1

enum {
	AT_VERSION = 4, AT_SUITE = 5, AT_ADAPTER = 6, AT_TIP_ID = 8,
	AT_DAY = 24, AT_BODY_LEN = 28, AT_CONTACT_LEN = 32
};

_Static_assert(FRAME_SIGNATURE_BYTES == crypto_sign_ed25519_BYTES, "Ed25519");
_Static_assert(FRAME_SIGN_PUBLIC == crypto_sign_ed25519_PUBLICKEYBYTES, "Ed25519");
_Static_assert(FRAME_SIGN_SECRET == crypto_sign_ed25519_SECRETKEYBYTES, "Ed25519");

static int refuse(struct err *err, const char *reason, const char *what)
{
	return err_set(err, ERR_DATA, reason, "frame: %s", what);
}

static int check_lengths(size_t len, uint64_t body_len, uint64_t contact_len, struct err *err)
{
	uint64_t want = FRAME_HEAD + body_len + contact_len + FRAME_SIGNATURE_BYTES;

	if (body_len == 0)
		return refuse(err, REASON_FRAME_LENGTHS, "the body is empty");
	if (len < want)
		return refuse(err, REASON_FRAME_SHORT, "ends before its lengths say");
	if (len > want)
		return refuse(err, REASON_FRAME_LENGTHS, "bytes after its end");
	/* Another size would show who left details, which is the one thing the contact file must not do. */
	if (contact_len != FRAME_CONTACT_BYTES)
		return refuse(err, REASON_FRAME_LENGTHS, "the contact part has not its one size");
	return 0;
}

int frame_parse(struct frame *frame, struct slice bytes, struct err *err)
{
	const uint8_t *at = bytes.data;
	uint32_t body_len, contact_len;

	if (bytes.len > FRAME_MAX)
		return refuse(err, REASON_TOO_LARGE, "larger than any frame");
	if (bytes.len >= MAGIC_BYTES && memcmp(at, MAGIC, MAGIC_BYTES) != 0)
		return refuse(err, REASON_FRAME_MAGIC, "not TPF1");
	if (bytes.len < FRAME_HEAD + FRAME_SIGNATURE_BYTES)
		return refuse(err, REASON_FRAME_SHORT, "shorter than any frame");
	if (at[AT_VERSION] != VERSION || at[AT_SUITE] != SUITE)
		return refuse(err, REASON_FRAME_VERSION, "unknown version or suite");
	body_len = be32_read(at + AT_BODY_LEN);
	contact_len = be32_read(at + AT_CONTACT_LEN);
	if (check_lengths(bytes.len, body_len, contact_len, err) != 0)
		return -1;
	memcpy(frame->tip_id.bytes, at + AT_TIP_ID, TIP_ID_BYTES);
	frame->adapter = be16_read(at + AT_ADAPTER);
	frame->day = be32_read(at + AT_DAY);
	frame->body = slice_of(at + FRAME_HEAD, body_len);
	frame->contact = slice_of(at + FRAME_HEAD + body_len, contact_len);
	frame->signed_part = slice_of(at, bytes.len - FRAME_SIGNATURE_BYTES);
	frame->signature = at + frame->signed_part.len;
	return 0;
}

static void hash_signed_part(uint8_t hash[crypto_generichash_BYTES_MAX], struct slice signed_part)
{
	static const uint8_t context[] = "tipline/frame/v1";
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES_MAX);
	crypto_generichash_update(&state, context, sizeof(context) - 1);
	crypto_generichash_update(&state, signed_part.data, signed_part.len);
	crypto_generichash_final(&state, hash, crypto_generichash_BYTES_MAX);
}

int frame_verify(const struct frame *frame, const uint8_t public_key[FRAME_SIGN_PUBLIC], struct err *err)
{
	uint8_t hash[crypto_generichash_BYTES_MAX];

	hash_signed_part(hash, frame->signed_part);
	if (crypto_sign_ed25519_verify_detached(frame->signature, hash, sizeof(hash), public_key) != 0)
		return refuse(err, REASON_FRAME_SIGNATURE, "the adapter's signature does not hold");
	return 0;
}

void frame_build(struct buf *out, const struct frame *frame, const uint8_t secret_key[FRAME_SIGN_SECRET])
{
	size_t start = out->len, size = FRAME_HEAD + frame->body.len + frame->contact.len + FRAME_SIGNATURE_BYTES;
	uint8_t hash[crypto_generichash_BYTES_MAX], signature[FRAME_SIGNATURE_BYTES];

	if (frame->body.len == 0 || frame->contact.len == 0 || size > FRAME_MAX)
		BUG("a frame of %zu and %zu bytes", frame->body.len, frame->contact.len);
	buf_reserve(out, size);
	buf_append_str(out, MAGIC);
	buf_append_byte(out, VERSION);
	buf_append_byte(out, SUITE);
	buf_append_be16(out, frame->adapter);
	buf_append(out, frame->tip_id.bytes, TIP_ID_BYTES);
	buf_append_be32(out, frame->day);
	buf_append_be32(out, (uint32_t)frame->body.len);
	buf_append_be32(out, (uint32_t)frame->contact.len);
	buf_append_slice(out, frame->body);
	buf_append_slice(out, frame->contact);
	hash_signed_part(hash, slice_of(out->data + start, out->len - start));
	crypto_sign_ed25519_detached(signature, NULL, hash, sizeof(hash), secret_key);
	buf_append(out, signature, sizeof(signature));
}

void frame_sign_keypair(uint8_t public_key[FRAME_SIGN_PUBLIC], uint8_t secret_key[FRAME_SIGN_SECRET])
{
	if (crypto_sign_ed25519_keypair(public_key, secret_key) != 0)
		BUG("no Ed25519 key pair");
}
