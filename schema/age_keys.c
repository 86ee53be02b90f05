/* SPDX-License-Identifier: Apache-2.0 */
/* Recipients and identities, and what both sides of a stanza compute from them. */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/bech32.h"
#include "schema/hkdf.h"
#include "schema/locked.h"

#define RECIPIENT_PREFIX "age"
#define IDENTITY_PREFIX "age-secret-key-"

int age_share(uint8_t shared[AGE_KEY_BYTES], const uint8_t secret[AGE_KEY_BYTES], const uint8_t point[AGE_KEY_BYTES])
{
	return crypto_scalarmult(shared, secret, point);
}

void age_wrap_key(uint8_t key[AGE_KEY_BYTES], const uint8_t shared[AGE_KEY_BYTES], const uint8_t share[AGE_KEY_BYTES],
		  const uint8_t recipient[AGE_KEY_BYTES])
{
	uint8_t salt[2 * AGE_KEY_BYTES];

	memcpy(salt, share, AGE_KEY_BYTES);
	memcpy(salt + AGE_KEY_BYTES, recipient, AGE_KEY_BYTES);
	hkdf_sha256(key, slice_of(shared, AGE_KEY_BYTES), slice_of(salt, sizeof(salt)),
		    slice_str("age-encryption.org/v1/X25519"));
}

/* Bech32 allows a word to be all in the other case; age has one spelling of each key. */
static int decode(uint8_t key[AGE_KEY_BYTES], const char *text, size_t len, const char *prefix, char first)
{
	return len > 0 && text[0] == first ? bech32_decode(text, len, prefix, key, AGE_KEY_BYTES) : -1;
}

int age_recipient_parse(struct age_recipient *recipient, const char *text, size_t len, struct err *err)
{
	static const uint8_t any_secret[AGE_KEY_BYTES] = { 8 };
	uint8_t shared[AGE_KEY_BYTES];
	struct age_recipient parsed;

	if (decode(parsed.key, text, len, RECIPIENT_PREFIX, 'a') != 0)
		return err_set(err, ERR_CONFIG, NULL, "not an age recipient (age1…)");
	if (age_share(shared, any_secret, parsed.key) != 0)
		return err_set(err, ERR_CONFIG, NULL, "an age recipient that anybody could open");
	*recipient = parsed;
	return 0;
}

static void text_of(char *text, size_t size, const char *prefix, const uint8_t key[AGE_KEY_BYTES])
{
	struct buf encoded = BUF_INIT;

	bech32_encode(&encoded, prefix, key, AGE_KEY_BYTES);
	if (encoded.len >= size)
		BUG("bech32 of a key takes %zu characters", encoded.len);
	memcpy(text, encoded.data, encoded.len + 1);
	buf_release(&encoded);
}

void age_recipient_text(const struct age_recipient *recipient, char text[AGE_RECIPIENT_TEXT])
{
	text_of(text, AGE_RECIPIENT_TEXT, RECIPIENT_PREFIX, recipient->key);
}

void age_recipient_fill(struct age_recipient *recipient)
{
	uint8_t secret[AGE_KEY_BYTES];

	randombytes_buf(secret, sizeof(secret));
	crypto_scalarmult_base(recipient->key, secret);
	sodium_memzero(secret, sizeof(secret));
}

int age_identity_generate(struct age_identity **out, struct err *err)
{
	struct age_identity *identity = locked_alloc(sizeof(*identity), err);

	if (identity == NULL)
		return -1;
	randombytes_buf(identity->secret, sizeof(identity->secret));
	crypto_scalarmult_base(identity->public_key, identity->secret);
	*out = identity;
	return 0;
}

int age_identity_parse(struct age_identity **out, const char *text, size_t len, struct err *err)
{
	struct age_identity *identity = locked_alloc(sizeof(*identity), err);

	if (identity == NULL)
		return -1;
	if (decode(identity->secret, text, len, IDENTITY_PREFIX, 'A') != 0) {
		age_identity_free(identity);
		return err_set(err, ERR_CONFIG, NULL, "not an age identity (AGE-SECRET-KEY-1…)");
	}
	crypto_scalarmult_base(identity->public_key, identity->secret);
	*out = identity;
	return 0;
}

void age_identity_recipient(const struct age_identity *identity, struct age_recipient *recipient)
{
	memcpy(recipient->key, identity->public_key, sizeof(recipient->key));
}

void age_identity_text(const struct age_identity *identity, char text[AGE_IDENTITY_TEXT])
{
	text_of(text, AGE_IDENTITY_TEXT, IDENTITY_PREFIX, identity->secret);
	for (char *c = text; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
}

void age_identity_free(struct age_identity *identity)
{
	locked_free(identity);
}
