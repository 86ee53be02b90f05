/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the Command's store of outcomes and sealed cases, in SQLite (schema/store/store.sql).
 *
 * One writer (the sink; a second one is refused with ERR_TEMPORARY reason "store-locked"), any number of readers.
 * Rows are idempotent on tip_id: adding one that is there changes nothing, and says whether it is the same tip. A
 * batch and the Kafka position it came from are one transaction: store_begin … store_add … store_set_position …
 * store_commit.
 * After a failed commit (disk full, I/O error) the handle is dead: close it and exit; nothing was acknowledged.
 * A failed store_add or store_set_position: roll back (SQLite may have done it), and begin the batch again or exit.
 * Readers and the writer never wait for each other (write-ahead log).
 * Reasons of errors: store-locked, store-full (ERR_TEMPORARY: may pass), store-empty (ERR_TEMPORARY: a reader came
 * before the sink's first start), store-open (ERR_UNAVAILABLE: no such file), store-io, store-read-only, store-damaged,
 * store-failed, store-dead (ERR_SYSTEM), store-foreign, store-newer, store-older (ERR_CONFIG).
 * Nothing in the store can be read without a team's identity but: ids, days, channels, outcomes, teams, priorities,
 * conflicts of interest, rule names, policy hashes, links and their scores, and when (day) each stage passed it on, as
 * which release with which configuration (hash).
 */
#ifndef TIPLINE_SCHEMA_STORE_STORE_H
#define TIPLINE_SCHEMA_STORE_STORE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/record.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/*
 * STORE_WRITE creates the file (0600) and migrates it, and holds "PATH.lock" for its life. A newer schema than ours is
 * ERR_CONFIG. STORE_READ needs to write to the folder while no writer runs (the log's index).
 */
int store_open(struct store **out, const char *path, enum store_mode mode, struct err *err)
	__attribute__((warn_unused_result));
void store_close(struct store *store); /* rolls back what is open; NULL is allowed */

int store_begin(struct store *store, struct err *err);
/*
 * One of these, or -1. STORE_SAME: the tip was there already. STORE_CONFLICT: another tip is there under its id, by its
 * digest; nothing was changed, and the caller must not let the tip vanish.
 */
enum store_added { STORE_SAME, STORE_ADDED, STORE_CONFLICT };
int store_add(struct store *store, const struct record *record, struct err *err);
int store_set_position(struct store *store, const char *topic, int32_t partition, int64_t next, struct err *err);
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);
/* Next offset to read, -1 when unknown. */
int64_t store_position(struct store *store, const char *topic, int32_t partition);

/*
 * A copy of the whole store as it is now, in one new file (0600) that is on the disk when this returns; a writer goes
 * on meanwhile. ERR_DATA, reason copy-exists, when there is such a file. Nothing is left of a copy that failed.
 */
int store_copy(struct store *store, const char *path, struct err *err);

/* Reading. Newest first. Callbacks return 0 to go on, 1 to stop. Strings and slices are valid during the call. */
struct store_tip {
	struct tip_id tip_id, case_id;
	uint32_t day;
	uint8_t outcome, priority, channel;
	bool conflict;
	const char *teams; /* separated by spaces */
	const char *rule;
	const char *policy_hash; /* hex */
	size_t n_links;
};
struct store_case {
	struct tip_id case_id;
	uint32_t first_day, last_day;
	size_t n_tips, n_links;
	const char *teams, *outcomes; /* separated by spaces */
	uint8_t priority;             /* the most urgent */
};
/* A case matches when one of its tips does; what store_each_case tells is of all its tips. */
struct store_filter {
	const char *team, *outcome;   /* NULL: any */
	const struct tip_id *case_id, *tip_id; /* NULL: any */
	size_t limit;                 /* 0: none */
};
int store_each_tip(struct store *store, const struct store_filter *filter,
		   int (*each)(void *arg, const struct store_tip *tip), void *arg, struct err *err);
int store_each_case(struct store *store, const struct store_filter *filter,
		    int (*each)(void *arg, const struct store_case *c), void *arg, struct err *err);
/* The stages a tip passed, in their order; none for tips stored by an earlier release. */
int store_each_step(struct store *store, const struct tip_id *tip_id,
		    int (*each)(void *arg, const struct record_step *step), void *arg, struct err *err);
int store_each_link(struct store *store, const struct tip_id *tip_id,
		    int (*each)(void *arg, const struct link *link), void *arg, struct err *err);
/* The age file of a tip's case for its teams; the contact file for the custodian. 1 found, 0 not there, -1 error. */
int store_sealed_case(struct store *store, const struct tip_id *tip_id, struct buf *out, struct err *err);
int store_contact(struct store *store, const struct tip_id *tip_id, struct buf *out, struct err *err);

struct store_totals {
	uint64_t tips, cases, links, conflicts;
	uint64_t tips_twice; /* tip ids with more than one row, counted by reading the table, not its index */
	uint64_t by_outcome[N_OUTCOMES];
};
int store_totals(struct store *store, struct store_totals *totals, struct err *err);
int store_each_team(struct store *store,
		    int (*each)(void *arg, const char *team, uint8_t outcome, uint64_t tips), void *arg,
		    struct err *err);

#endif
