/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/reason.h"

enum try { TRY_OPENED, TRY_OTHER_KEY, TRY_LOW_ORDER };

static bool unwrap(uint8_t file_key[AGE_FILE_KEY_BYTES], const struct age_identity *identity,
		   const struct age_stanza *stanza, const uint8_t shared[AGE_KEY_BYTES])
{
	static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	uint8_t wrap_key[AGE_KEY_BYTES];
	int result;

	age_wrap_key(wrap_key, shared, stanza->share, identity->public_key);
	result = crypto_aead_chacha20poly1305_ietf_decrypt(file_key, NULL, NULL, stanza->wrapped, AGE_WRAPPED_BYTES,
							   NULL, 0, nonce, wrap_key);
	sodium_memzero(wrap_key, sizeof(wrap_key));
	return result == 0;
}

/*
 * Tries every stanza with one identity. Our own files have one share in all stanzas, so its product, which costs more
 * than all the rest, is computed once for each run of equal shares.
 */
static enum try try_identity(uint8_t file_key[AGE_FILE_KEY_BYTES], const struct age_identity *identity,
			     const struct age_header *header)
{
	enum try result = TRY_OTHER_KEY;
	const uint8_t *share = NULL;
	uint8_t shared[AGE_KEY_BYTES];

	for (size_t i = 0; i < header->n && result == TRY_OTHER_KEY; i++) {
		const struct age_stanza *stanza = &header->stanzas[i];
		const bool other = share == NULL || memcmp(share, stanza->share, AGE_KEY_BYTES) != 0;

		share = stanza->share;
		if (other && age_share(shared, identity->secret, share) != 0)
			result = TRY_LOW_ORDER;
		else if (unwrap(file_key, identity, stanza, shared))
			result = TRY_OPENED;
	}
	sodium_memzero(shared, sizeof(shared));
	return result;
}

static int find_file_key(uint8_t file_key[AGE_FILE_KEY_BYTES], struct age_identity *const *identities, size_t n,
			 const struct age_header *header, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		enum try result = try_identity(file_key, identities[i], header);

		if (result == TRY_OPENED)
			return 0;
		if (result == TRY_LOW_ORDER)
			return err_set(err, ERR_DATA, REASON_AGE_HEADER, "age header: a share of low order");
	}
	return err_set(err, ERR_DATA, REASON_KEY_UNKNOWN, "sealed to none of the %zu keys held here", n);
}

static int check_mac(const uint8_t file_key[AGE_FILE_KEY_BYTES], const struct age_header *header, struct err *err)
{
	uint8_t mac[AGE_MAC_BYTES];

	age_header_mac(mac, file_key, header->covered);
	if (sodium_memcmp(mac, header->mac, sizeof(mac)) != 0)
		return err_set(err, ERR_DATA, REASON_AGE_MAC, "the age header's MAC does not hold");
	return 0;
}

int age_header_open(uint8_t file_key[AGE_FILE_KEY_BYTES], struct age_identity *const *identities, size_t n,
		    const struct age_header *header, struct err *err)
{
	if (find_file_key(file_key, identities, n, header, err) == 0 && check_mac(file_key, header, err) == 0)
		return 0;
	sodium_memzero(file_key, AGE_FILE_KEY_BYTES);
	return -1;
}

int age_open(struct buf *plain, struct age_identity *const *identities, size_t n, struct slice file, struct err *err)
{
	uint8_t file_key[AGE_FILE_KEY_BYTES];
	struct age_header header;
	int result;

	if (age_header_parse(&header, file, err) != 0 || age_header_open(file_key, identities, n, &header, err) != 0)
		return -1;
	result = age_payload_open(plain, file_key, slice_of(file.data + header.size, file.len - header.size), err);
	sodium_memzero(file_key, sizeof(file_key));
	return result;
}
