/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_fixture.h"

#include <sys/stat.h>

static void expect_mode(const char *suffix)
{
	char name[160];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_new_store_is_private_and_set_up(void **state)
{
	const mode_t before = umask(0);
	struct store *store = open_as(STORE_WRITE);

	(void)state;
	add_batch(store, 0, 1);
	umask(before);
	expect_mode("");
	expect_mode("-wal");
	expect_mode("-shm");
	expect_mode(".lock");
	expect_sql(store, "PRAGMA page_size", "16384");
	expect_sql(store, "PRAGMA journal_mode", "wal");
	expect_sql(store, "PRAGMA synchronous", "2");
	expect_sql(store, "PRAGMA foreign_keys", "1");
	expect_sql(store, "PRAGMA secure_delete", "1");
	expect_sql(store, "PRAGMA temp_store", "2");
	expect_sql(store, "PRAGMA application_id", "1414548563");
	expect_sql(store, "PRAGMA user_version", "3");
	expect_sql(store, "PRAGMA integrity_check", "ok");
	expect_sql(store, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
		   " AND name NOT LIKE 'sqlite_%'", "0");
	expect_sql(store, "SELECT count(*) FROM sqlite_schema WHERE name IN ('links_by_earlier', 'tip_teams_by_team')",
		   "0");
	store_close(store);
	store = open_as(STORE_WRITE); /* again: nothing to migrate */
	assert_int_equal(totals_of(store).tips, 1);
	store_close(store);
}

static int keep_tip(void *arg, const struct store_tip *tip)
{
	struct buf *out = arg;
	char id[TIP_ID_HEX];

	tip_id_hex(&tip->tip_id, id);
	buf_printf(out, "%.8s %u %s %s %s %d [%s] %s %.4s %zu\n", id, (unsigned int)tip->day, outcome_names[tip->outcome],
		   priority_names[tip->priority], channel_names[tip->channel], tip->conflict, tip->teams, tip->rule,
		   tip->policy_hash, tip->n_links);
	return 0;
}

static int keep_case(void *arg, const struct store_case *c)
{
	buf_printf(arg, "%u-%u tips %zu links %zu [%s] [%s] %s\n", (unsigned int)c->first_day, (unsigned int)c->last_day,
		   c->n_tips, c->n_links, c->teams, c->outcomes, priority_names[c->priority]);
	return 0;
}

static int keep_link(void *arg, const struct link *link)
{
	char id[TIP_ID_HEX];

	tip_id_hex(&link->tip_id, id);
	buf_printf(arg, "%.4s %.9g %u %d\n", id, (double)link->score, (unsigned int)link->reasons, link->strong);
	return 0;
}

static int keep_team(void *arg, const char *team, uint8_t outcome, uint64_t tips)
{
	buf_printf(arg, "%s %s %u\n", team, outcome_names[outcome], (unsigned int)tips);
	return 0;
}

static int stop_at_once(void *arg, const struct store_tip *tip)
{
	(void)tip;
	++*(int *)arg;
	return 1;
}

static void expect_tips(struct store *store, const struct store_filter *filter, const char *want)
{
	struct buf out = BUF_INIT;

	assert_int_equal(store_each_tip(store, filter, keep_tip, &out, NULL), 0);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
}

static void expect_cases(struct store *store, const struct store_filter *filter, const char *want)
{
	struct buf out = BUF_INIT;

	assert_int_equal(store_each_case(store, filter, keep_case, &out, NULL), 0);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
}

static int keep_step(void *arg, const struct record_step *step)
{
	buf_append_slice(arg, step->stage);
	buf_append_byte(arg, ' ');
	buf_append_slice(arg, step->version);
	buf_printf(arg, " %u %u\n", step->day, step->configuration[0]);
	return 0;
}

#define TIP0 "00000000 20400 investigate high phone 0 [safeguarding domestic-abuse] root/risk/high bbc2 2\n"
#define TIP1 "00000001 20401 safeguard high phone 1 [safeguarding] root/risk/high bbc2 2\n"
#define TIP2 "00000002 20402 record high phone 0 [safeguarding domestic-abuse] root/risk/high bbc2 2\n"
#define TIP3 "00000003 20403 investigate high phone 1 [safeguarding] root/risk/high bbc2 2\n"
#define CASE0 "20400-20402 tips 3 links 6 [domestic-abuse safeguarding] [investigate safeguard record] high\n"
#define CASE1 "20403-20403 tips 1 links 2 [safeguarding] [investigate] high\n"

static void what_was_added_is_read(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct store_filter by_team = { .team = "domestic-abuse" }, by_outcome = { .outcome = "investigate" };
	struct store_filter wrong = { .outcome = "forget" }, one = { .limit = 1 }, by_case;
	struct tip_id case_id, tip_id;
	struct buf out = BUF_INIT;
	struct store_totals totals;
	int seen = 0;

	(void)state;
	add_batch(store, 0, 4);
	sample_bytes(case_id.bytes, TIP_ID_BYTES, 1);
	case_id.bytes[0] = 1;
	by_case = (struct store_filter){ .case_id = &case_id };
	expect_tips(store, NULL, TIP3 TIP2 TIP1 TIP0);
	expect_tips(store, &one, TIP3);
	expect_tips(store, &by_team, TIP2 TIP0);
	expect_tips(store, &by_outcome, TIP3 TIP0);
	expect_tips(store, &by_case, TIP3);
	expect_cases(store, NULL, CASE1 CASE0);
	expect_cases(store, &by_team, CASE0); /* all of the case, not of the matching tips */
	expect_cases(store, &by_outcome, CASE1 CASE0);
	assert_int_equal(store_each_tip(store, &wrong, keep_tip, &out, NULL), -1);
	assert_int_equal(store_each_tip(store, NULL, stop_at_once, &seen, NULL), 0);
	assert_int_equal(seen, 1);
	sample_bytes(tip_id.bytes, TIP_ID_BYTES, 2);
	memcpy(tip_id.bytes, "\0\0\0\2", 4);
	assert_int_equal(store_each_link(store, &tip_id, keep_link, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "565d 1 0 0\n373e 0.899999976 41 1\n");
	buf_clear(&out);
	assert_int_equal(store_each_step(store, &tip_id, keep_step, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "classify 0.1.0 20401 1\ndedupe 0.1.0 20402 0\n");
	buf_clear(&out);
	assert_int_equal(store_each_team(store, keep_team, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "domestic-abuse investigate 1\ndomestic-abuse record 1\n"
			    "safeguarding investigate 2\nsafeguarding safeguard 1\nsafeguarding record 1\n");
	buf_clear(&out);
	assert_int_equal(store_sealed_case(store, &tip_id, &out, NULL), 1);
	assert_int_equal(out.len, 300);
	assert_int_equal(store_contact(store, &tip_id, &out, NULL), 1);
	assert_int_equal(out.len, 500);
	assert_int_equal(store_sealed_case(store, &case_id, &out, NULL), 0);
	assert_int_equal(out.len, 500);
	buf_release(&out);
	totals = totals_of(store);
	assert_int_equal(totals.tips, 4);
	assert_int_equal(totals.cases, 2);
	assert_int_equal(totals.links, 8);
	assert_int_equal(totals.conflicts, 2);
	assert_int_equal(totals.by_outcome[OUTCOME_INVESTIGATE], 2);
	assert_int_equal(totals.by_outcome[OUTCOME_RECORD], 1);
	store_close(store);
}

static void the_same_batch_again_changes_nothing(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct store_totals totals;

	(void)state;
	add_batch(store, 0, 50);
	assert_int_equal(store_begin(store, NULL), 0);
	for (unsigned int i = 40; i < 60; i++)
		assert_int_equal(add(store, i, NULL), i >= 50);
	assert_int_equal(store_set_position(store, TOPIC, 0, 60, NULL), 0);
	assert_int_equal(store_commit(store, NULL), 0);
	totals = totals_of(store);
	assert_int_equal(totals.tips, 60);
	assert_int_equal(totals.links, 120);
	assert_int_equal(totals.tips_twice, 0);
	store_close(store);
	expect_rows(60, 60);
}

/* The same id with other content is told from the same tip again, and changes nothing. */
static void another_tip_under_the_same_id_is_a_conflict(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct record record;

	(void)state;
	add_batch(store, 0, 1);
	assert_int_equal(store_begin(store, NULL), 0);
	sample_record(&record, ROUTED, 0, arena);
	record.routing.outcome = OUTCOME_REFER; /* the policy may have changed: still the same tip */
	assert_int_equal(store_add(store, &record, NULL), STORE_SAME);
	record.digest[DIGEST_BYTES - 1] ^= 1;
	assert_int_equal(store_add(store, &record, NULL), STORE_CONFLICT);
	assert_int_equal(store_commit(store, NULL), 0);
	store_close(store);
	expect_rows(1, 1);
}

static void rows_and_position_move_together(void **state)
{
	struct store *store = open_as(STORE_WRITE);

	(void)state;
	assert_int_equal(store_position(store, TOPIC, 0), -1);
	add_batch(store, 0, 5);
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(add(store, 5, NULL), 1);
	assert_int_equal(store_set_position(store, TOPIC, 0, 6, NULL), 0);
	assert_int_equal(store_set_position(store, TOPIC, 7, 1, NULL), 0);
	store_rollback(store);
	assert_int_equal(store_position(store, TOPIC, 0), 5);
	assert_int_equal(store_position(store, TOPIC, 7), -1);
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(add(store, 5, NULL), 1);
	assert_int_equal(store_set_position(store, TOPIC, 0, 6, NULL), 0);
	store_close(store); /* with the transaction open */
	expect_rows(5, 5);
}

static void nothing_is_added_outside_a_transaction(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(add(store, 0, &err), -1);
	assert_int_equal(err.kind, ERR_BUG);
	assert_int_equal(store_set_position(store, TOPIC, 0, 1, NULL), -1);
	assert_int_equal(store_commit(store, NULL), -1);
	store_close(store);
	expect_rows(0, -1);
}

static int commit_while_reading(void *arg, const struct store_tip *tip)
{
	(void)tip;
	add_batch(arg, 100, 10);
	return 1;
}

static void readers_and_the_writer_do_not_wait_for_each_other(void **state)
{
	struct store *store = open_as(STORE_WRITE), *reader;

	(void)state;
	add_batch(store, 0, 10);
	reader = open_as(STORE_READ);
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(add(store, 10, NULL), 1);
	assert_int_equal(totals_of(reader).tips, 10); /* what is not committed is not seen */
	store_rollback(store);
	/* A commit goes through in the middle of a read. */
	assert_int_equal(store_each_tip(reader, NULL, commit_while_reading, store, NULL), 0);
	assert_int_equal(totals_of(reader).tips, 20);
	assert_int_equal(store_begin(reader, NULL), -1); /* read-only */
	store_close(store);
	assert_int_equal(totals_of(reader).tips, 20); /* and after the writer went */
	store_close(reader);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_row_too_many_is_seen_without_the_index(void **state)
{
	struct store *store = open_as(STORE_WRITE);

	(void)state;
	add_batch(store, 0, 5);
	store_close(store);
	run_sql("DROP INDEX tips_by_id; INSERT INTO tips SELECT row + 100, tip_id, case_id, day, channel, outcome,"
		" priority, conflict, rule, policy_hash, digest FROM tips WHERE row < 3");
	store = open_as(STORE_READ);
	assert_int_equal(totals_of(store).tips, 7);
	assert_int_equal(totals_of(store).tips_twice, 2);
	store_close(store);
}

static void foreign_and_newer_files_are_left_alone(void **state)
{
	FILE *f;

	(void)state;
	expect_no_open(STORE_READ, ERR_UNAVAILABLE, "store-open");
	run_sql("PRAGMA user_version = 0"); /* an empty database */
	expect_no_open(STORE_READ, ERR_TEMPORARY, "store-empty");
	store_close(open_as(STORE_WRITE));
	run_sql("PRAGMA user_version = 99");
	expect_no_open(STORE_WRITE, ERR_CONFIG, "store-newer");
	expect_no_open(STORE_READ, ERR_CONFIG, "store-newer");
	run_sql("PRAGMA application_id = 7");
	expect_no_open(STORE_WRITE, ERR_CONFIG, "store-foreign");
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		assert_true(fputs("not a database at all ", f) >= 0);
	assert_int_equal(fclose(f), 0);
	expect_no_open(STORE_WRITE, ERR_CONFIG, "store-foreign");
	expect_no_open(STORE_READ, ERR_CONFIG, "store-foreign");
}

/* Most programs set neither version nor id. */
static void a_file_with_tables_of_others_is_left_alone(void **state)
{
	(void)state;
	run_sql("CREATE TABLE accounts (name TEXT)");
	expect_no_open(STORE_WRITE, ERR_CONFIG, "store-foreign");
	expect_no_open(STORE_READ, ERR_CONFIG, "store-foreign");
	run_sql("DROP TABLE accounts");
	store_close(open_as(STORE_WRITE));
}

/* What deleting a row leaves in the file is zeros. */
static void what_is_deleted_is_gone_from_the_file(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct record record;
	uint8_t *bytes = mem_alloc(1 << 20);
	size_t n;
	FILE *f;

	(void)state;
	sample_record(&record, ROUTED, 1, arena);
	record.sealed_case = slice_str("a-word-that-stands-in-one-place");
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(store_add(store, &record, NULL), 1);
	assert_int_equal(store_commit(store, NULL), 0);
	assert_int_equal(sqlite3_exec(store->db, "DELETE FROM tips; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
			 SQLITE_OK);
	expect_sql(store, "SELECT (SELECT count(*) FROM sealed) + (SELECT count(*) FROM links) +"
		   " (SELECT count(*) FROM tip_teams)", "0");
	store_close(store);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(bytes, 1, 1 << 20, f);
	assert_true(n >= 16384);
	assert_null(memmem(bytes, n, "a-word-that-stands", 18));
	assert_int_equal(fclose(f), 0);
	free(bytes);
}

/*
 * Fails when the bytes of the file are copied instead: what was committed is still in the log (tried).
 */
static void a_copy_holds_what_is_in_the_log(void **state)
{
	struct store *writer = open_as(STORE_WRITE), *reader, *copy = NULL;
	struct err err = ERR_INIT;
	char name[160];
	struct stat st;

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/copy.db", dir);
	add_batch(writer, 0, 30);
	reader = open_as(STORE_READ);
	assert_int_equal(store_begin(writer, NULL), 0);
	assert_int_equal(add(writer, 30, NULL), 1); /* not committed: the writer is in the middle, and is not held up */
	assert_int_equal(store_copy(reader, name, &err), 0);
	assert_int_equal(store_commit(writer, NULL), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	assert_int_equal(store_open(&copy, name, STORE_READ, &err), 0);
	assert_int_equal(totals_of(copy).tips, 30);
	assert_int_equal(store_position(copy, TOPIC, 0), 30);
	expect_sql(copy, "PRAGMA integrity_check", "ok");
	store_close(copy);

	assert_int_equal(store_copy(reader, name, &err), -1);
	assert_string_equal(err.reason, "copy-exists");
	expect_sql(reader, "SELECT count(*) FROM tips", "31");
	assert_int_equal(unlink(name), 0);
	store_close(reader);
	store_close(writer);
}

static void nothing_is_left_of_a_copy_that_failed(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	struct err err = ERR_INIT;
	char name[160];

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/nowhere/copy.db", dir);
	assert_int_equal(store_copy(store, name, &err), -1);
	assert_non_null(strstr(err.text, name));
	(void)snprintf(name, sizeof(name), "%s/copy.db", dir);
	assert_int_equal(store_begin(store, NULL), 0); /* SQLite copies nothing from within a transaction */
	assert_int_equal(store_copy(store, name, &err), -1);
	assert_int_equal(access(name, F_OK), -1);
	store_rollback(store);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_new_store_is_private_and_set_up),
		IN_DIR(what_was_added_is_read),
		IN_DIR(the_same_batch_again_changes_nothing),
		IN_DIR(another_tip_under_the_same_id_is_a_conflict),
		IN_DIR(rows_and_position_move_together),
		IN_DIR(nothing_is_added_outside_a_transaction),
		IN_DIR(readers_and_the_writer_do_not_wait_for_each_other),
		IN_DIR(a_row_too_many_is_seen_without_the_index),
		IN_DIR(foreign_and_newer_files_are_left_alone),
		IN_DIR(a_file_with_tables_of_others_is_left_alone),
		IN_DIR(what_is_deleted_is_gone_from_the_file),
		IN_DIR(a_copy_holds_what_is_in_the_log),
		IN_DIR(nothing_is_left_of_a_copy_that_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
