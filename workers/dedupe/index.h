/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: dedupe's own file: every tip that was answered, with its case, links and tokens, and how far the topic was
 * read, in one SQLite database.
 *
 * What was added since the last index_commit is in an open transaction: a process that ends loses all of it at once,
 * and the batch is seen again. State and position move together. The file is the owner's alone (0600; one that others
 * can read is refused), is held by one process at a time (locking_mode EXCLUSIVE), and is on disk when a commit
 * returns (synchronous FULL). It holds keyed tokens, never words.
 *
 * What lay in the log at the start is brought into the file, checked, before anything is built on it.
 *
 * Errors: ERR_CONFIG for a file that is not ours or readable by others; ERR_TEMPORARY for one in use: the process that
 * has it may be about to end; ERR_SYSTEM for what SQLite or the
 * disk refused, after which the process must end.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_INDEX_H
#define TIPLINE_WORKERS_DEDUPE_INDEX_H

#include "schema/linkage.h"
#include "schema/record.h"

#define INDEX_SALT_BYTES 32

struct index;

struct index_row {
	int64_t seq; /* its number in the order they were added, from 1; given by index_walk alone */
	struct tip_id tip_id, case_id;
	uint32_t day;
	uint8_t digest[DIGEST_BYTES];
	int32_t partition; /* where the tip was answered first */
	int64_t offset;
	struct token_list tokens; /* not read by index_find */
	struct link links[LINKS_MAX];
	size_t n_links;
};

/* `path` NULL: in memory, for --try. `salt` is used when the file is new. */
int index_open(struct index **out, const char *path, const uint8_t salt[INDEX_SALT_BYTES], struct err *err)
	__attribute__((warn_unused_result));
/* What was not committed is undone. */
void index_close(struct index *index);

/* 1 found, 0 not found, -1. */
int index_find(struct index *index, const struct tip_id *tip_id, struct index_row *row, struct err *err);
int index_add(struct index *index, const struct index_row *row, struct err *err);
/* Notes that the topic was read up to, not including, `next`. Part of the transaction. */
int index_set_position(struct index *index, const char *topic, int32_t partition, int64_t next, struct err *err);
int index_commit(struct index *index, struct err *err);
/* -1 when unknown. */
int64_t index_position(struct index *index, const char *topic, int32_t partition);

/*
 * Where linking stood after the row `seq`, under which settings: a start reads the rows of that window and those that
 * came after it, and not all that ever came. Noted from time to time, part of the transaction.
 */
struct index_standing {
	int64_t seq, today;
	int64_t n_tips;                  /* in the window: the last up to `seq` */
	int64_t window_days, window_tips; /* the settings */
};

/* `seq` is not looked at: it is the last row's. */
int index_note_standing(struct index *index, const struct index_standing *standing, struct err *err);
/* 1 found, 0 none was noted, -1. */
int index_standing(struct index *index, struct index_standing *standing, struct err *err);

/* Calls `each` for every row after the row `seq` (0: for all), in the order they were added. Stops at -1. Tokens are
 * valid during the call. */
int index_walk(struct index *index, int64_t seq, int (*each)(void *arg, const struct index_row *row, struct err *err),
	       void *arg, struct err *err);

/* The check of the linkage key (schema/linkage.h) that the tokens are under; 0: not told yet. */
int index_key_check(struct index *index, uint64_t *check, struct err *err);
/* Part of the transaction. */
int index_set_key_check(struct index *index, uint64_t check, struct err *err);
/* Carries all tokens over, and notes it, in a transaction of its own: between two batches. On -1 all is as it was. */
int index_relink(struct index *index, const struct relink_epoch *from, const struct relink_epoch *to,
		 struct err *err);

/* The file's secret, made when it was: what case ids are derived with. */
const uint8_t *index_salt(const struct index *index);

#endif
