/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_new: single new keys as the bytes of their files (schema/keys.h), and the end of a file that held one.
 *
 * `content` is appended to; the caller wipes it (buf_release does). All randomness is the system's.
 */
#ifndef TIPLINE_SCHEMA_KEYS_NEW_H
#define TIPLINE_SCHEMA_KEYS_NEW_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/age.h"
#include "schema/frame.h"

int keys_new_identity(struct buf *content, struct age_recipient *recipient, struct err *err);
void keys_new_sign(struct buf *content, uint8_t public_key[FRAME_SIGN_PUBLIC]);
void keys_new_curve(struct buf *content, char public_key[41]);
/* 32 random bytes: a bus key. */
void keys_new_secret(uint8_t key[32]);
/* `len` bytes, at most 64, as hex digits and a newline. */
void keys_hex_file(struct buf *content, const uint8_t *key, size_t len);

/* Calls for each file that a write of this one left beside it when it was killed. Nothing reads those. */
int keys_left_over(const char *path, int (*each)(void *arg, const char *left, struct err *err), void *arg,
		   struct err *err);
/*
 * Overwrites a file, and what keys_left_over finds of it, with random bytes, brings that to the disk, unlinks the name
 * and brings that to the disk too. A file that is not there is none. What the file system or the drive keeps of old
 * blocks is not in our hands: where that matters keys lie on an encrypted disk, or in memory.
 */
int keys_shred(const char *path, struct err *err);
/* The latter alone. Nobody may be writing the file. */
int keys_shred_left_over(const char *path, struct err *err);

#endif
