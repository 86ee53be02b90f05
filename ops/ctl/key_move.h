/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_move: a key on its way to those who hold it, in steps that a crash cannot spoil.
 *
 * A new key's own file in the site's folder comes before the inventory names the key: no entry is of a key that was
 * lost on the way, and who goes on from there finds the file, whose name follows from kind and epoch. Each further copy
 * is noted in the inventory before it is made, so that none is forgotten when the key is destroyed. Daemons see new
 * files by themselves (stage_keys.h); key_await asks each one's /status until it names the key. So nobody seals with a
 * key before all have it who must open it. What is interrupted is done again from the start: each step first looks
 * whether it has been done.
 */
#ifndef TIPLINE_OPS_CTL_KEY_MOVE_H
#define TIPLINE_OPS_CTL_KEY_MOVE_H

#include "ops/ctl/key_audit.h"
#include "ops/ctl/key_site.h"

/* A new key's own file, mode 0600, unless an interrupted run left it there. The inventory does not know it yet. */
int key_put_first(const struct key_site *site, const char *file, struct slice content, struct err *err);
/* -1 unless its own file is there and holds this key, which the inventory knows. */
int key_have_own(const struct key_site *site, const struct keyring_key *key, const char *file, struct err *err);
/* Enters a new key, with its fingerprint and files, into audit log and inventory. */
int key_enter(struct key_site *site, struct keyring_key *key, const char *detail, struct err *err);
/* All three, for an age identity: it is there in the end, and the inventory has its public half. */
int key_have_identity(struct key_site *site, struct keyring_key *key, const char *file, struct err *err);
/*
 * Writes a copy of a secret file, mode 0600, unless it is there with this content; ERR_CONFIG where another key is.
 * Saves the inventory first.
 */
int key_put(struct key_site *site, struct keyring_key *key, const char *file, struct slice content, struct err *err);
/* The content of a file of the inventory's; for a secret one. */
int key_get(const struct key_site *site, const char *file, struct buf *content, struct err *err);
/* Replaces a file that holds no secret. `file` as in the inventory. */
int key_put_public(const struct key_site *site, const char *file, struct slice content, struct err *err);
/* Notes the copies of a bus or triage key that lie in the daemons' folders, whoever put them there. */
void key_find_copies(struct key_site *site, struct keyring_key *key);
/* Overwrites and unlinks all copies that `which` wants gone, and forgets them. */
int key_shred_files(struct key_site *site, struct keyring_key *key, bool (*which)(const char *file), struct err *err);

/* What a daemon's /status must say of its keys. */
struct key_wish {
	const char *stage;   /* "classify" */
	char name[128];      /* named, or not named, by "keys"; "": none */
	bool gone;           /* `name` must not be there */
	bool idle;           /* nothing waits for the stage, as far as it says */
	unsigned seals;      /* the epoch it seals with; 0: whichever */
};

#define KEY_WISHES_MAX 80

/*
 * Waits until all wishes are true: ERR_TEMPORARY after --wait (30 s), saying what is missing. A daemon without an
 * address in tipctl's configuration cannot be asked: ERR_CONFIG, unless --unasked was given.
 */
int key_await(const struct key_site *site, const struct key_wish *wishes, size_t n, struct err *err);

/* Sets the state, and the days that go with it; says it in the audit log; saves. */
int key_set_state(struct key_site *site, struct keyring_key *key, enum key_state state, const char *did,
		  struct err *err);

/* The same of several keys, of which either all are changed or none. */
struct key_change {
	struct keyring_key *key; /* NULL: nothing */
	enum key_state state;
	const char *did;
};
int key_change_states(struct key_site *site, const struct key_change *changes, size_t n, struct err *err);

#endif
