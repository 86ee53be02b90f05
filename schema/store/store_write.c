/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/store/store_private.h"

static const char *const statement_sql[N_STORE_STATEMENTS] = {
	[STORE_ADD_TIP] =
		"INSERT INTO tips (tip_id, case_id, day, channel, outcome, priority,"
		" conflict, rule, policy_hash, digest)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (tip_id) DO NOTHING",
	[STORE_GET_DIGEST] = "SELECT digest FROM tips WHERE tip_id = ?1",
	[STORE_ADD_TEAM] = "INSERT INTO tip_teams (tip, place, team) VALUES (?1, ?2, ?3)",
	/* One edge to each earlier tip, whatever the record says. */
	[STORE_ADD_LINK] =
		"INSERT INTO links (tip, earlier, score, reasons, strong) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT (tip, earlier) DO NOTHING",
	[STORE_ADD_SEALED] = "INSERT INTO sealed (tip, case_file, contact) VALUES (?1, ?2, ?3)",
	[STORE_ADD_STEP] =
		"INSERT INTO steps (tip, place, stage, version, day, configuration)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[STORE_SET_POSITION] =
		"INSERT INTO positions (topic, part, next) VALUES (?1, ?2, ?3)"
		" ON CONFLICT (topic, part) DO UPDATE SET next = excluded.next",
	[STORE_GET_POSITION] = "SELECT next FROM positions WHERE topic = ?1 AND part = ?2",
};

sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct err *err)
{
	sqlite3_stmt **stmt = &store->statements[which];

	if (*stmt) {
		sqlite3_reset(*stmt);
		sqlite3_clear_bindings(*stmt);
	} else if (sqlite3_prepare_v3(store->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) !=
		   SQLITE_OK) {
		store_fail(store, "prepare", err);
	}
	return *stmt;
}

static int alive(const struct store *store, struct err *err)
{
	return store->dead ? err_set(err, ERR_SYSTEM, "store-dead", "store: an earlier commit failed") : 0;
}

static int in_transaction(const struct store *store, struct err *err)
{
	if (alive(store, err) != 0)
		return -1;
	return sqlite3_get_autocommit(store->db) ? err_set(err, ERR_BUG, NULL, "store: no transaction is open") : 0;
}

static void bind_slice(sqlite3_stmt *stmt, int at, struct slice s)
{
	if (s.len)
		sqlite3_bind_blob64(stmt, at, s.data, s.len, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(stmt, at, 0);
}

static void bind_text(sqlite3_stmt *stmt, int at, struct slice s)
{
	sqlite3_bind_text64(stmt, at, s.len ? (const char *)s.data : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_id(sqlite3_stmt *stmt, int at, const struct tip_id *id)
{
	sqlite3_bind_blob(stmt, at, id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
}

/* Runs it to the end and lets go of what it borrowed. */
static int run(struct store *store, sqlite3_stmt *stmt, const char *doing, struct err *err)
{
	int result = sqlite3_step(stmt) == SQLITE_DONE ? 0 : store_fail(store, doing, err);

	sqlite3_reset(stmt);
	return result;
}

int store_begin(struct store *store, struct err *err)
{
	if (store->lock < 0)
		return err_set(err, ERR_BUG, NULL, "store: opened for reading only");
	return alive(store, err) != 0 ? -1 : store_exec(store, "BEGIN IMMEDIATE", "begin", err);
}

static int add_tip(struct store *store, const struct record *record, struct err *err)
{
	const struct routing *routing = &record->routing;
	sqlite3_stmt *stmt = store_statement(store, STORE_ADD_TIP, err);

	if (!stmt)
		return -1;
	bind_id(stmt, 1, &record->tip_id);
	bind_id(stmt, 2, &record->case_id);
	sqlite3_bind_int64(stmt, 3, record->day);
	sqlite3_bind_int(stmt, 4, record->channel);
	sqlite3_bind_int(stmt, 5, routing->outcome);
	sqlite3_bind_int(stmt, 6, routing->priority);
	sqlite3_bind_int(stmt, 7, routing->conflict);
	bind_text(stmt, 8, routing->rule);
	bind_slice(stmt, 9, slice_of(routing->policy_hash, HASH_BYTES));
	bind_slice(stmt, 10, slice_of(record->digest, DIGEST_BYTES));
	if (run(store, stmt, "add", err) != 0)
		return -1;
	return sqlite3_changes(store->db) > 0;
}

static int add_teams(struct store *store, sqlite3_int64 row, const struct routing *routing, struct err *err)
{
	for (size_t i = 0; i < routing->n_teams; i++) {
		sqlite3_stmt *stmt = store_statement(store, STORE_ADD_TEAM, err);

		if (!stmt)
			return -1;
		sqlite3_bind_int64(stmt, 1, row);
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)i);
		bind_text(stmt, 3, routing->teams[i]);
		if (run(store, stmt, "add team", err) != 0)
			return -1;
	}
	return 0;
}

static int add_links(struct store *store, sqlite3_int64 row, const struct record *record, struct err *err)
{
	for (size_t i = 0; i < record->n_links; i++) {
		const struct link *link = &record->links[i];
		sqlite3_stmt *stmt = store_statement(store, STORE_ADD_LINK, err);

		if (!stmt)
			return -1;
		sqlite3_bind_int64(stmt, 1, row);
		bind_id(stmt, 2, &link->tip_id);
		sqlite3_bind_double(stmt, 3, (double)link->score);
		sqlite3_bind_int64(stmt, 4, link->reasons);
		sqlite3_bind_int(stmt, 5, link->strong);
		if (run(store, stmt, "add link", err) != 0)
			return -1;
	}
	return 0;
}

static int add_steps(struct store *store, sqlite3_int64 row, const struct record *record, struct err *err)
{
	for (size_t i = 0; i < record->n_steps; i++) {
		const struct record_step *step = &record->steps[i];
		sqlite3_stmt *stmt = store_statement(store, STORE_ADD_STEP, err);

		if (!stmt)
			return -1;
		sqlite3_bind_int64(stmt, 1, row);
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)i);
		bind_text(stmt, 3, step->stage);
		bind_text(stmt, 4, step->version);
		sqlite3_bind_int64(stmt, 5, step->day);
		bind_slice(stmt, 6, slice_of(step->configuration, CONFIGURATION_BYTES));
		if (run(store, stmt, "add step", err) != 0)
			return -1;
	}
	return 0;
}

static int add_sealed(struct store *store, sqlite3_int64 row, const struct record *record, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, STORE_ADD_SEALED, err);

	if (!stmt)
		return -1;
	sqlite3_bind_int64(stmt, 1, row);
	bind_slice(stmt, 2, record->sealed_case);
	bind_slice(stmt, 3, record->contact);
	return run(store, stmt, "add sealed case", err);
}

/* Whether the tip that has this id is this one. */
static int compare_digest(struct store *store, const struct record *record, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, STORE_GET_DIGEST, err);
	int answer = STORE_SAME;

	if (!stmt)
		return -1;
	bind_id(stmt, 1, &record->tip_id);
	if (sqlite3_step(stmt) != SQLITE_ROW)
		answer = store_fail(store, "look up", err);
	else if (sqlite3_column_bytes(stmt, 0) != DIGEST_BYTES ||
		 memcmp(sqlite3_column_blob(stmt, 0), record->digest, DIGEST_BYTES) != 0)
		answer = STORE_CONFLICT;
	sqlite3_reset(stmt);
	return answer;
}

int store_add(struct store *store, const struct record *record, struct err *err)
{
	sqlite3_int64 row;
	int added;

	if (in_transaction(store, err) != 0)
		return -1;
	added = add_tip(store, record, err);
	if (added != 1)
		return added < 0 ? -1 : compare_digest(store, record, err);
	row = sqlite3_last_insert_rowid(store->db);
	if (add_teams(store, row, &record->routing, err) != 0 || add_links(store, row, record, err) != 0 ||
	    add_steps(store, row, record, err) != 0 || add_sealed(store, row, record, err) != 0)
		return -1;
	return STORE_ADDED;
}

int store_set_position(struct store *store, const char *topic, int32_t partition, int64_t next, struct err *err)
{
	sqlite3_stmt *stmt;

	if (in_transaction(store, err) != 0)
		return -1;
	stmt = store_statement(store, STORE_SET_POSITION, err);
	if (!stmt)
		return -1;
	bind_text(stmt, 1, slice_str(topic));
	sqlite3_bind_int(stmt, 2, partition);
	sqlite3_bind_int64(stmt, 3, next);
	return run(store, stmt, "set position", err);
}

int store_commit(struct store *store, struct err *err)
{
	if (in_transaction(store, err) != 0)
		return -1;
	if (store_exec(store, "COMMIT", "commit", err) == 0)
		return 0;
	store->dead = true;
	store_rollback(store);
	return -1;
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

int64_t store_position(struct store *store, const char *topic, int32_t partition)
{
	sqlite3_stmt *stmt = store_statement(store, STORE_GET_POSITION, NULL);
	int64_t next = -1;

	if (!stmt)
		return -1;
	bind_text(stmt, 1, slice_str(topic));
	sqlite3_bind_int(stmt, 2, partition);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		next = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return next;
}
