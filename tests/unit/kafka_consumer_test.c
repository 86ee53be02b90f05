/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kafka_reading.h"

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

/*
 * A record ends the wait. Fails when the queue no longer writes to the descriptor that kafka_consumer_batch polls
 * (rd_kafka_queue_io_event_enable): the record then comes when the time-out ends.
 */
static void a_record_ends_the_wait(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	struct kafka_record record;
	int64_t begun;

	fixture_fill(f, 1);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 1);
	read_nothing(f, consumer);
	begun = clock_mono_ms();
	fixture_fill(f, 1);
	assert_int_equal(kafka_consumer_batch(consumer, &record, 1, WAIT_MS, &f->err), 1);
	assert_true(clock_mono_ms() - begun < WAIT_MS / 2);
	kafka_consumer_free(consumer);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(reads_everything_from_the_beginning), test(resumes_at_the_committed_offset),
		test(reads_again_what_was_not_committed),  test(starts_where_the_state_says),
		test(gives_keys_headers_and_times),        test(out_of_range_is_an_error),
		test(lag_follows_commits), test(a_record_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
