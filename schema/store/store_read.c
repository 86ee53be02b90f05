/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/store/store_private.h"

#include <string.h>

#include "schema/hex.h"

/* ?1 team, ?2 outcome, ?3 case id, ?5 tip id: NULL for any. ?4: how many, negative for all. */
#define TIP_MATCHES(t) \
	"(?1 IS NULL OR EXISTS (SELECT 1 FROM tip_teams m WHERE m.tip = " t ".row AND m.team = ?1))" \
	" AND (?2 IS NULL OR " t ".outcome = ?2) AND (?3 IS NULL OR " t ".case_id = ?3)" \
	" AND (?5 IS NULL OR " t ".tip_id = ?5)"

static const char tips_sql[] =
	"SELECT t.tip_id, t.case_id, t.day, t.outcome, t.priority, t.channel, t.conflict,"
	" (SELECT group_concat(team, ' ') FROM (SELECT team FROM tip_teams WHERE tip = t.row ORDER BY place)),"
	" t.rule, t.policy_hash, (SELECT count(*) FROM links l WHERE l.tip = t.row)"
	" FROM tips t WHERE " TIP_MATCHES("t") " ORDER BY t.row DESC LIMIT ?4";

/* A case matches when one of its tips does; what is told is of all its tips. Outcomes: a bit each. */
static const char cases_sql[] =
	"SELECT c.case_id, min(c.day), max(c.day), count(*),"
	" (SELECT count(*) FROM links l JOIN tips t ON t.row = l.tip WHERE t.case_id = c.case_id),"
	" (SELECT group_concat(team, ' ') FROM (SELECT DISTINCT m.team AS team FROM tip_teams m"
	"  JOIN tips t ON t.row = m.tip WHERE t.case_id = c.case_id ORDER BY m.team)),"
	" max(c.outcome = 0) + 2 * max(c.outcome = 1) + 4 * max(c.outcome = 2) + 8 * max(c.outcome = 3) +"
	" 16 * max(c.outcome = 4), min(c.priority)"
	" FROM tips c WHERE c.case_id IN (SELECT f.case_id FROM tips f WHERE " TIP_MATCHES("f") ")"
	" GROUP BY c.case_id ORDER BY max(c.row) DESC LIMIT ?4";

static const char links_sql[] =
	"SELECT l.earlier, l.score, l.reasons, l.strong FROM links l JOIN tips t ON t.row = l.tip"
	" WHERE t.tip_id = ?1 ORDER BY l.score DESC, l.earlier";

static const char steps_sql[] =
	"SELECT s.stage, s.version, s.day, s.configuration FROM steps s JOIN tips t ON t.row = s.tip"
	" WHERE t.tip_id = ?1 ORDER BY s.place";

static const char teams_sql[] =
	"SELECT m.team, t.outcome, count(*) FROM tip_teams m JOIN tips t ON t.row = m.tip"
	" GROUP BY m.team, t.outcome ORDER BY m.team, t.outcome";

/* One row of a result to the caller; 0 to go on. */
struct visit {
	int (*row)(const struct visit *visit, sqlite3_stmt *stmt);
	void (*each)(void); /* the caller's function, in its own type again in `row` */
	void *arg;
};

static sqlite3_stmt *prepare(struct store *store, const char *sql, struct err *err)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		store_fail(store, "prepare", err);
	return stmt;
}

/* Ends the statement. */
static int visit_rows(struct store *store, sqlite3_stmt *stmt, const struct visit *visit, struct err *err)
{
	int step, result = 0;

	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		if (visit->row(visit, stmt) != 0)
			break;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = store_fail(store, "read", err);
	sqlite3_finalize(stmt);
	return result;
}

static const char *text_at(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	return text ? (const char *)text : "";
}

static void id_at(sqlite3_stmt *stmt, int column, struct tip_id *id)
{
	const void *blob = sqlite3_column_blob(stmt, column);

	memset(id, 0, sizeof(*id));
	if (blob && sqlite3_column_bytes(stmt, column) == TIP_ID_BYTES)
		memcpy(id->bytes, blob, TIP_ID_BYTES);
}

/* NULL and err when the outcome is none of ours. */
static sqlite3_stmt *prepare_filtered(struct store *store, const char *sql, const struct store_filter *filter,
				      struct err *err)
{
	static const struct store_filter all;
	const struct store_filter *f = filter ? filter : &all;
	const int outcome = f->outcome ? taxonomy_find(outcome_names, N_OUTCOMES, f->outcome, strlen(f->outcome)) : 0;
	sqlite3_stmt *stmt;

	if (outcome < 0) {
		err_set(err, ERR_USAGE, NULL, "no such outcome");
		return NULL;
	}
	stmt = prepare(store, sql, err);
	if (!stmt)
		return NULL;
	if (f->team)
		sqlite3_bind_text(stmt, 1, f->team, -1, SQLITE_STATIC);
	if (f->outcome)
		sqlite3_bind_int(stmt, 2, outcome);
	if (f->case_id)
		sqlite3_bind_blob(stmt, 3, f->case_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	if (f->tip_id)
		sqlite3_bind_blob(stmt, 5, f->tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, f->limit ? (sqlite3_int64)f->limit : -1);
	return stmt;
}

static int tip_row(const struct visit *visit, sqlite3_stmt *stmt)
{
	int (*each)(void *, const struct store_tip *) = (int (*)(void *, const struct store_tip *))visit->each;
	char policy_hash[2 * HASH_BYTES + 1] = "";
	struct store_tip tip = {
		.day = (uint32_t)sqlite3_column_int64(stmt, 2),
		.outcome = (uint8_t)sqlite3_column_int(stmt, 3),
		.priority = (uint8_t)sqlite3_column_int(stmt, 4),
		.channel = (uint8_t)sqlite3_column_int(stmt, 5),
		.conflict = sqlite3_column_int(stmt, 6) != 0,
		.teams = text_at(stmt, 7),
		.rule = text_at(stmt, 8),
		.policy_hash = policy_hash,
		.n_links = (size_t)sqlite3_column_int64(stmt, 10),
	};

	id_at(stmt, 0, &tip.tip_id);
	id_at(stmt, 1, &tip.case_id);
	if (sqlite3_column_bytes(stmt, 9) == HASH_BYTES)
		hex_encode(policy_hash, sqlite3_column_blob(stmt, 9), HASH_BYTES);
	return each(visit->arg, &tip);
}

int store_each_tip(struct store *store, const struct store_filter *filter,
		   int (*each)(void *arg, const struct store_tip *tip), void *arg, struct err *err)
{
	const struct visit visit = { tip_row, (void (*)(void))each, arg };
	sqlite3_stmt *stmt = prepare_filtered(store, tips_sql, filter, err);

	return stmt ? visit_rows(store, stmt, &visit, err) : -1;
}

static void outcomes_of(struct buf *out, int bits)
{
	for (int i = 0; i < N_OUTCOMES; i++)
		if (bits & 1 << i)
			buf_printf(out, "%s%s", out->len ? " " : "", outcome_names[i]);
}

static int case_row(const struct visit *visit, sqlite3_stmt *stmt)
{
	int (*each)(void *, const struct store_case *) = (int (*)(void *, const struct store_case *))visit->each;
	struct buf outcomes = BUF_INIT;
	struct store_case c = {
		.first_day = (uint32_t)sqlite3_column_int64(stmt, 1),
		.last_day = (uint32_t)sqlite3_column_int64(stmt, 2),
		.n_tips = (size_t)sqlite3_column_int64(stmt, 3),
		.n_links = (size_t)sqlite3_column_int64(stmt, 4),
		.teams = text_at(stmt, 5),
		.priority = (uint8_t)sqlite3_column_int(stmt, 7),
	};
	int result;

	id_at(stmt, 0, &c.case_id);
	outcomes_of(&outcomes, sqlite3_column_int(stmt, 6));
	c.outcomes = buf_text(&outcomes);
	result = each(visit->arg, &c);
	buf_release(&outcomes);
	return result;
}

int store_each_case(struct store *store, const struct store_filter *filter,
		    int (*each)(void *arg, const struct store_case *c), void *arg, struct err *err)
{
	const struct visit visit = { case_row, (void (*)(void))each, arg };
	sqlite3_stmt *stmt = prepare_filtered(store, cases_sql, filter, err);

	return stmt ? visit_rows(store, stmt, &visit, err) : -1;
}

static int link_row(const struct visit *visit, sqlite3_stmt *stmt)
{
	int (*each)(void *, const struct link *) = (int (*)(void *, const struct link *))visit->each;
	struct link link = {
		.score = (float)sqlite3_column_double(stmt, 1),
		.reasons = (uint32_t)sqlite3_column_int64(stmt, 2),
		.strong = sqlite3_column_int(stmt, 3) != 0,
	};

	id_at(stmt, 0, &link.tip_id);
	return each(visit->arg, &link);
}

int store_each_link(struct store *store, const struct tip_id *tip_id, int (*each)(void *arg, const struct link *link),
		    void *arg, struct err *err)
{
	const struct visit visit = { link_row, (void (*)(void))each, arg };
	sqlite3_stmt *stmt = prepare(store, links_sql, err);

	if (!stmt)
		return -1;
	sqlite3_bind_blob(stmt, 1, tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	return visit_rows(store, stmt, &visit, err);
}

static int step_row(const struct visit *visit, sqlite3_stmt *stmt)
{
	int (*each)(void *, const struct record_step *) = (int (*)(void *, const struct record_step *))visit->each;
	struct record_step step = {
		.stage = slice_str(text_at(stmt, 0)),
		.version = slice_str(text_at(stmt, 1)),
		.day = (uint32_t)sqlite3_column_int64(stmt, 2),
	};

	if (sqlite3_column_bytes(stmt, 3) == CONFIGURATION_BYTES)
		memcpy(step.configuration, sqlite3_column_blob(stmt, 3), CONFIGURATION_BYTES);
	return each(visit->arg, &step);
}

int store_each_step(struct store *store, const struct tip_id *tip_id,
		    int (*each)(void *arg, const struct record_step *step), void *arg, struct err *err)
{
	const struct visit visit = { step_row, (void (*)(void))each, arg };
	sqlite3_stmt *stmt = prepare(store, steps_sql, err);

	if (!stmt)
		return -1;
	sqlite3_bind_blob(stmt, 1, tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	return visit_rows(store, stmt, &visit, err);
}

static int team_row(const struct visit *visit, sqlite3_stmt *stmt)
{
	int (*each)(void *, const char *, uint8_t, uint64_t) =
		(int (*)(void *, const char *, uint8_t, uint64_t))visit->each;

	return each(visit->arg, text_at(stmt, 0), (uint8_t)sqlite3_column_int(stmt, 1),
		    (uint64_t)sqlite3_column_int64(stmt, 2));
}

int store_each_team(struct store *store, int (*each)(void *arg, const char *team, uint8_t outcome, uint64_t tips),
		    void *arg, struct err *err)
{
	const struct visit visit = { team_row, (void (*)(void))each, arg };
	sqlite3_stmt *stmt = prepare(store, teams_sql, err);

	return stmt ? visit_rows(store, stmt, &visit, err) : -1;
}

/* One blob by tip id: 1 found, 0 not there, -1 error. */
static int read_sealed(struct store *store, const char *sql, const struct tip_id *tip_id, struct buf *out,
		       struct err *err)
{
	sqlite3_stmt *stmt = prepare(store, sql, err);
	int step, result;

	if (!stmt)
		return -1;
	sqlite3_bind_blob(stmt, 1, tip_id->bytes, TIP_ID_BYTES, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	result = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : store_fail(store, "read", err);
	if (result == 1)
		buf_append(out, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
	sqlite3_finalize(stmt);
	return result;
}

int store_sealed_case(struct store *store, const struct tip_id *tip_id, struct buf *out, struct err *err)
{
	return read_sealed(store, "SELECT s.case_file FROM sealed s JOIN tips t ON t.row = s.tip WHERE t.tip_id = ?1",
			   tip_id, out, err);
}

int store_contact(struct store *store, const struct tip_id *tip_id, struct buf *out, struct err *err)
{
	return read_sealed(store, "SELECT s.contact FROM sealed s JOIN tips t ON t.row = s.tip WHERE t.tip_id = ?1",
			   tip_id, out, err);
}
