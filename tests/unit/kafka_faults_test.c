/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a real broker does now and then and never on command, played by the embedded one. Each fault, what must come
 * of it, and the test that shows it:
 *
 *   fault                            | what must come of it               | shown by
 *   ---------------------------------+------------------------------------+-------------------------------------------
 *   sequence out of order            | fatal: renewed, sent again,        | a_fatal_error_loses_nothing (here);
 *                                    | nothing lost                       | kafka_producer_test renews_after_a_fatal…
 *   producer id unknown              | librdkafka gets another, sent again| a_fatal_error_loses_nothing (here)
 *   producer epoch invalid           | reported as failed; librdkafka     | a_fatal_error_loses_nothing (here);
 *                                    | bumps its epoch; sent again by us  | stage_loop_test an_epoch_refused…
 *   no producer id to be had         | reported in the delivery time-out  | no_producer_id_in_time (here)
 *   librdkafka silent for longer     | fatal: renewed, sent again         | a_client_that_keeps_silent (here);
 *                                    |                                    | stage_loop_test brokers_that_never_answer…
 *   fatal in a stage                 | ends with 75, is started again     | stage_loop_test a_fatal_producer_error…;
 *                                    |                                    | stage_batch_test "dead producer"
 *   fatal or failed in the gateway   | renewed where fatal; no ACK        | gateway_core_test; sdk_test refused_record
 *   answer to Produce lost with its  | sent again; one report; one record | an_answer_lost_with_its_connection (here);
 *   connection, after the append     | or a repeat                        | repeats: dedupe_stage_test, sink_test
 *   no answer to Produce in time     | the same                           | a_produce_request_that_times_out (here)
 *   Produce refused for now          | tried again                        | kafka_producer_test rides_out_passing…;
 *                                    |                                    | stage_loop_test refused_produce_requests…
 *   Produce refused for good         | reported, retriable or not         | kafka_producer_test tells_refusal_from…
 *   no answer to Fetch in time       | asked again, nothing skipped       | a_fetch_that_times_out (here)
 *   no answer to OffsetCommit        | tried again                        | a_commit_that_times_out (here)
 *   none for longer than 5 s         | temporary; the stage tries again   | a_commit_without_an_answer… (here);
 *                                    |                                    | stage_batch_test (waits for its commit)
 *   OffsetCommit refused             | tried again; for good: unavailable | kafka_group_test commit_tries_again,
 *                                    |                                    | a_commit_refused_for_good…
 *   OffsetFetch, ListOffsets refused | waited for, not guessed            | kafka_group_test waits_for_the_groups…
 *   committed before what is kept    | stop: offset-lost                  | a_committed_record_that_is_gone (here)
 *   committed beyond the end         | stop: offset-lost                  | a_committed_offset_beyond_the_end (here)
 *   own state beyond the end         | stop: offset-lost                  | kafka_consumer_test out_of_range_is_an…
 *   out of range while reading       | stop: offset-lost                  | out_of_range_while_reading (here)
 *   topic deleted while reading      | stop: topic-missing after 15 s     | a_topic_deleted_while_reading (here)
 *   topic away for a moment          | goes on where it was               | a_topic_that_comes_back (here)
 *   topic deleted while writing      | stop: topic-missing                | stage_batch_test "missing topic"
 *   broker away                      | waited for                         | kafka_group_test survives_the_brokers…,
 *                                    |                                    | kafka_producer_test heals_when_the_broker…
 *
 * The embedded broker does not look at sequence numbers: where a broker would drop a record sent twice, it keeps both.
 */
#include "tests/unit/kafka_reading.h"

#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/kafka_consumer_state.h"

#define LATE_MS 3000    /* longer than the socket timeout below, and than librdkafka needs to notice */
#define NEVER_MS 600000
#define MANY_FAULTS 1000

/* What became of each record: its opaque is its value. */
struct fate {
	int ok, reports;
	bool kept[64], failed[64];
};

static void note(void *arg, const struct kafka_delivery *delivery)
{
	struct fate *fate = arg;
	size_t i = (uintptr_t)delivery->opaque;

	fate->reports++;
	fate->ok += delivery->ok;
	assert_false(delivery->ok && fate->kept[i]); /* told twice that it is kept */
	fate->kept[i] |= delivery->ok;
	fate->failed[i] = !delivery->ok;
	assert_true(delivery->ok || delivery->retriable);
}

static void send_value(struct fixture *f, struct kafka_producer *producer, int i)
{
	char value[16];

	snprintf(value, sizeof value, "%d", i);
	ok(f, fixture_send(f, producer, value, value, (void *)(uintptr_t)i));
}

/* A client may be dead already, of what was sent a moment before: then it is to be sent again. */
static void send_or_fail(struct fixture *f, struct kafka_producer *producer, struct fate *fate, int i)
{
	char value[16];

	snprintf(value, sizeof value, "%d", i);
	fate->failed[i] = fixture_send(f, producer, value, value, (void *)(uintptr_t)i) < 0;
	if (fate->failed[i])
		assert_string_equal(f->err.reason, "producer-fatal");
}

/* Clients made from now on wait 1 s for an answer, not 20. */
static void be_impatient(struct fixture *f)
{
	static const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	struct buf text = BUF_INIT;

	conf_free(f->conf);
	buf_printf(&text, "kafka:\n  brokers: [\"%s\"]\n  socket_timeout: 1s\n", kafka_embedded_address(f->broker));
	ok(f, conf_parse(&f->conf, "test", buf_text(&text), tables, &f->err));
	buf_release(&text);
}

/* Every one of the first n is in the topic, and nothing that was not sent. Returns how many are there again. */
static int read_all(struct fixture *f, int n)
{
	struct kafka_consumer *consumer = consumer_of(f, "reader", NULL);
	struct reading reading = { 0 };

	read_until(f, consumer, &reading, n);
	for (int i = 0; i < n; i++) {
		while (reading.seen[i] == 0) /* fails when it is late */
			read_until(f, consumer, &reading, reading.total + 1);
	}
	for (int i = n; i < MANY; i++)
		assert_int_equal(reading.seen[i], 0);
	kafka_consumer_free(consumer);
	return reading.total - n;
}

/* ---- the producer ---- */

enum cure { CURE_NONE, CURE_AGAIN, CURE_RENEW };

/*
 * As adapters behind the gateway, and a supervised stage, do: what was reported as failed is sent again, to a new
 * client where the old one is dead. Returns the strongest cure that it took.
 */
static enum cure publish(struct fixture *f, struct kafka_producer *producer, struct fate *fate, int first, int last)
{
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	enum cure cure = CURE_NONE;

	for (int i = first; i < last; i++)
		send_or_fail(f, producer, fate, i);
	while (fate->ok < last) {
		assert_true(clock_mono_ms() < deadline);
		if (kafka_producer_poll(producer, 20, &f->err) < 0) {
			assert_string_equal(f->err.reason, "producer-fatal");
			ok(f, kafka_producer_renew(producer, &f->err));
			cure = CURE_RENEW;
		}
		for (int i = first; i < last; i++) {
			if (!fate->failed[i])
				continue;
			send_or_fail(f, producer, fate, i);
			cure = cure == CURE_RENEW ? cure : CURE_AGAIN;
		}
	}
	return cure;
}

static void a_fatal_error_loses_nothing(void **state)
{
	static const struct {
		const char *error;
		enum cure cure;
	} cases[] = {
		{ "OUT_OF_ORDER_SEQUENCE_NUMBER", CURE_RENEW },
		{ "UNKNOWN_PRODUCER_ID", CURE_NONE },     /* librdkafka gets itself a new producer id */
		{ "INVALID_PRODUCER_EPOCH", CURE_AGAIN }, /* librdkafka goes on, without that record */
	};
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 0, 100, note, &fate);
	int sent = 0;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++, sent += 6) {
		/* The first record takes the connection and the producer id out of the way. */
		assert_int_equal(publish(f, producer, &fate, sent, sent + 1), CURE_NONE);
		ok(f, kafka_embedded_fail_produce(f->broker, cases[i].error, 1, &f->err));
		enum cure cure = publish(f, producer, &fate, sent + 1, sent + 6);
		if (cure != cases[i].cure)
			fail_msg("%s: cured by %d", cases[i].error, (int)cure);
	}
	kafka_producer_free(producer);
	read_all(f, sent);
}

static void no_producer_id_in_time(void **state)
{
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer;

	ok(f, kafka_embedded_fail(f->broker, "InitProducerId", "COORDINATOR_LOAD_IN_PROGRESS", MANY_FAULTS, &f->err));
	producer = fixture_producer(f, 1500, 100, note, &fate);
	send_value(f, producer, 0);
	assert_int_equal(kafka_producer_flush(producer, WAIT_MS, &f->err), -1);
	assert_string_equal(f->err.reason, "publish-failed");
	assert_true(fate.failed[0]);
	kafka_embedded_heal(f->broker, "InitProducerId");
	fate.failed[0] = false;
	assert_int_equal(publish(f, producer, &fate, 0, 1), CURE_NONE);
	kafka_producer_free(producer);
	assert_int_equal(read_all(f, 1), 0);
}

/*
 * The clock is ours and librdkafka's is not, so that it still waits when it must have answered. Fails when check_alive
 * no longer looks at the age of the oldest record (tried).
 */
static void a_client_that_keeps_silent(void **state)
{
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 60000, 100, note, &fate);
	struct kafka_consumer *witness = consumer_of(f, "witness", NULL);
	struct reading reading = { 0 };

	assert_int_equal(publish(f, producer, &fate, 0, 1), CURE_NONE);
	ok(f, kafka_embedded_delay(f->broker, "Produce", NEVER_MS, 1, &f->err));
	send_value(f, producer, 1);
	read_until(f, witness, &reading, 2); /* the broker has it, and does not say so */
	clock_freeze(clock_mono_ms() + 60000, clock_wall_ms());
	assert_int_equal(kafka_producer_poll(producer, 0, &f->err), 0); /* librdkafka's own time */
	clock_advance(5001);
	assert_int_equal(kafka_producer_poll(producer, 0, &f->err), -1);
	assert_string_equal(f->err.reason, "producer-fatal");
	assert_int_equal(kafka_producer_flush(producer, 0, &f->err), -1);
	assert_string_equal(f->err.reason, "producer-fatal");
	clock_thaw();
	ok(f, kafka_producer_renew(producer, &f->err));
	assert_true(fate.failed[1]);
	assert_int_equal(fate.reports, 2);
	fate.failed[1] = false;
	assert_int_equal(publish(f, producer, &fate, 1, 2), CURE_NONE);
	kafka_producer_free(producer);
	kafka_consumer_free(witness);
	assert_in_range(read_all(f, 2), 0, 1);
}

static void an_answer_lost_with_its_connection(void **state)
{
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 0, 100, note, &fate);
	struct kafka_consumer *witness = consumer_of(f, "witness", NULL);
	struct reading reading = { 0 };

	publish(f, producer, &fate, 0, 1);
	ok(f, kafka_embedded_delay(f->broker, "Produce", NEVER_MS, 1, &f->err));
	send_value(f, producer, 1);
	/* The broker has it; the producer does not know. */
	read_until(f, witness, &reading, 2);
	ok(f, kafka_producer_poll(producer, 0, &f->err));
	assert_int_equal(fate.ok, 1);
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	ok(f, kafka_embedded_set_down(f->broker, -1, false, &f->err));
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_int_equal(fate.ok, 2);
	assert_int_equal(fate.reports, 2);
	kafka_producer_free(producer);
	kafka_consumer_free(witness);
	assert_in_range(read_all(f, 2), 0, 1);
}

static void a_produce_request_that_times_out(void **state)
{
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer;
	int64_t begun;

	be_impatient(f);
	producer = fixture_producer(f, 0, 100, note, &fate);
	publish(f, producer, &fate, 0, 1);
	ok(f, kafka_embedded_delay(f->broker, "Produce", LATE_MS, 1, &f->err));
	begun = clock_mono_ms();
	for (int i = 1; i < 6; i++)
		send_value(f, producer, i);
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	assert_true(clock_mono_ms() - begun >= 900); /* it was late indeed */
	assert_int_equal(fate.ok, 6);
	assert_int_equal(fate.reports, 6);
	kafka_producer_free(producer);
	read_all(f, 6);
}

/* ---- the consumer ---- */

static void a_fetch_that_times_out(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	int64_t begun;

	fixture_fill(f, MANY);
	be_impatient(f);
	ok(f, kafka_embedded_delay(f->broker, "Fetch", LATE_MS, 1, &f->err));
	begun = clock_mono_ms();
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	assert_true(clock_mono_ms() - begun >= 900);
	read_nothing(f, consumer);
	all_once(&reading, MANY);
	kafka_consumer_free(consumer);
}

/* The group stands where `reading` ended: what comes next is the value 0 once more, and nothing else. */
static void stands_at_the_end(struct fixture *f, struct reading *reading)
{
	struct kafka_consumer *consumer = consumer_of(f, "g", NULL);
	int total = reading->total;

	while (kafka_consumer_assigned(consumer) == 0)
		read_nothing(f, consumer);
	fixture_fill(f, 1);
	read_until(f, consumer, reading, total + 1);
	read_nothing(f, consumer);
	assert_int_equal(reading->seen[0], 2);
	kafka_consumer_free(consumer);
}

static void a_commit_that_times_out(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	be_impatient(f);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	ok(f, kafka_embedded_fail(f->broker, "OffsetCommit", "REQUEST_TIMED_OUT", 2, &f->err));
	ok(f, kafka_embedded_delay(f->broker, "OffsetCommit", LATE_MS, 1, &f->err));
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
	stands_at_the_end(f, &reading);
}

static void a_commit_without_an_answer_is_trouble_that_passes(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_offset offsets[2] = { { TOPIC, 0, 0 }, { TOPIC, 1, 0 } };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	for (int i = 0; i < 2; i++)
		offsets[i].next = reading.next[i];
	ok(f, kafka_embedded_delay(f->broker, "OffsetCommit", NEVER_MS, 1, &f->err));
	assert_int_equal(kafka_consumer_commit(consumer, offsets, 2, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_TEMPORARY);
	assert_string_equal(f->err.reason, "commit-failed");
	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	ok(f, kafka_embedded_set_down(f->broker, -1, false, &f->err));
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
	stands_at_the_end(f, &reading);
}

static void stops_as_lost(struct fixture *f, struct kafka_consumer *consumer)
{
	for (int i = 0; i < 2; i++) { /* and stays so */
		read_error(f, consumer);
		assert_int_equal(f->err.kind, ERR_DATA);
		assert_string_equal(f->err.reason, "offset-lost");
	}
	kafka_consumer_free(consumer);
}

/* The broker keeps 5 MiB a partition: enough large records push out the small ones before them. */
static void push_out(struct fixture *f)
{
	struct kafka_producer *producer = fixture_producer(f, 0, 100, NULL, NULL);
	const size_t size = 2000000;
	uint8_t *large = mem_alloc(size);

	for (int i = 0; i < 20; i++) {
		char key[16];

		snprintf(key, sizeof key, "%d", i);
		const struct kafka_outgoing record = { .topic = TOPIC, .key = slice_str(key),
						       .value = slice_of(large, size) };
		ok(f, kafka_producer_send(producer, &record, NULL, &f->err));
	}
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	free(large);
	kafka_producer_free(producer);
}

static void a_committed_record_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	reading.next[0] = reading.next[1] = 1;
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
	push_out(f);
	consumer = consumer_of(f, "g", NULL);
	stops_as_lost(f, consumer);
	assert_non_null(strstr(f->err.text, "group g stands at 1, but the records before"));
}

static void a_committed_offset_beyond_the_end(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY);
	reading.next[1] += 1000; /* as if the broker had lost the end of its log */
	commit_read(f, consumer, &reading);
	kafka_consumer_free(consumer);
	stops_as_lost(f, consumer_of(f, "g", NULL));
}

static void out_of_range_while_reading(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, 100);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 100);
	read_nothing(f, consumer); /* of an answer that is also the first at the end, librdkafka tells the end alone */
	ok(f, kafka_embedded_fail(f->broker, "Fetch", "OFFSET_OUT_OF_RANGE", 1, &f->err));
	stops_as_lost(f, consumer);
}

/*
 * Nobody asks the producer for long while the answer lies there: that is no silence. When the answer has come cannot be
 * seen from here without asking, so that a flush too early is asked again. Fails without the poll that flush begins
 * with (tried).
 */
static void an_answer_nobody_asked_for(void **state)
{
	struct fixture *f = *state;
	struct fate fate = { 0 };
	struct kafka_producer *producer = fixture_producer(f, 60000, 100, note, &fate);
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	int rc;

	send_value(f, producer, 0);
	do {
		clock_freeze(clock_mono_ms() + 65001, clock_wall_ms());
		rc = kafka_producer_flush(producer, 0, &f->err);
		clock_thaw();
	} while (rc < 0 && clock_mono_ms() < deadline);
	ok(f, rc);
	assert_int_equal(fate.reports, 1);
	assert_false(fate.failed[0]);
	kafka_producer_free(producer);
}

/* The topic is gone, and the consumer has noticed. */
static void delete_topic(struct fixture *f, struct kafka_consumer *consumer)
{
	int64_t deadline = clock_mono_ms() + 2 * WAIT_MS;
	struct kafka_record record;

	kafka_embedded_hide_topic(f->broker, TOPIC, true);
	ok(f, kafka_embedded_fail(f->broker, "Fetch", "UNKNOWN_TOPIC_OR_PART", MANY_FAULTS, &f->err));
	while (!consumer->missing_since) {
		assert_int_equal(kafka_consumer_batch(consumer, &record, 1, 50, &f->err), 0);
		assert_true(clock_mono_ms() < deadline);
	}
}

static void a_topic_deleted_while_reading(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;
	struct kafka_record record;

	fixture_fill(f, 100);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, 100);
	delete_topic(f, consumer);
	clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
	assert_int_equal(kafka_consumer_batch(consumer, &record, 1, 0, &f->err), 0); /* it may come back */
	clock_freeze(clock_mono_ms() + 10000, clock_wall_ms());
	assert_int_equal(kafka_consumer_batch(consumer, &record, 1, 0, &f->err), -1);
	clock_thaw();
	assert_int_equal(f->err.kind, ERR_UNAVAILABLE);
	assert_string_equal(f->err.reason, "topic-missing");
	assert_string_equal(f->err.text, "there is no topic " TOPIC ": `tipctl topics create` makes what is missing");
	kafka_consumer_free(consumer);
}

static void a_topic_that_comes_back(void **state)
{
	struct fixture *f = *state;
	struct reading reading = { 0 };
	struct kafka_consumer *consumer;

	fixture_fill(f, MANY - 1);
	consumer = consumer_of(f, "g", NULL);
	read_until(f, consumer, &reading, MANY - 1);
	commit_read(f, consumer, &reading);
	delete_topic(f, consumer);
	kafka_embedded_hide_topic(f->broker, TOPIC, false);
	kafka_embedded_heal(f->broker, "Fetch");
	fixture_fill(f, 1);
	read_until(f, consumer, &reading, MANY);
	read_nothing(f, consumer);
	assert_int_equal(reading.seen[0], 2);
	assert_int_equal(reading.total, MANY);
	kafka_consumer_free(consumer);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

static const struct CMUnitTest cases[] = {
	test(a_fatal_error_loses_nothing),      test(no_producer_id_in_time),
	test(an_answer_nobody_asked_for),
	test(a_client_that_keeps_silent),       test(an_answer_lost_with_its_connection),
	test(a_produce_request_that_times_out), test(a_fetch_that_times_out),
	test(a_commit_that_times_out),          test(a_commit_without_an_answer_is_trouble_that_passes),
	test(a_committed_record_that_is_gone),  test(a_committed_offset_beyond_the_end),
	test(out_of_range_while_reading),       test(a_topic_deleted_while_reading),
	test(a_topic_that_comes_back),
};

#define N_CASES (sizeof cases / sizeof cases[0])

static pid_t start_case(const char *name)
{
	char *const argv[] = { (char[]){ "kafka_faults_test" }, mem_strdup(name), NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	free(argv[1]);
	return pid;
}

/* Nearly all of a case is waiting: each is a process with a broker of its own, and all of them run at once. */
static int run_all(void)
{
	pid_t pids[N_CASES];
	int failed = 0;

	for (size_t i = 0; i < N_CASES; i++)
		pids[i] = start_case(cases[i].name);
	for (size_t i = 0; i < N_CASES; i++) {
		int status;

		failed += pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] || !WIFEXITED(status) ||
			  WEXITSTATUS(status) != 0;
	}
	return failed;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return run_all();
	cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(cases, NULL, NULL);
}
