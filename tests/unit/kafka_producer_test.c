/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kafka_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct tally {
	int ok, failed, retriable;
	char error[64];
	uint64_t seen; /* bit i: the record with opaque i was reported */
	int twice;
};

static void count(void *arg, const struct kafka_delivery *delivery)
{
	struct tally *tally = arg;
	uint64_t bit = (uint64_t)1 << (uintptr_t)delivery->opaque;

	tally->twice += (tally->seen & bit) != 0;
	tally->seen |= bit;
	if (delivery->ok) {
		assert_null(delivery->error);
		tally->ok++;
		return;
	}
	tally->failed++;
	tally->retriable += delivery->retriable;
	snprintf(tally->error, sizeof tally->error, "%s", delivery->error);
}

static void send_some(struct fixture *f, struct kafka_producer *producer, int n)
{
	for (int i = 0; i < n; i++)
		ok(f, fixture_send(f, producer, "k", "v", (void *)(uintptr_t)i));
}

static void reports_each_record_once(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 30000, 100, count, &tally);

	send_some(f, producer, 50);
	assert_int_equal(kafka_producer_queued(producer), 50);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_int_equal(kafka_producer_queued(producer), 0);
	assert_int_equal(tally.ok, 50);
	assert_int_equal(tally.twice, 0);
	kafka_producer_free(producer);
	assert_int_equal(tally.ok + tally.failed, 50);
}

static void poll_counts_reports(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 30000, 100, count, &tally);
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	int reported = 0;

	send_some(f, producer, 7);
	while (reported < 7 && clock_mono_ms() < deadline) {
		int n = kafka_producer_poll(producer, 50, &f->err);

		ok(f, n);
		reported += n;
	}
	assert_int_equal(reported, 7);
	assert_int_equal(kafka_producer_poll(producer, 0, &f->err), 0);
	kafka_producer_free(producer);
}

static void says_when_full(void **state)
{
	struct fixture *f = *state;
	struct kafka_producer *producer = fixture_producer(f, 30000, 3, NULL, NULL);

	send_some(f, producer, 3);
	assert_int_equal(fixture_send(f, producer, "k", "v", NULL), -1);
	assert_int_equal(f->err.kind, ERR_TEMPORARY);
	assert_string_equal(f->err.reason, "queue-full");
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	send_some(f, producer, 1);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	kafka_producer_free(producer);
}

static void refuses_what_is_too_large(void **state)
{
	struct fixture *f = *state;
	struct kafka_producer *producer = fixture_producer(f, 30000, 3, NULL, NULL);
	uint8_t *large = mem_alloc(KAFKA_CLIENT_MAX + 1);
	struct kafka_outgoing record = { .topic = TOPIC, .value = slice_of(large, KAFKA_CLIENT_MAX + 1) };

	assert_int_equal(kafka_producer_send(producer, &record, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_DATA);
	assert_string_equal(f->err.reason, "record-too-large");
	assert_int_equal(kafka_producer_queued(producer), 0);
	record.value.len = 2162688; /* as large as a topic takes: it must be possible to park it */
	ok(f, kafka_producer_send(producer, &record, NULL, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	free(large);
	kafka_producer_free(producer);
}

static void tells_refusal_from_trouble(void **state)
{
	static const struct {
		const char *error;
		bool retriable;
	} cases[] = {
		{ "MSG_SIZE_TOO_LARGE", false },
		{ "TOPIC_AUTHORIZATION_FAILED", true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tally tally = { 0 };
		struct kafka_producer *producer = fixture_producer(f, 30000, 100, count, &tally);

		/* The first record takes the connection and the producer id out of the way. */
		send_some(f, producer, 1);
		ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
		ok(f, kafka_embedded_fail_produce(f->broker, cases[i].error, 1, &f->err));
		ok(f, fixture_send(f, producer, "k", "v", (void *)(uintptr_t)1));
		assert_int_equal(kafka_producer_flush(producer, WAIT_MS, &f->err), -1);
		assert_string_equal(f->err.reason, "publish-failed");
		assert_string_equal(tally.error, cases[i].error);
		assert_int_equal(tally.retriable, cases[i].retriable);
		/* A failure counts for one flush only. */
		ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
		kafka_producer_free(producer);
	}
}

static void rides_out_passing_errors(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 30000, 100, count, &tally);

	ok(f, kafka_embedded_fail_produce(f->broker, "NOT_LEADER_FOR_PARTITION", 2, &f->err));
	send_some(f, producer, 5);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_int_equal(tally.ok, 5);
	kafka_producer_free(producer);
}

static void gives_up_in_time(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 3000, 100, count, &tally);

	send_some(f, producer, 1);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	ok(f, fixture_send(f, producer, "k", "v", (void *)(uintptr_t)1));
	assert_int_equal(kafka_producer_flush(producer, 1, &f->err), -1);
	assert_string_equal(f->err.reason, "publish-late");
	assert_int_equal(kafka_producer_flush(producer, WAIT_MS, &f->err), -1);
	assert_string_equal(f->err.reason, "publish-failed");
	assert_string_equal(tally.error, "_MSG_TIMED_OUT");
	assert_int_equal(tally.retriable, 1);
	kafka_producer_free(producer);
}

static void heals_when_the_broker_returns(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 0, 100, count, &tally);

	send_some(f, producer, 1);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	ok(f, fixture_send(f, producer, "k", "v", (void *)(uintptr_t)1));
	assert_int_equal(kafka_producer_flush(producer, 300, &f->err), -1);
	ok(f, kafka_embedded_set_down(f->broker, -1, false, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_int_equal(tally.ok, 2);
	kafka_producer_free(producer);
}

static void free_reports_what_is_left(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 0, 100, count, &tally);
	int64_t start;

	send_some(f, producer, 1);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	tally.seen = 0;
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	send_some(f, producer, 10);
	start = clock_mono_ms();
	kafka_producer_free(producer);
	assert_true(clock_mono_ms() - start < 4000);
	assert_int_equal(tally.ok, 1);
	assert_int_equal(tally.failed, 10);
	assert_int_equal(tally.twice, 0);
}

static void renews_after_a_fatal_error(void **state)
{
	struct fixture *f = *state;
	struct tally tally = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 30000, 100, count, &tally);
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	int sent = 0;

	send_some(f, producer, 1);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	tally.seen = 0;
	ok(f, kafka_embedded_fail_produce(f->broker, "OUT_OF_ORDER_SEQUENCE_NUMBER", 1, &f->err));
	/* On a busy machine the answer may be here before the fifth is sent. */
	while (sent < 5 && fixture_send(f, producer, "k", "v", (void *)(uintptr_t)sent) == 0)
		sent++;
	while (kafka_producer_poll(producer, 50, &f->err) >= 0)
		assert_true(clock_mono_ms() < deadline);
	assert_string_equal(f->err.reason, "producer-fatal");
	assert_int_equal(fixture_send(f, producer, "k", "v", NULL), -1);
	assert_string_equal(f->err.reason, "producer-fatal");
	assert_int_equal(kafka_producer_flush(producer, WAIT_MS, &f->err), -1);
	assert_string_equal(f->err.reason, "producer-fatal");
	ok(f, kafka_producer_renew(producer, &f->err));
	assert_int_equal(kafka_producer_queued(producer), 0);
	assert_int_equal(tally.failed, sent);
	tally.seen = 0;
	send_some(f, producer, 5);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_int_equal(tally.ok, 6);
	kafka_producer_free(producer);
}

static void wakes_a_poll_loop(void **state)
{
	struct fixture *f = *state;
	struct kafka_producer *producer = fixture_producer(f, 30000, 100, NULL, NULL);
	struct pollfd wait = { -1, POLLIN, 0 };
	int fds[2], reported = 0;

	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	wait.fd = fds[0];
	kafka_producer_wakeup(producer, fds[1]);
	send_some(f, producer, 20);
	while (reported < 20) {
		uint8_t bytes[64];
		int n;

		assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
		assert_true(read(fds[0], bytes, sizeof bytes) > 0);
		while ((n = kafka_producer_poll(producer, 0, &f->err)) > 0)
			reported += n;
	}
	assert_int_equal(reported, 20);
	kafka_producer_free(producer);
	close(fds[0]);
	close(fds[1]);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(reports_each_record_once), test(poll_counts_reports),        test(says_when_full),
		test(refuses_what_is_too_large), test(tells_refusal_from_trouble), test(rides_out_passing_errors),
		test(gives_up_in_time),          test(heals_when_the_broker_returns), test(free_reports_what_is_left),
		test(renews_after_a_fatal_error), test(wakes_a_poll_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
