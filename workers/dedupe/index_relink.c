/* SPDX-License-Identifier: Apache-2.0 */
/* The index under a new epoch of the linkage key: every row's tokens carried over, in one transaction. */
#include "workers/dedupe/entry.h"
#include "workers/dedupe/index_state.h"

struct carrying {
	const struct relink_epoch *from, *to;
	struct arena *arena;
	struct buf bytes;
};

/* SQL: relink(tokens). */
static void relink_column(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct carrying *carrying = sqlite3_user_data(context);
	struct token_list tokens;
	struct slice bytes = slice_of(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));

	(void)n;
	arena_reset(carrying->arena);
	if (entry_tokens_decode(&tokens, bytes, carrying->arena, NULL) < 0) {
		sqlite3_result_error(context, "a row's tokens are damaged", -1);
		return;
	}
	relink_tokens(carrying->from, carrying->to, &tokens);
	buf_clear(&carrying->bytes);
	entry_tokens_encode(&carrying->bytes, &tokens);
	sqlite3_result_blob(context, carrying->bytes.data, (int)carrying->bytes.len, SQLITE_TRANSIENT);
}

int index_key_check(struct index *index, uint64_t *check, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	*check = 0;
	if (sqlite3_prepare_v2(index->db, "SELECT key_check FROM linkage", -1, &stmt, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot read which linkage key it is under");
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*check = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
		: index_sql_error(index, err, "cannot read which linkage key it is under");
}

int index_set_key_check(struct index *index, uint64_t check, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	if (index_begin(index, err) < 0)
		return -1;
	if (sqlite3_prepare_v2(index->db, "INSERT OR REPLACE INTO linkage VALUES (1, ?1)", -1, &stmt, NULL) != SQLITE_OK)
		return index_sql_error(index, err, "cannot note which linkage key it is under");
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)check);
	rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : index_sql_error(index, err, "cannot note which linkage key it is under");
}

int index_relink(struct index *index, const struct relink_epoch *from, const struct relink_epoch *to,
		 struct err *err)
{
	struct carrying carrying = { .from = from, .to = to, .arena = arena_new(TOKENS_MAX * sizeof(struct token)) };
	int result = -1;

	if (index->in_transaction)
		BUG("relinking in the middle of a batch");
	if (sqlite3_create_function_v2(index->db, "relink", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, &carrying, relink_column,
				       NULL, NULL, NULL) != SQLITE_OK)
		index_sql_error(index, err, "cannot carry tokens over");
	else if (index_begin(index, err) == 0) {
		if (sqlite3_exec(index->db, "UPDATE tip SET tokens = relink(tokens)", NULL, NULL, NULL) != SQLITE_OK)
			index_sql_error(index, err, "cannot carry tokens over");
		else if (index_set_key_check(index, to->check, err) == 0)
			result = index_commit(index, err);
		if (result < 0) {
			(void)sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
			index->in_transaction = false;
		}
	}
	sqlite3_create_function_v2(index->db, "relink", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL);
	buf_release(&carrying.bytes);
	arena_free(carrying.arena);
	return result;
}
