/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kafka_fixture.h"

#include <string.h>

#define BATCH 64
#define MANY 400

struct start {
	int64_t next[2]; /* what `position` answers */
	size_t assigned;
	int rebalances;
};

static int64_t position(void *arg, const char *topic, int32_t partition)
{
	const struct start *start = arg;

	assert_string_equal(topic, TOPIC);
	return start->next[partition];
}

static void assigned(void *arg, size_t n)
{
	struct start *start = arg;

	start->assigned = n;
	start->rebalances++;
}

static struct kafka_consumer *consumer_of(struct fixture *f, const char *group, struct start *start)
{
	struct kafka_consumer_options options = { .client_id = "test", .group = group, .topic = TOPIC };
	struct kafka_consumer *consumer = NULL;

	if (start) {
		options.position = position;
		options.assigned = assigned;
		options.arg = start;
	}
	ok(f, kafka_consumer_new(&consumer, f->conf, &options, &f->err));
	return consumer;
}

/* What was read of each value 0 … MANY - 1, and how far each partition came. */
struct reading {
	int seen[MANY];
	int total;
	int64_t next[2];
};

static void take(struct reading *reading, const struct kafka_record *record)
{
	char text[16] = "";
	long value;

	assert_true(record->value.len < sizeof text);
	memcpy(text, record->value.data, record->value.len);
	value = strtol(text, NULL, 10);
	assert_in_range(value, 0, MANY - 1);
	reading->seen[value]++;
	reading->total++;
	assert_in_range(record->partition, 0, 1);
	assert_true(record->offset >= reading->next[record->partition]);
	reading->next[record->partition] = record->offset + 1;
}

/* Reads until `total` records came in all. */
static void read_until(struct fixture *f, struct kafka_consumer *consumer, struct reading *reading, int total)
{
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	struct kafka_record *records = mem_alloc(BATCH * sizeof *records);

	while (reading->total < total) {
		int n = kafka_consumer_batch(consumer, records, BATCH, 100, &f->err);

		ok(f, n);
		for (int i = 0; i < n; i++)
			take(reading, &records[i]);
		assert_true(clock_mono_ms() < deadline);
	}
	free(records);
}

/* Nothing more comes for a while. */
static void read_nothing(struct fixture *f, struct kafka_consumer *consumer)
{
	struct kafka_record record;

	assert_int_equal(kafka_consumer_batch(consumer, &record, 1, 300, &f->err), 0);
}

/* Until an error comes. */
static void read_error(struct fixture *f, struct kafka_consumer *consumer)
{
	int64_t deadline = clock_mono_ms() + 2 * WAIT_MS;
	struct kafka_record record;

	while (kafka_consumer_batch(consumer, &record, 1, 100, &f->err) >= 0)
		assert_true(clock_mono_ms() < deadline);
}

static void commit_read(struct fixture *f, struct kafka_consumer *consumer, const struct reading *reading)
{
	struct kafka_offset offsets[2] = { { TOPIC, 0, reading->next[0] }, { TOPIC, 1, reading->next[1] } };

	ok(f, kafka_consumer_commit(consumer, offsets, 2, &f->err));
}

static void all_once(const struct reading *reading, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(reading->seen[i], 1);
	assert_int_equal(reading->total, n);
}

static void reads_everything_from_the_beginning(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	all_once(&reading, MANY);
	assert_int_equal(kafka_consumer_assigned(consumer), 2);
	read_nothing(f, consumer);
	kafka_consumer_free(consumer);
}

static void resumes_at_the_committed_offset(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 }, rest = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY / 2);
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);

	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &rest, MANY - reading.total);
	read_nothing(f, consumer);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(reading.seen[i] + rest.seen[i], 1);
	kafka_consumer_free(consumer);
}

static void reads_again_what_was_not_committed(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 }, again = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	kafka_consumer_free(consumer);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &again, MANY);
	all_once(&again, MANY);
	kafka_consumer_free(consumer);
}

static void starts_where_the_state_says(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 }, rest = { 0 };
	struct start start = { { -1, -1 }, 0, 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", &start);
	read_until(f, consumer, &reading, MANY);
	assert_int_equal(start.assigned, 2);
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);

	/* The state is behind what the group committed: the state rules. */
	start.next[0] = reading.next[0] - 3;
	start.next[1] = reading.next[1] - 4;
	rest.next[0] = start.next[0];
	rest.next[1] = start.next[1];
	consumer = consumer_of(f, "g", &start);
	read_until(f, consumer, &rest, 7);
	read_nothing(f, consumer);
	assert_int_equal(rest.total, 7);
	kafka_consumer_free(consumer);
}

static void gives_keys_headers_and_times(void **state)
{
	struct fixture *f = *state;
	struct kafka_producer *producer = fixture_producer(f, 0, 100, NULL, NULL);
	struct kafka_header headers[18];
	struct kafka_outgoing out = { TOPIC, slice_str("key"), slice_of("a\0b", 3), false, headers, 18, 86400000 };
	struct kafka_consumer *consumer = consumer_of(f, "g", NULL);
	struct kafka_record records[4];
	struct slice value;
	int n = 0;

	for (int i = 0; i < 18; i++)
		headers[i] = (struct kafka_header){ "more", slice_of(NULL, 0) };
	headers[0] = (struct kafka_header){ "tip-id", slice_str("00ff") };
	ok(f, kafka_producer_send(producer, &out, NULL, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	while (n == 0) {
		n = kafka_consumer_batch(consumer, records, 4, WAIT_MS, &f->err);
		ok(f, n);
	}
	assert_int_equal(n, 1);
	assert_string_equal(records[0].topic, TOPIC);
	assert_true(slice_equal(records[0].key, out.key));
	assert_true(slice_equal(records[0].value, out.value));
	assert_false(records[0].value_null);
	assert_int_equal(records[0].timestamp_ms, 86400000);
	assert_int_equal(records[0].n_headers, KAFKA_HEADERS_MAX);
	assert_true(records[0].headers_cut);
	assert_true(kafka_record_header(&records[0], "tip-id", &value));
	assert_true(slice_equal(value, slice_str("00ff")));
	assert_false(kafka_record_header(&records[0], "tip", &value));

	out.n_headers = 0;
	out.value = slice_of(NULL, 0);
	ok(f, kafka_producer_send(producer, &out, NULL, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	out.value_null = true;
	ok(f, kafka_producer_send(producer, &out, NULL, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	for (int tombstone = 0; tombstone < 2; tombstone++) {
		n = kafka_consumer_batch(consumer, records, 1, WAIT_MS, &f->err);
		assert_int_equal(n, 1);
		assert_int_equal(records[0].value.len, 0);
		assert_int_equal(records[0].value_null, tombstone);
		assert_int_equal(records[0].n_headers, 0);
	}
	kafka_consumer_free(consumer);
	kafka_producer_free(producer);
}

static void out_of_range_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct start start = { { 1000000, -1 }, 0, 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, 10);
	consumer = consumer_of(f, "g", &start);
	read_error(f, consumer);
	assert_string_equal(f->err.reason, "offset-lost");
	/* And stays one. */
	read_error(f, consumer);
	assert_string_equal(f->err.reason, "offset-lost");
	kafka_consumer_free(consumer);
}

static void lag_follows_commits(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_lag lag[4];
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	assert_int_equal(kafka_consumer_lag(consumer, lag, 4), 0);
	read_until(f, consumer, &reading, MANY);
	assert_int_equal(kafka_consumer_lag(consumer, lag, 1), 1);
	assert_int_equal(kafka_consumer_lag(consumer, lag, 4), 2);
	assert_int_equal(lag[0].next + lag[1].next, 0);
	assert_int_equal(lag[0].high + lag[1].high, MANY);
	commit_read(f, consumer, &reading);
	assert_int_equal(kafka_consumer_lag(consumer, lag, 4), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(lag[i].next, lag[i].high);
	kafka_consumer_free(consumer);
}

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

	fixture_fill(f, MANY);
	ok(f, kafka_embedded_fail(f->broker, "OffsetFetch", "COORDINATOR_LOAD_IN_PROGRESS", 8, &f->err));
	ok(f, kafka_embedded_fail(f->broker, "ListOffsets", "LEADER_NOT_AVAILABLE", 4, &f->err));
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	all_once(&reading, MANY);
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
		test(reads_everything_from_the_beginning), test(resumes_at_the_committed_offset),
		test(reads_again_what_was_not_committed),  test(starts_where_the_state_says),
		test(gives_keys_headers_and_times),        test(out_of_range_is_an_error),
		test(lag_follows_commits),                 test(keepalive_skips_nothing),
		test(keepalive_lends_the_batch_on),        test(shares_and_takes_over),
		test(commits_nothing_backwards),           test(survives_the_brokers_absence),
		test(waits_for_the_groups_offsets),        test(commit_tries_again),
		test(free_is_bounded_without_a_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
