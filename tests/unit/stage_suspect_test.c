/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker remembers over its deaths. A life of the worker is a child that dies, or not, in a record's hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/log.h"
#include "workers/stage/stage_suspect.h"

struct world {
	char folder[64], path[96];
};

static int setup(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	snprintf(w->folder, sizeof(w->folder), "/tmp/stage_suspect_test.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/suspects", w->folder);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	unlink(w->path);
	rmdir(w->folder);
	free(w);
	return 0;
}

static struct kafka_record record_at(int64_t offset, const char *key)
{
	return (struct kafka_record){ .topic = "in", .partition = 1, .offset = offset, .key = slice_str(key) };
}

static struct stage_suspect *open_file(const struct world *w)
{
	struct stage_suspect *suspect;
	struct err err = ERR_INIT;

	if (stage_suspect_open(&suspect, w->path, &err))
		fail_msg("%s", err.text);
	assert_non_null(suspect);
	return suspect;
}

enum end { IN_HAND, AFTER_LEAVING, AFTER_ANSWERING };

static void live(const struct world *w, const struct kafka_record *record, enum end end)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct stage_suspect *suspect = open_file(w);
		stage_suspect_enter(suspect, record);
		if (end >= AFTER_LEAVING)
			stage_suspect_leave(suspect);
		if (end == AFTER_ANSWERING)
			stage_suspect_forget(suspect, record);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static unsigned deaths(const struct world *w, const struct kafka_record *record)
{
	struct stage_suspect *suspect = open_file(w);
	unsigned n = stage_suspect_deaths(suspect, record);

	stage_suspect_close(suspect);
	return n;
}

static void deaths_in_hand_are_counted(void **state)
{
	const struct kafka_record record = record_at(7, "a"), other = record_at(8, "a"), anew = record_at(7, "b");

	for (unsigned n = 1; n <= STAGE_POISON_DEATHS + 1; n++) {
		live(*state, &record, IN_HAND);
		assert_int_equal(deaths(*state, &record), n);
	}
	assert_int_equal(deaths(*state, &other), 0);
	assert_int_equal(deaths(*state, &anew), 0);
}

static void deaths_elsewhere_are_not(void **state)
{
	const struct kafka_record record = record_at(7, "a");

	live(*state, &record, AFTER_LEAVING);
	assert_int_equal(deaths(*state, &record), 0);
	live(*state, &record, IN_HAND);
	live(*state, &record, IN_HAND);
	live(*state, &record, AFTER_LEAVING); /* say, in a wait for a retry */
	assert_int_equal(deaths(*state, &record), 2);
}

static void what_was_answered_is_forgotten(void **state)
{
	const struct kafka_record record = record_at(7, "a");

	live(*state, &record, IN_HAND);
	live(*state, &record, IN_HAND);
	live(*state, &record, AFTER_ANSWERING);
	assert_int_equal(deaths(*state, &record), 0);
	live(*state, &record, IN_HAND);
	assert_int_equal(deaths(*state, &record), 1);
}

/* The page may be on disk when the power goes. */
static void a_note_of_another_boot_does_not_count(void **state)
{
	const struct kafka_record record = record_at(7, "a");
	struct world *w = *state;

	live(w, &record, IN_HAND);
	int fd = open(w->path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "00000000", 8, 8), 8); /* behind the magic: the boot's id */
	close(fd);
	assert_int_equal(deaths(w, &record), 0);
}

/* Rows are few; the latest suspects matter. */
static void the_oldest_suspect_makes_room(void **state)
{
	for (int64_t offset = 0; offset < 20; offset++) {
		const struct kafka_record record = record_at(offset, "a");
		live(*state, &record, IN_HAND);
	}
	const struct kafka_record last = record_at(19, "a"), first = record_at(0, "a");
	assert_int_equal(deaths(*state, &last), 1);
	assert_int_equal(deaths(*state, &first), 0);
}

static void one_worker_has_the_file(void **state)
{
	struct world *w = *state;
	struct stage_suspect *first = open_file(w), *second;
	struct err err = ERR_INIT;

	assert_int_equal(stage_suspect_open(&second, w->path, &err), -1);
	assert_int_equal(err.kind, ERR_TEMPORARY);
	assert_string_equal(err.reason, "suspect-locked");
	stage_suspect_close(first);
	stage_suspect_close(open_file(w));
}

static void another_shape_begins_anew(void **state)
{
	struct world *w = *state;
	const struct kafka_record record = record_at(7, "a");
	FILE *file = fopen(w->path, "we");
	struct stat st;

	assert_non_null(file);
	fputs("not what it should be", file);
	fclose(file);
	assert_int_equal(deaths(w, &record), 0);
	live(w, &record, IN_HAND);
	assert_int_equal(deaths(w, &record), 1);
	assert_int_equal(stat(w->path, &st), 0);
	assert_true(st.st_blocks > 0); /* reserved: a store never meets a full disk */
}

static void nowhere_to_remember_is_no_error(void **state)
{
	const struct kafka_record record = record_at(7, "a");
	struct stage_suspect *suspect;
	struct err err = ERR_INIT;

	(void)state;
	unsetenv("STATE_DIRECTORY");
	assert_int_equal(stage_suspect_open(&suspect, "", &err), 0);
	assert_null(suspect);
	stage_suspect_enter(suspect, &record);
	stage_suspect_leave(suspect);
	stage_suspect_forget(suspect, &record);
	assert_int_equal(stage_suspect_deaths(suspect, &record), 0);
	assert_int_equal(stage_suspect_open(&suspect, "/no/such/folder/suspects", &err), -1);
}

static void systemd_gives_a_folder(void **state)
{
	struct world *w = *state;
	struct stage_suspect *suspect;
	struct err err = ERR_INIT;

	setenv("STATE_DIRECTORY", w->folder, 1);
	assert_int_equal(stage_suspect_open(&suspect, "", &err), 0);
	assert_non_null(suspect);
	stage_suspect_close(suspect);
	assert_int_equal(access(w->path, F_OK), 0);
	unsetenv("STATE_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deaths_in_hand_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths_elsewhere_are_not, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_answered_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(a_note_of_another_boot_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_suspect_makes_room, setup, teardown),
		cmocka_unit_test_setup_teardown(one_worker_has_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(another_shape_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(nowhere_to_remember_is_no_error, setup, teardown),
		cmocka_unit_test_setup_teardown(systemd_gives_a_folder, setup, teardown),
	};

	log_open("stage_suspect_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
