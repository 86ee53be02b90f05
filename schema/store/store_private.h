/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_private: what store_open.c, store_write.c and store_read.c share. Statements are prepared once and kept.
 */
#ifndef TIPLINE_SCHEMA_STORE_STORE_PRIVATE_H
#define TIPLINE_SCHEMA_STORE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "schema/store/store.h"

enum store_statement {
	STORE_ADD_TIP, STORE_GET_DIGEST, STORE_ADD_TEAM, STORE_ADD_LINK, STORE_ADD_SEALED, STORE_SET_POSITION,
	STORE_GET_POSITION, STORE_ADD_STEP,
	N_STORE_STATEMENTS
};

struct store {
	sqlite3 *db;
	int lock;  /* the writer's lock file, or -1 */
	bool dead; /* a commit failed: nothing more is done with this handle */
	sqlite3_stmt *statements[N_STORE_STATEMENTS];
};

/* Sets err from the last error of the connection, and returns -1. */
int store_fail(struct store *store, const char *doing, struct err *err);
int store_exec(struct store *store, const char *sql, const char *doing, struct err *err);
/* Reset, with no bindings. NULL and err when it cannot be prepared. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct err *err);

/* Applies what of store.sql the file lacks. */
int store_migrate(struct store *store, struct err *err);
int store_version(struct store *store, int *version, struct err *err);
int store_newest_version(void);

#endif
