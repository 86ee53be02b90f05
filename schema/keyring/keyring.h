/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring: the inventory of a site's keys, keyring.yaml in the folder of `tipctl keys init`. No secret is in it.
 *
 *     version: 1
 *     log:                         how far the audit log went when this was written; absent: nowhere
 *       lines: 7
 *       last: '…'                  32 hex digits, the hash of that line
 *     keys:
 *       - key: bus                 a kind: root, triage, recovery, custodian, bus, linkage, team, adapter …
 *         name: "corruption"       of a team, an adapter, an operator
 *         epoch: 2                 1 to 255 for bus keys, which counts upwards with each rotation
 *         state: active
 *         fingerprint: '0123456789abcdef'
 *         public: "age1…"          the public half, where there is one; an adapter's: signing key, space, transport key
 *         from: 2026-11-28         in use since; absent while it is coming
 *         until: 2027-02-26        rotate it before; absent: no limit
 *         files: ["bus/2.key", "/etc/tipline/dedupe/bus/2.key"]   every copy that tipctl made, relative to this folder
 *
 * States: coming (made, not everybody has it), active (used for what is new), overlap (an older one that still opens or
 * is accepted), retired (out of use; still kept here for what was parked, or by its holder for old cases), destroyed
 * (no copy is left but those that `files` names while it goes on, or was cut short; the line stays). A rotation that
 * was interrupted leaves `coming`, and the next goes on from it.
 *
 * The file is read strictly and written whole (temporary file, fsync, rename, fsync of the folder), mode 0600. A folder
 * without one gets one from what lies in it (keyring_open). One process at a time changes it: keyring_lock.
 */
#ifndef TIPLINE_SCHEMA_KEYRING_KEYRING_H
#define TIPLINE_SCHEMA_KEYRING_KEYRING_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/age.h"
#include "schema/fingerprint.h"

#define KEY_NAME_MAX 64
#define KEY_PUBLIC_MAX 128
#define KEY_FILES_MAX 64
#define KEYRING_KEYS_MAX 4096
#define KEYRING_FILE "keyring.yaml"
#define KEYRING_LOG_HASH 33

enum key_kind {
	KEY_ROOT, KEY_TRIAGE, KEY_RECOVERY, KEY_CUSTODIAN, KEY_BUS, KEY_LINKAGE, KEY_TEAM, KEY_ADAPTER, KEY_GATEWAY,
		KEY_OPERATOR,
	N_KEY_KINDS
};

enum key_state { KEY_COMING, KEY_ACTIVE, KEY_OVERLAP, KEY_RETIRED, KEY_DESTROYED, N_KEY_STATES };

struct key_kind_facts {
	const char *name, *holders, *opens;
	const char *lost; /* what its loss, or its theft, means, and what to do */
	int days;     /* rotate it after so many; 0: no limit */
	bool named;   /* there are several, by name */
	bool offline; /* must not stay on this machine */
};

extern const struct key_kind_facts key_kinds[N_KEY_KINDS];
extern const char *const key_state_names[N_KEY_STATES];

struct keyring_key {
	enum key_kind kind;
	enum key_state state;
	char name[KEY_NAME_MAX]; /* "" for a kind of which there is one */
	unsigned epoch;
	char print[FINGERPRINT_TEXT];
	char public_key[KEY_PUBLIC_MAX]; /* "" for what has no public half */
	int64_t from, until;             /* days since 1970-01-01; 0: none */
	char *files[KEY_FILES_MAX];      /* owned */
	size_t n_files;
};

struct keyring {
	char *folder; /* owned */
	struct keyring_key **keys; /* owned; by kind, name, epoch */
	size_t n;
	int lock; /* -1: not held */
	size_t log_lines; /* of keys.log; whoever writes there keeps both */
	char log_last[KEYRING_LOG_HASH];
	bool adopted; /* there was no file: made from what lies in the folder */
};

/* Reads the inventory, or makes one of the folder's files. keyring_release in any case. */
int keyring_open(struct keyring *ring, const char *folder, struct err *err) __attribute__((warn_unused_result));
/* The same, as the only one who changes it until keyring_release; ERR_TEMPORARY where another does. */
int keyring_open_locked(struct keyring *ring, const char *folder, struct err *err)
	__attribute__((warn_unused_result));
void keyring_release(struct keyring *ring);
int keyring_save(const struct keyring *ring, struct err *err);

/* The text of the file. `ring` is empty; `name` stands for the file in messages. */
int keyring_parse(struct keyring *ring, const char *name, struct slice text, struct err *err);
void keyring_print(const struct keyring *ring, struct buf *text);
/* Fills an empty ring from the files of its folder. */
int keyring_adopt(struct keyring *ring, struct err *err);

/* A new entry in its place, all zero but for these; valid until keyring_release. */
struct keyring_key *keyring_add(struct keyring *ring, enum key_kind kind, const char *name, unsigned epoch)
	__attribute__((returns_nonnull));
/* NULL: there is none. `name` may be NULL for "". */
struct keyring_key *keyring_find(const struct keyring *ring, enum key_kind kind, const char *name, unsigned epoch);
/* The one of the highest epoch in this state. */
struct keyring_key *keyring_in_state(const struct keyring *ring, enum key_kind kind, const char *name,
				     enum key_state state);
/* The next epoch: one above all there ever were. */
unsigned keyring_next_epoch(const struct keyring *ring, enum key_kind kind, const char *name);
/* The public half and the fingerprint of an age key. */
void keyring_set_recipient(struct keyring_key *key, const struct age_recipient *recipient);
/* Notes a copy, once; BUG when there are more than KEY_FILES_MAX. */
void keyring_add_file(struct keyring_key *key, const char *file);
void keyring_drop_file(struct keyring_key *key, size_t i);
/* The path of a file of the ring's. */
const char *keyring_path(const struct keyring *ring, const char *file, struct buf *path);
/* "bus 2", "team corruption 1": for people. */
void keyring_label(const struct keyring_key *key, char label[KEY_NAME_MAX + 32]);

#endif
