/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: key files as they lie on disk, made and read.
 *
 * A folder made by `tipctl keys init` (secret files are mode 0600; a file that others can read is refused by name):
 *     triage/EPOCH.identity        age identity file       held by classify
 *     recovery.identity, custodian.identity                held offline
 *     root.key, root.pub           Ed25519, 128 and 64 hex digits; the secret is held offline and signs
 *                                  recipients.json; the public key is held by adapters
 *     bus/EPOCH.key                64 hex digits           held by classify, dedupe, route
 *     bus/EPOCH.case.routed.key    the derived key         held by the sink
 *     bus/active                   the epoch to seal with  beside each copy of the bus keys; without it the newest
 *     linkage.key                  64 hex digits, after a rotation two lines (schema/linkage.h); held by classify
 *     teams/NAME.identity, teams/NAME.recipient            held by the team; the recipient by route
 *     gateway.curve                Z85 secret, then public held by the gateway;   gateway.curve.pub by adapters
 *                                  (a line each and no comments, since a key may begin with '#')
 *     adapters/NAME.sign, adapters/NAME.curve              held by the adapter
 *     adapters.yaml                allow-list: name, id, sign and curve public keys, channels, revoked, former
 *                                  (sign and curve, as long as what was signed before a rotation is taken); held
 *                                  by gateway and classify
 *     recipients.json              the signed list of whom intake seals to (schema/recipients.h); held by the gateway
 *     operators/NAME.sign          128 hex digits          held by the operator, who confirms with it
 *     retired/                     triage and bus keys that daemons no longer have, until they are destroyed
 *     NAME.N.identity, NAME.N.sign, NAME.N.curve           the same as without N, of a later epoch
 *     keyring.yaml, keys.log       the inventory and the audit log that `tipctl keys` keeps; no secret is in them
 *
 * In the code: secrets are returned in locked memory or in the caller's buffer, which the caller wipes.
 */
#ifndef TIPLINE_SCHEMA_KEYS_H
#define TIPLINE_SCHEMA_KEYS_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/age.h"
#include "schema/bus.h"
#include "schema/frame.h"
#include "schema/seal.h"

/* libsodium is made ready and memory can be locked; ERR_CONFIG names the limit to raise. Call once, first. */
int keys_begin(struct err *err);

/* Reads a secret file whole into `out`: regular file, owner's alone, at most 64 KiB. */
int keys_read_secret(struct buf *out, const char *path, struct err *err);
/* Writes atomically: temporary file, fsync, rename, fsync the folder. `mode` 0600 or 0644. Refuses to overwrite.
 * What root
 * writes belongs to the owner of the folder. */
int keys_write(const char *path, struct slice content, unsigned mode, struct err *err);
/* The same in place of what is there: a reader sees the old content or the new. */
int keys_replace(const char *path, struct slice content, unsigned mode, struct err *err);

/* All *.identity files of a folder, or the one file: comments and empty lines as age-keygen writes them. */
struct identity_set {
	struct age_identity **items;
	size_t n;
};
int identity_set_load(struct identity_set *set, const char *path, struct err *err);
void identity_set_release(struct identity_set *set);

/* bus/EPOCH.key for whole epochs, bus/EPOCH.TOPIC.key for derived ones; at least one must be there. */
int keys_load_bus(struct bus_ring **out, const char *folder, struct err *err) __attribute__((warn_unused_result));
/* 64 hex digits and a newline. */
int keys_load_hex32(uint8_t key[32], const char *path, struct err *err);
int keys_load_sign(uint8_t secret[FRAME_SIGN_SECRET], const char *path, struct err *err); /* 128 hex digits */
int keys_load_root_public(uint8_t public_key[FRAME_SIGN_PUBLIC], const char *path, struct err *err); /* 64 hex digits */
int keys_load_recipient(struct age_recipient *recipient, const char *path, struct err *err);
/* Adds those of a file, one a line, to the `n` that are there; at least one, and no more than `max` together. */
int keys_load_recipient_list(struct age_recipient *recipients, size_t max, size_t *n, const char *path,
			     struct err *err);
struct curve_pair {
	char secret[41], public_key[41]; /* Z85 */
};
int keys_load_curve(struct curve_pair *pair, const char *path, struct err *err);
int keys_load_curve_public(char public_key[41], const char *path, struct err *err);

/* The allow-list of adapters, sorted by id. */
#define ADAPTER_LIST_MAX 4096
struct adapter {
	uint16_t id;
	char name[64];
	uint8_t sign_public[FRAME_SIGN_PUBLIC];
	char curve_public[41];
	uint32_t channels; /* bit per enum channel */
	bool revoked;
	bool has_former; /* the pair before the last rotation, taken until it is retired */
	uint8_t former_sign[FRAME_SIGN_PUBLIC];
	char former_curve[41];
};
struct adapter_list {
	struct adapter *items;
	size_t n;
};
int adapter_list_load(struct adapter_list *list, const char *path, struct err *err);
/* ERR_CONFIG, and the list as it was, when it is full, or another adapter has the id, the name or a key. */
int adapter_list_add(struct adapter_list *list, const struct adapter *adapter, struct err *err);
const struct adapter *adapter_list_find(const struct adapter_list *list, uint16_t id);
const struct adapter *adapter_list_by_curve(const struct adapter_list *list, const char *curve_public);
/* Whether the adapter signed the frame, with its key or its former one. */
int adapter_verify(const struct adapter *adapter, const struct frame *frame, struct err *err);
/* Names the keys that are taken, "adapter:FINGERPRINT": none of a revoked one, two where there is a former. */
void adapter_names(const struct adapter *adapter, void (*each)(void *arg, const char *name), void *arg);
/* Appends the list's file. */
void adapter_list_print(const struct adapter_list *list, struct buf *out);
void adapter_list_release(struct adapter_list *list);

#endif
