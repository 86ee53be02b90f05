/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age_parts: what the files that implement age.h share. Nobody else includes this.
 *
 *     header   "age-encryption.org/v1\n", a stanza for each recipient, "--- " base64(MAC) "\n"
 *     stanza   "-> X25519 " base64(share) "\n" base64(file key under the wrap key) "\n"
 *     payload  nonce[16], then chunks of up to AGE_CHUNK bytes, each with a tag of 16
 */
#ifndef TIPLINE_SCHEMA_AGE_PARTS_H
#define TIPLINE_SCHEMA_AGE_PARTS_H

#include "schema/age.h"

#define AGE_FILE_KEY_BYTES 16
#define AGE_NONCE_BYTES 16
#define AGE_TAG_BYTES 16
#define AGE_MAC_BYTES 32
#define AGE_WRAPPED_BYTES (AGE_FILE_KEY_BYTES + AGE_TAG_BYTES)
#define AGE_BASE64_32 43 /* columns that 32 bytes take */

#define AGE_VERSION_LINE "age-encryption.org/v1\n"
#define AGE_STANZA_START "-> "
#define AGE_X25519 "X25519"
#define AGE_MAC_START "---"

/* In locked memory; the public key stands beside the secret because opening needs both. */
struct age_identity {
	uint8_t secret[AGE_KEY_BYTES], public_key[AGE_KEY_BYTES];
};

struct age_stanza {
	uint8_t share[AGE_KEY_BYTES], wrapped[AGE_WRAPPED_BYTES];
};

struct age_header {
	struct age_stanza stanzas[AGE_RECIPIENTS_MAX]; /* the X25519 ones */
	size_t n, n_others; /* and how many of other types, which are skipped */
	struct slice covered; /* what the MAC is over; borrowed from the file */
	uint8_t mac[AGE_MAC_BYTES];
	size_t size; /* of the whole header */
};

int age_header_parse(struct age_header *header, struct slice file, struct err *err);
/* Appends the header of a file to these recipients (a NULL one is fill), under a file key of its own. */
void age_header_seal(struct buf *out, const struct age_recipient *const *recipients, size_t n,
		     uint8_t file_key[AGE_FILE_KEY_BYTES]);
/* The file key, by the identity that has it, and only when the header's MAC holds. */
int age_header_open(uint8_t file_key[AGE_FILE_KEY_BYTES], struct age_identity *const *identities, size_t n,
		    const struct age_header *header, struct err *err);
void age_header_mac(uint8_t mac[AGE_MAC_BYTES], const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice covered);

/* X25519(secret, point); -1 when the point is of low order. */
int age_share(uint8_t shared[AGE_KEY_BYTES], const uint8_t secret[AGE_KEY_BYTES], const uint8_t point[AGE_KEY_BYTES]);
void age_wrap_key(uint8_t key[AGE_KEY_BYTES], const uint8_t shared[AGE_KEY_BYTES], const uint8_t share[AGE_KEY_BYTES],
		  const uint8_t recipient[AGE_KEY_BYTES]);

/* One payload's key and place. `to` of both: as long as the plaintext plus the tag, and as the chunk without it. */
struct age_stream {
	uint8_t key[AGE_KEY_BYTES];
	uint64_t chunk; /* the next one's number */
};
#define AGE_SEALED_CHUNK (AGE_CHUNK + AGE_TAG_BYTES)

void age_stream_init(struct age_stream *stream, const uint8_t file_key[AGE_FILE_KEY_BYTES],
		     const uint8_t nonce[AGE_NONCE_BYTES]);
void age_stream_seal(struct age_stream *stream, uint8_t *to, struct slice plain, bool is_last);
/* -1 when the tag does not hold: `to` then has nothing of the plaintext, and the chunk can be tried as a last one. */
int age_stream_open(struct age_stream *stream, uint8_t *to, struct slice chunk, bool is_last);
void age_stream_wipe(struct age_stream *stream);

/* The payload, nonce and all. age_payload_open leaves `plain` as it was when it fails. */
size_t age_payload_size(size_t plain_len);
void age_payload_seal(struct buf *out, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice plain);
int age_payload_open(struct buf *plain, const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice payload,
		     struct err *err);
int age_payload_refuse(struct err *err); /* returns -1 */

#endif
