/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linkage: the linkage key as its file has it, and how tokens are carried from one epoch of it to the next.
 *
 * Tokens are MACs of words, and nobody keeps the words: with a wholly new key every link to an earlier tip would be
 * lost. So the key has two parts. The inner one makes the MAC (token.h) and stays. The outer one, which the first
 * epoch has not, is the key of a permutation of 64-bit numbers, put over each MAC. Whoever holds the outer keys of
 * two epochs can carry tokens from one to the other, and without the inner key he can neither make nor test one. A
 * rotation makes a new outer key: dedupe and the registers of teams are carried over exactly, since equal tokens
 * stay equal and others stay different; and whoever stole the key before cannot test words on an index or a register
 * made after.
 *
 * The permutation is a Feistel network of 6 rounds over two halves of 32 bits, with SipHash-2-4 of (round, half) under
 * the outer key as round function. token_key_check is carried like a token, so each epoch has its own.
 *
 *     linkage.key    64 hex digits, the inner key; after a rotation a second line of 64, the outer key
 *     relink         what dedupe is given: a line for each epoch, oldest first, of its key check (16 hex digits), a
 *                    space and its outer key (64 hex digits, or - for none); the last one is in force
 *
 * Digests of tips (record.h) are under the inner key, so that a repeat is known over rotations.
 */
#ifndef TIPLINE_SCHEMA_LINKAGE_H
#define TIPLINE_SCHEMA_LINKAGE_H

#include "ops/runtime/err.h"
#include "schema/fingerprint.h"
#include "schema/token.h"

#define LINKAGE_EPOCHS_MAX 4

struct linkage {
	uint8_t inner[LINKAGE_KEY_BYTES], outer[LINKAGE_KEY_BYTES];
	bool has_outer;
};

int linkage_load(struct linkage *linkage, const char *path, struct err *err);
/* Appends the file. */
void linkage_print(const struct linkage *linkage, struct buf *file);
void linkage_fingerprint(const struct linkage *linkage, char print[FINGERPRINT_TEXT]);
uint64_t linkage_check(const struct linkage *linkage);
/* Tokens fresh from token_list_of_tip or token_list_of_staff become those of the epoch. */
void linkage_cover(const struct linkage *linkage, struct token_list *tokens);

/* The epochs that tokens can be carried between. */
struct relink_epoch {
	uint64_t check;
	bool has_outer;
	uint8_t outer[LINKAGE_KEY_BYTES];
};
struct relink {
	struct relink_epoch epochs[LINKAGE_EPOCHS_MAX]; /* oldest first */
	size_t n;
};

int relink_load(struct relink *relink, const char *path, struct err *err);
void relink_print(const struct relink *relink, struct buf *file);
/* NULL when it has none of this check. */
const struct relink_epoch *relink_find(const struct relink *relink, uint64_t check);
uint64_t relink_mac(const struct relink_epoch *from, const struct relink_epoch *to, uint64_t mac);
/* In place: sorted again, with the check of `to`. */
void relink_tokens(const struct relink_epoch *from, const struct relink_epoch *to, struct token_list *tokens);

#endif
