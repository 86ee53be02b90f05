/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer while things happen to it: long batches, other members, brokers that are away. */
#include "tests/unit/kafka_reading.h"

#include <fcntl.h>
#include <unistd.h>

#include "ops/runtime/kafka_consumer_state.h"

static void keepalive_skips_nothing(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	for (int part = 1; part <= 3; part++) {
		read_until(f, consumer, &reading, part * MANY / 4);
		/* The batch takes long enough for reading to be paused; more has been read ahead by now. */
		clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
		for (int i = 0; i < 5; i++)
			ok(f, kafka_consumer_keepalive(consumer, &f->err));
		clock_thaw();
	}
	read_until(f, consumer, &reading, MANY);
	read_nothing(f, consumer);
	all_once(&reading, MANY);
	kafka_consumer_free(consumer);
}

static void keepalive_lends_the_batch_on(void **state)
{
	struct fixture *f = *state;
	struct kafka_record records[8];
	struct kafka_consumer *consumer;
	int n = 0;

	fixture_fill(f, 1);
	consumer = consumer_of(f, "g", NULL);
	while (n == 0) {
		n = kafka_consumer_batch(consumer, records, 8, WAIT_MS, &f->err);
		ok(f, n);
	}
	clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
	ok(f, kafka_consumer_keepalive(consumer, &f->err));
	clock_thaw();
	assert_true(slice_equal(records[0].value, slice_str("0")));
	kafka_consumer_free(consumer);
}

static void shares_and_takes_over(void **state)
{
	struct fixture *f = *state;
	struct start one = { { -1, -1 }, 0, 0 }, two = { { -1, -1 }, 0, 0 };
	struct kafka_consumer *first = consumer_of(f, "g", &one), *second;
	int64_t deadline = clock_mono_ms() + 2 * WAIT_MS;
	struct kafka_record record;

	while (one.assigned != 2 && clock_mono_ms() < deadline)
		ok(f, kafka_consumer_batch(first, &record, 1, 50, &f->err));
	second = consumer_of(f, "g", &two);
	while ((one.assigned != 1 || two.assigned != 1) && clock_mono_ms() < deadline) {
		ok(f, kafka_consumer_batch(first, &record, 1, 20, &f->err));
		ok(f, kafka_consumer_batch(second, &record, 1, 20, &f->err));
	}
	assert_int_equal(one.assigned, 1);
	assert_int_equal(two.assigned, 1);
	kafka_consumer_free(first);
	while (two.assigned != 2 && clock_mono_ms() < deadline)
		ok(f, kafka_consumer_batch(second, &record, 1, 50, &f->err));
	assert_int_equal(two.assigned, 2);
	kafka_consumer_free(second);
}

/* Partitions taken away while a long batch had paused them, and given back later, are read again. */
static void rebalance_in_a_long_batch_leaves_nothing_paused(void **state)
{
	struct fixture *f = *state;
	struct start one = { { -1, -1 }, 0, 0 }, two = { { -1, -1 }, 0, 0 };
	struct reading reading = { 0 };
	struct kafka_record records[64];
	struct kafka_consumer *first, *second;
	int64_t deadline = clock_mono_ms() + 3 * WAIT_MS;
	int before;

	fixture_fill(f, MANY);
	first = consumer_of(f, "g", &one);
	read_until(f, first, &reading, MANY);
	commit_read(f, first, &reading);
	before = one.rebalances;
	second = consumer_of(f, "g", &two);
	while (one.rebalances == before && clock_mono_ms() < deadline) {
		clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
		ok(f, kafka_consumer_keepalive(first, &f->err));
		clock_thaw();
		ok(f, kafka_consumer_batch(second, records, 64, 20, &f->err));
	}
	while ((one.assigned != 1 || two.assigned != 1) && clock_mono_ms() < deadline) {
		ok(f, kafka_consumer_batch(first, records, 64, 20, &f->err));
		ok(f, kafka_consumer_batch(second, records, 64, 20, &f->err));
	}
	kafka_consumer_free(second);
	while (one.assigned != 2 && clock_mono_ms() < deadline)
		ok(f, kafka_consumer_batch(first, records, 64, 50, &f->err));
	assert_int_equal(one.assigned, 2);
	fixture_fill(f, MANY);
	memset(&reading, 0, sizeof reading);
	read_until(f, first, &reading, MANY);
	kafka_consumer_free(first);
}

/* The broker would take it, and the group would fall back when it starts again. */
static void commits_nothing_backwards(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_offset stale = { TOPIC, 0, 1 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	commit_read(f, consumer, &reading);
	ok(f, kafka_consumer_commit(consumer, &stale, 1, &f->err));
	kafka_consumer_free(consumer);
	consumer = consumer_of(f, "g", NULL);
	read_nothing(f, consumer);
	while (kafka_consumer_assigned(consumer) == 0)
		read_nothing(f, consumer);
	read_nothing(f, consumer);
	kafka_consumer_free(consumer);
}

static void survives_the_brokers_absence(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, 100);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 100);
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	read_nothing(f, consumer);
	ok(f, kafka_embedded_set_down(f->broker, -1, false, &f->err));
	fixture_fill(f, 50);
	read_until(f, consumer, &reading, 150);
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
}

/* At the start the group's offsets cannot be had for a moment: waited for, not guessed. */
static void waits_for_the_groups_offsets(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY - 1);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY - 1);
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);

	ok(f, kafka_embedded_fail(f->broker, "OffsetFetch", "NOT_COORDINATOR", 8, &f->err));
	ok(f, kafka_embedded_fail(f->broker, "ListOffsets", "LEADER_NOT_AVAILABLE", 4, &f->err));
	consumer = consumer_of(f, "g", NULL);
	while (kafka_consumer_assigned(consumer) == 0)
		read_nothing(f, consumer);
	read_nothing(f, consumer);
	fixture_fill(f, 1); /* the value 0 once more, and nothing else again */
	read_until(f, consumer, &reading, MANY);
	assert_int_equal(reading.seen[0], 2);
	kafka_consumer_free(consumer);
}

static void commit_tries_again(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	ok(f, kafka_embedded_fail(f->broker, "OffsetCommit", "COORDINATOR_LOAD_IN_PROGRESS", 3, &f->err));
	commit_read(f, consumer, &reading);
	ok(f, kafka_embedded_fail(f->broker, "OffsetCommit", "ILLEGAL_GENERATION", 1, &f->err));
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
}

/* What does not pass is not tried for ever. */
static void a_commit_refused_for_good_is_no_trouble_that_passes(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	struct kafka_offset offset = { TOPIC, 0, 0 };

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	offset.next = reading.next[0];
	ok(f, kafka_embedded_fail(f->broker, "OffsetCommit", "GROUP_AUTHORIZATION_FAILED", 1, &f->err));
	assert_int_equal(kafka_consumer_commit(consumer, &offset, 1, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_UNAVAILABLE);
	kafka_consumer_free(consumer);
}

/* A long batch asks after a missing topic too: waiting for its commit would have no end. */
static void keepalive_asks_after_a_missing_topic(void **state)
{
	struct fixture *f = *state;
	struct kafka_consumer *consumer = consumer_of(f, "g", NULL);

	read_nothing(f, consumer);
	kafka_consumer_note_missing(consumer);
	clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
	ok(f, kafka_consumer_keepalive(consumer, &f->err));
	clock_thaw();
	assert_int_equal(consumer->missing_since, 0); /* it has been found again */
	kafka_consumer_free(consumer);
}

static int count_lines(int fd)
{
	char text[16384];
	ssize_t n = read(fd, text, sizeof text);
	int lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* However often a connection is tried. */
static void an_outage_is_one_line(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	int64_t deadline = clock_mono_ms() + 3 * WAIT_MS;
	int ends[2], saved = dup(STDERR_FILENO), got = 0;

	fixture_fill(f, 100);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 100);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	log_set_level(LOG_LEVEL_WARN);
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	dup2(ends[1], STDERR_FILENO);
	/* Until it is noticed, and many attempts to connect longer. */
	for (int i = 0; i < 5 && got == 0 && clock_mono_ms() < deadline; i += consumer->link.down) {
		struct kafka_record record;

		got = kafka_consumer_batch(consumer, &record, 1, 300, &f->err);
	}
	dup2(saved, STDERR_FILENO);
	log_set_level(LOG_LEVEL_ERROR);
	close(saved);
	assert_int_equal(got, 0);
	assert_int_equal(count_lines(ends[0]), 1);
	close(ends[0]);
	close(ends[1]);
	kafka_consumer_free(consumer);
}

static void free_is_bounded_without_a_broker(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	int64_t start;

	fixture_fill(f, 100);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 100);
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	start = clock_mono_ms();
	kafka_consumer_free(consumer);
	assert_true(clock_mono_ms() - start < 5000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(keepalive_skips_nothing),       test(keepalive_lends_the_batch_on),
		test(rebalance_in_a_long_batch_leaves_nothing_paused),
		test(shares_and_takes_over),         test(commits_nothing_backwards),
		test(survives_the_brokers_absence),  test(waits_for_the_groups_offsets),
		test(a_commit_refused_for_good_is_no_trouble_that_passes),
		test(keepalive_asks_after_a_missing_topic),
		test(an_outage_is_one_line),
		test(commit_tries_again),            test(free_is_bounded_without_a_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
