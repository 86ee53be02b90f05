/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_state: what the files that implement index.h share. Nobody else includes this.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_INDEX_STATE_H
#define TIPLINE_WORKERS_DEDUPE_INDEX_STATE_H

#include <sqlite3.h>

#include "workers/dedupe/index.h"

enum statement { FIND, ADD, SET_POSITION, GET_POSITION, NOTE_STANDING, GET_STANDING, WALK, N_STATEMENTS };

struct index {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
	bool in_transaction;
	uint8_t salt[INDEX_SALT_BYTES];
	struct buf links, tokens; /* reused */
};

/* ERR_SYSTEM: what SQLite says of what was being done. */
int index_sql_error(const struct index *index, struct err *err, const char *doing);
int index_run(struct index *index, const char *sql, struct err *err);
/* A transaction, unless one is open. */
int index_begin(struct index *index, struct err *err);

#endif
