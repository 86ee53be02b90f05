/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Runs `child` in a process of its own, and returns its wait status. Leaves by _exit: no leak check, no cmocka. */
static int in_child(int (*child)(void))
{
	const pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int die_before_commit(void)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, NULL) != 0 || store_begin(store, NULL) != 0)
		return 1;
	for (unsigned int i = 10; i < 2000; i++) /* more than a megabyte */
		if (add(store, i, NULL) != 1)
			return 1;
	if (store_set_position(store, TOPIC, 0, 2000, NULL) != 0)
		return 1;
	return raise(SIGKILL);
}

static int die_after_commit(void)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, NULL) != 0 || store_begin(store, NULL) != 0 ||
	    add(store, 10, NULL) != 1 ||
	    store_set_position(store, TOPIC, 0, 11, NULL) != 0 || store_commit(store, NULL) != 0)
		return 1;
	return raise(SIGKILL);
}

static void a_kill_leaves_whole_batches(void **state)
{
	struct store *store = open_as(STORE_WRITE);
	int status;

	(void)state;
	add_batch(store, 0, 10);
	store_close(store);
	status = in_child(die_before_commit);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_rows(10, 10);
	status = in_child(die_after_commit);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	store = open_as(STORE_READ); /* a reader recovers the log that the dead writer left */
	assert_int_equal(totals_of(store).tips, 11);
	store_close(store);
	expect_rows(11, 11);
}

/* Adds without end under the limit that the caller has set; 0 when the end it came to is the right one. */
static int fill(struct store *store)
{
	struct err err = ERR_INIT;
	unsigned int i = 10;
	int added = 1;

	if (store_begin(store, NULL) != 0)
		return 2;
	while (added == 1 && i < 5000)
		added = add(store, i++, &err);
	if (added == 1 && (store_set_position(store, TOPIC, 0, 5000, &err) != 0 || store_commit(store, &err) != 0))
		added = -1;
	if (added != -1)
		return 3;
	/* After a failed commit or a rolled-back transaction nothing more goes in, and nothing goes in by itself. */
	if (store_commit(store, NULL) == 0 && add(store, 6000, NULL) == 1)
		return 4;
	store_close(store);
	return err.kind == ERR_TEMPORARY || err.kind == ERR_SYSTEM ? 0 : 5;
}

/* The file system takes no more bytes. */
static int fill_the_disk(void)
{
	const struct rlimit limit = { 400000, 400000 };
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, NULL) != 0)
		return 1;
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	return fill(store);
}

/* SQLite's own answer to a full disk. */
static int fill_the_file(void)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, NULL) != 0 ||
	    sqlite3_exec(store->db, "PRAGMA max_page_count = 20", NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	return fill(store);
}

static void a_full_disk_loses_no_earlier_batch(void **state)
{
	struct store *store = open_as(STORE_WRITE);

	(void)state;
	add_batch(store, 0, 10);
	store_close(store);
	assert_int_equal(in_child(fill_the_disk), 0);
	expect_rows(10, 10);
	assert_int_equal(in_child(fill_the_file), 0);
	expect_rows(10, 10);
	store = open_as(STORE_WRITE); /* and with room again it goes on */
	add_batch(store, 10, 10);
	store_close(store);
	expect_rows(20, 20);
}

static int hold_until_killed(void)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, NULL) != 0)
		return 1;
	return raise(SIGKILL);
}

static void there_is_one_writer(void **state)
{
	struct store *store = open_as(STORE_WRITE), *reader;

	(void)state;
	expect_no_open(STORE_WRITE, ERR_TEMPORARY, "store-locked");
	add_batch(store, 0, 3); /* the refused one has not disturbed it */
	expect_no_open(STORE_WRITE, ERR_TEMPORARY, "store-locked");
	reader = open_as(STORE_READ);
	assert_int_equal(totals_of(reader).tips, 3);
	store_close(reader);
	assert_int_equal(WEXITSTATUS(in_child(hold_until_killed)), 1);
	store_close(store);
	assert_true(WIFSIGNALED(in_child(hold_until_killed)));
	store_close(open_as(STORE_WRITE)); /* the kernel gave the lock back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_kill_leaves_whole_batches),
		IN_DIR(a_full_disk_loses_no_earlier_batch),
		IN_DIR(there_is_one_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
