/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/store/store_private.h"

#include <string.h>

struct total {
	const char *sql;
	size_t offset; /* of its uint64_t in struct store_totals */
};

/* Rows are read from the table, so that tips_twice sees what a damaged index would hide. */
static const struct total totals_read[] = {
	{ "SELECT count(*) FROM tips NOT INDEXED", offsetof(struct store_totals, tips) },
	{ "SELECT count(DISTINCT case_id) FROM tips NOT INDEXED", offsetof(struct store_totals, cases) },
	{ "SELECT count(*) FROM links", offsetof(struct store_totals, links) },
	{ "SELECT count(*) FROM tips NOT INDEXED WHERE conflict = 1", offsetof(struct store_totals, conflicts) },
	{ "SELECT count(*) FROM (SELECT 1 FROM tips NOT INDEXED GROUP BY tip_id HAVING count(*) > 1)",
	  offsetof(struct store_totals, tips_twice) },
};

static int read_count(struct store *store, const char *sql, uint64_t *count, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		*count = (uint64_t)sqlite3_column_int64(stmt, 0);
		result = 0;
	}
	if (result != 0)
		store_fail(store, "totals", err);
	sqlite3_finalize(stmt);
	return result;
}

static int read_outcomes(struct store *store, uint64_t by_outcome[N_OUTCOMES], struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR;

	if (sqlite3_prepare_v2(store->db, "SELECT outcome, count(*) FROM tips NOT INDEXED GROUP BY outcome", -1, &stmt,
			       NULL) == SQLITE_OK)
		while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
			const int outcome = sqlite3_column_int(stmt, 0);

			if (outcome >= 0 && outcome < N_OUTCOMES)
				by_outcome[outcome] = (uint64_t)sqlite3_column_int64(stmt, 1);
		}
	if (step != SQLITE_DONE)
		store_fail(store, "totals", err);
	sqlite3_finalize(stmt);
	return step == SQLITE_DONE ? 0 : -1;
}

static int read_totals(struct store *store, struct store_totals *totals, struct err *err)
{
	for (size_t i = 0; i < sizeof(totals_read) / sizeof(totals_read[0]); i++) {
		uint64_t count = 0;

		if (read_count(store, totals_read[i].sql, &count, err) != 0)
			return -1;
		memcpy((char *)totals + totals_read[i].offset, &count, sizeof(count));
	}
	return read_outcomes(store, totals->by_outcome, err);
}

/* All of one moment: inside the transaction that is open, or one of its own. */
int store_totals(struct store *store, struct store_totals *totals, struct err *err)
{
	const bool own = sqlite3_get_autocommit(store->db);
	int result;

	memset(totals, 0, sizeof(*totals));
	if (own && store_exec(store, "BEGIN", "totals", err) != 0)
		return -1;
	result = read_totals(store, totals, err);
	if (own)
		store_rollback(store);
	return result;
}
