/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: TPF1, the signed envelope an adapter sends and tip.sealed holds. Integers are big-endian.
 *
 *     0    4   "TPF1"
 *     4    1   version = 1
 *     5    1   suite = 1          (age v1 X25519, Ed25519)
 *     6    2   adapter key id
 *     8   16   tip id
 *     24   4   day                days since 1970-01-01, as the adapter believes
 *     28   4   body length n
 *     32   4   contact length m
 *     36   n   body               age file
 *     36+n m   contact            age file, always present and always FRAME_CONTACT_BYTES long
 *     ...  64  Ed25519 over BLAKE2b-512("tipline/frame/v1" || all bytes before)
 *
 * The signature covers a hash, so that it costs the same for every size.
 *
 * In the code: a view borrows the bytes it was parsed from.
 */
#ifndef TIPLINE_SCHEMA_FRAME_H
#define TIPLINE_SCHEMA_FRAME_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip_id.h"

#define FRAME_HEAD 36
#define FRAME_CONTACT_BYTES 1420 /* 3 recipients and 1,024 bytes inside (schema/seal.h): no other size is taken */
#define FRAME_SIGNATURE_BYTES 64
#define FRAME_SIGN_PUBLIC 32
#define FRAME_SIGN_SECRET 64
#define FRAME_MAX (FRAME_HEAD + (1u << 20) + 2048 + 4096 + FRAME_SIGNATURE_BYTES)

struct frame {
	struct tip_id tip_id;
	uint16_t adapter;
	uint32_t day;
	struct slice body, contact;
	struct slice signed_part; /* what the signature covers */
	const uint8_t *signature;
};

/* Checks shape and lengths, not the signature. */
int frame_parse(struct frame *frame, struct slice bytes, struct err *err);
int frame_verify(const struct frame *frame, const uint8_t public_key[FRAME_SIGN_PUBLIC], struct err *err);
/* Appends a signed frame. */
void frame_build(struct buf *out, const struct frame *frame, const uint8_t secret_key[FRAME_SIGN_SECRET]);
void frame_sign_keypair(uint8_t public_key[FRAME_SIGN_PUBLIC], uint8_t secret_key[FRAME_SIGN_SECRET]);

#endif
