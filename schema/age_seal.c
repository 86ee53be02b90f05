/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"

/* The ephemeral key pair and the file key of one file. */
struct sealer {
	uint8_t secret[AGE_KEY_BYTES], share[AGE_KEY_BYTES], file_key[AGE_FILE_KEY_BYTES];
};

static void append_base64_32(struct buf *out, const uint8_t data[32])
{
	char text[AGE_BASE64_32 + 1];

	sodium_bin2base64(text, sizeof(text), data, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	buf_append(out, text, AGE_BASE64_32);
}

static void wrap(uint8_t wrapped[AGE_WRAPPED_BYTES], const struct sealer *sealer,
		 const struct age_recipient *recipient)
{
	/* Each wrap key is used once, so the specification's nonce is zero. */
	static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	uint8_t shared[AGE_KEY_BYTES], wrap_key[AGE_KEY_BYTES];

	if (age_share(shared, sealer->secret, recipient->key) != 0)
		BUG("a recipient of low order, which age_recipient_parse refuses");
	age_wrap_key(wrap_key, shared, sealer->share, recipient->key);
	crypto_aead_chacha20poly1305_ietf_encrypt(wrapped, NULL, sealer->file_key, AGE_FILE_KEY_BYTES, NULL, 0, NULL,
						  nonce, wrap_key);
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(wrap_key, sizeof(wrap_key));
}

/* A NULL recipient is fill. */
static void append_stanza(struct buf *out, const struct sealer *sealer, const struct age_recipient *recipient)
{
	uint8_t wrapped[AGE_WRAPPED_BYTES];

	if (recipient != NULL)
		wrap(wrapped, sealer, recipient);
	else
		randombytes_buf(wrapped, sizeof(wrapped));
	buf_append_str(out, AGE_STANZA_START AGE_X25519 " ");
	append_base64_32(out, sealer->share);
	buf_append_byte(out, '\n');
	append_base64_32(out, wrapped);
	buf_append_byte(out, '\n');
}

static size_t header_size(size_t n)
{
	size_t stanza = strlen(AGE_STANZA_START AGE_X25519 " ") + AGE_BASE64_32 + 1 + AGE_BASE64_32 + 1;

	return strlen(AGE_VERSION_LINE) + n * stanza + strlen(AGE_MAC_START " ") + AGE_BASE64_32 + 1;
}

size_t age_sealed_size(size_t n, size_t len)
{
	return header_size(n) + age_payload_size(len);
}

void age_header_seal(struct buf *out, const struct age_recipient *const *recipients, size_t n,
		     uint8_t file_key[AGE_FILE_KEY_BYTES])
{
	size_t start = out->len;
	uint8_t mac[AGE_MAC_BYTES];
	struct sealer sealer;

	if (n == 0 || n > AGE_RECIPIENTS_MAX)
		BUG("an age file of %zu stanzas", n);
	randombytes_buf(&sealer, sizeof(sealer));
	crypto_scalarmult_base(sealer.share, sealer.secret);
	buf_append_str(out, AGE_VERSION_LINE);
	for (size_t i = 0; i < n; i++)
		append_stanza(out, &sealer, recipients[i]);
	buf_append_str(out, AGE_MAC_START);
	age_header_mac(mac, sealer.file_key, slice_of(out->data + start, out->len - start));
	buf_append_byte(out, ' ');
	append_base64_32(out, mac);
	buf_append_byte(out, '\n');
	memcpy(file_key, sealer.file_key, AGE_FILE_KEY_BYTES);
	sodium_memzero(&sealer, sizeof(sealer));
}

static void seal(struct buf *out, const struct age_recipient *const *recipients, size_t n, struct slice plain)
{
	uint8_t file_key[AGE_FILE_KEY_BYTES];

	buf_reserve(out, age_sealed_size(n, plain.len));
	age_header_seal(out, recipients, n, file_key);
	age_payload_seal(out, file_key, plain);
	sodium_memzero(file_key, sizeof(file_key));
}

void age_seal(struct buf *out, const struct age_recipient *recipients, size_t n, struct slice plain)
{
	const struct age_recipient *places[AGE_RECIPIENTS_MAX];

	if (n > AGE_RECIPIENTS_MAX)
		BUG("an age file for %zu recipients", n);
	for (size_t i = 0; i < n; i++)
		places[i] = &recipients[i];
	seal(out, places, n, plain);
}

void age_seal_among_fill(struct buf *out, const struct age_recipient *recipients, size_t n, size_t n_stanzas,
			 struct slice plain)
{
	const struct age_recipient *places[AGE_RECIPIENTS_MAX] = { NULL };

	if (n == 0 || n > n_stanzas || n_stanzas > AGE_RECIPIENTS_MAX)
		BUG("an age file for %zu recipients among %zu stanzas", n, n_stanzas);
	for (size_t i = 0; i < n_stanzas; i++) {
		size_t other = randombytes_uniform((uint32_t)i + 1);

		places[i] = places[other];
		places[other] = i < n ? &recipients[i] : NULL;
	}
	seal(out, places, n_stanzas, plain);
}

void age_shuffle(struct age_recipient *recipients, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = randombytes_uniform((uint32_t)i);
		struct age_recipient kept = recipients[i - 1];

		recipients[i - 1] = recipients[other];
		recipients[other] = kept;
	}
}
