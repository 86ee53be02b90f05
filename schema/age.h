/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age: files in the age v1 format (C2SP `age` v1) with X25519 recipients, sealed and opened in memory.
 *
 * All or nothing: age_open appends to `plain` only after the last chunk's tag held. Identities live in locked memory
 * (sodium_malloc, mlock checked); shared secrets, file keys and stream keys are wiped before return. One ephemeral
 * share serves all stanzas of a file. Refused, with a reason of schema/reason.h and never a guess: more than 8
 * stanzas or a header over 1 KiB, scrypt stanzas, low-order points, non-canonical base64, CRLF, a bad header MAC, a
 * missing, empty or misplaced last chunk, trailing bytes. Stanzas of other types beside ours are skipped.
 *   AGE_HEADER malformed header     AGE_MAC header MAC     KEY_UNKNOWN no stanza opens     AGE_PAYLOAD stream
 * Files too large for memory, or in text form (armour): age_stream.h.
 */
#ifndef TIPLINE_SCHEMA_AGE_H
#define TIPLINE_SCHEMA_AGE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define AGE_KEY_BYTES 32
#define AGE_RECIPIENTS_MAX 8
#define AGE_HEADER_MAX 1024
#define AGE_CHUNK 65536
#define AGE_RECIPIENT_TEXT 64 /* "age1…" is 62 characters */
#define AGE_IDENTITY_TEXT 80  /* "AGE-SECRET-KEY-1…" is 74 */

struct age_recipient {
	uint8_t key[AGE_KEY_BYTES];
};

struct age_identity; /* in locked memory */

int age_recipient_parse(struct age_recipient *recipient, const char *text, size_t len, struct err *err);
void age_recipient_text(const struct age_recipient *recipient, char text[AGE_RECIPIENT_TEXT]);
/* A public key nobody has the secret of: fill, so that the number of recipients does not show. */
void age_recipient_fill(struct age_recipient *recipient);

/* New and parsed identities fail with ERR_CONFIG, saying which limit to raise, where memory cannot be locked. */
int age_identity_generate(struct age_identity **out, struct err *err) __attribute__((warn_unused_result));
int age_identity_parse(struct age_identity **out, const char *text, size_t len, struct err *err)
	__attribute__((warn_unused_result));
void age_identity_recipient(const struct age_identity *identity, struct age_recipient *recipient);
/* The caller wipes `text`. */
void age_identity_text(const struct age_identity *identity, char text[AGE_IDENTITY_TEXT]);
void age_identity_free(struct age_identity *identity);

/* Size of a file with `n` recipients and `len` bytes of plaintext. */
size_t age_sealed_size(size_t n, size_t len);
/* Appends an age file to `out`. Stanzas stand in the order given: the caller shuffles (age_shuffle). */
void age_seal(struct buf *out, const struct age_recipient *recipients, size_t n, struct slice plain);
void age_shuffle(struct age_recipient *recipients, size_t n);
/*
 * As age_seal, with fill up to `n_stanzas` stanzas, in random order. A fill stanza has the file's share and 32 random
 * bytes, which without the secret key looks like any other stanza, and costs no curve arithmetic.
 */
void age_seal_among_fill(struct buf *out, const struct age_recipient *recipients, size_t n, size_t n_stanzas,
			 struct slice plain);
/* What a file shows to whoever has no key to it; that its MAC and its payload are good is not among it. */
struct age_look {
	size_t stanzas, others; /* X25519, and of other types */
};
int age_look(struct age_look *look, struct slice file, struct err *err);
/* Appends the plaintext to `plain`. */
int age_open(struct buf *plain, struct age_identity *const *identities, size_t n, struct slice file, struct err *err);

#endif
