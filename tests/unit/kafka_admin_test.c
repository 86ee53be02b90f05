/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kafka_fixture.h"

#include <string.h>

#include "ops/runtime/kafka_admin.h"

#define N 300

static struct kafka_admin *admin_of(struct fixture *f)
{
	struct kafka_admin *admin = NULL;

	ok(f, kafka_admin_open(&admin, f->conf, 5000, &f->err));
	return admin;
}

struct scanned {
	int seen[N];
	int total, stop_after;
	int64_t last[2];
	bool fail;
};

static int scan_one(void *arg, const struct kafka_record *record, struct err *err)
{
	struct scanned *scanned = arg;
	char text[16] = "";

	assert_true(record->value.len < sizeof text);
	memcpy(text, record->value.data, record->value.len);
	scanned->seen[strtol(text, NULL, 10) % N]++;
	scanned->total++;
	scanned->last[record->partition] = record->offset;
	if (scanned->fail)
		return err_set(err, ERR_DATA, "test-reason", "as asked");
	return scanned->stop_after > 0 && scanned->total >= scanned->stop_after;
}

static void no_setting(void *arg, const char *name, const char *value)
{
	(void)arg;
	(void)name;
	(void)value;
	fail();
}

static void tells_brokers_and_topics(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	int brokers, partitions, replication;

	ok(f, kafka_admin_brokers(admin, &brokers, &f->err));
	assert_int_equal(brokers, 1);
	ok(f, kafka_admin_topic(admin, TOPIC, &partitions, &replication, &f->err));
	assert_int_equal(partitions, 2);
	assert_int_equal(replication, 1);
	/* Asking twice: asking must not create. */
	for (int i = 0; i < 2; i++) {
		ok(f, kafka_admin_topic(admin, "absent", &partitions, &replication, &f->err));
		assert_int_equal(partitions, 0);
	}
	kafka_admin_close(admin);
}

static void says_what_the_embedded_broker_cannot_do(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	struct kafka_topic_spec there = { TOPIC, 2, 1, NULL, 0 }, absent = { "absent", 1, 1, NULL, 0 };
	enum kafka_topic_result result;

	ok(f, kafka_admin_create(admin, &there, &result, &f->err));
	assert_int_equal(result, KAFKA_TOPIC_EXISTED);
	assert_int_equal(kafka_admin_create(admin, &absent, &result, &f->err), -1);
	assert_int_equal(result, KAFKA_TOPIC_FAILED);
	assert_int_equal(f->err.kind, ERR_UNAVAILABLE);
	assert_string_equal(f->err.reason, "kafka-unsupported");
	assert_int_equal(kafka_admin_settings(admin, TOPIC, no_setting, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_UNAVAILABLE);
	assert_string_equal(f->err.reason, "kafka-unsupported");
	kafka_admin_close(admin);
}

static void scans_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	struct scanned scanned = { 0 };

	ok(f, kafka_admin_scan(admin, TOPIC, NULL, scan_one, &scanned, &f->err));
	assert_int_equal(scanned.total, 0); /* and ended, although there was nothing */
	fixture_fill(f, N);
	ok(f, kafka_admin_scan(admin, TOPIC, NULL, scan_one, &scanned, &f->err));
	assert_int_equal(scanned.total, N);
	for (int i = 0; i < N; i++)
		assert_int_equal(scanned.seen[i], 1);
	kafka_admin_close(admin);
}

static void scans_from_offsets(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	struct scanned all = { 0 }, rest = { 0 }, none = { 0 };
	int64_t from[2];

	fixture_fill(f, N);
	ok(f, kafka_admin_scan(admin, TOPIC, NULL, scan_one, &all, &f->err));
	from[0] = all.last[0] - 4;
	from[1] = all.last[1] + 1; /* nothing there yet */
	ok(f, kafka_admin_scan(admin, TOPIC, from, scan_one, &rest, &f->err));
	assert_int_equal(rest.total, 5);
	from[0] = 1000000;
	from[1] = 1000000;
	ok(f, kafka_admin_scan(admin, TOPIC, from, scan_one, &none, &f->err));
	assert_int_equal(none.total, 0);
	kafka_admin_close(admin);
}

static void scan_stops_when_told(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	struct scanned some = { .stop_after = 3 }, failing = { .fail = true };

	fixture_fill(f, N);
	ok(f, kafka_admin_scan(admin, TOPIC, NULL, scan_one, &some, &f->err));
	assert_int_equal(some.total, 3);
	assert_int_equal(kafka_admin_scan(admin, TOPIC, NULL, scan_one, &failing, &f->err), -1);
	assert_string_equal(f->err.reason, "test-reason");
	assert_int_equal(failing.total, 1);
	assert_int_equal(kafka_admin_scan(admin, "absent", NULL, scan_one, &some, &f->err), -1);
	assert_string_equal(f->err.reason, "topic-missing");
	kafka_admin_close(admin);
}

/* As Java's clients hash keys, by the examples in their own tests. */
static void knows_the_partition_of_a_key(void **state)
{
	static const struct {
		const char *key;
		uint32_t hash;
	} keys[] = { { "kafka", 0xd067cf64 }, { "giberish123456789", 0x8f552b0c }, { "1234", 0x9fc97b14 } };

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		for (int n = 1; n < 12; n++)
			assert_int_equal(kafka_admin_partition_of(slice_str(keys[i].key), n),
					 (keys[i].hash & 0x7fffffff) % (uint32_t)n);
}

static void tells_watermarks_and_committed_offsets(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin = admin_of(f);
	struct kafka_consumer_options options = { .client_id = "test", .group = "g", .topic = TOPIC };
	struct kafka_offset offset = { TOPIC, 1, 0 };
	struct kafka_consumer *consumer;
	struct kafka_record record;
	int64_t low, high[2], next;

	fixture_fill(f, N);
	for (int i = 0; i < 2; i++) {
		ok(f, kafka_admin_watermarks(admin, TOPIC, i, &low, &high[i], &f->err));
		assert_int_equal(low, 0);
	}
	assert_int_equal(high[0] + high[1], N);
	ok(f, kafka_admin_committed(admin, "g", TOPIC, 1, &next, &f->err));
	assert_int_equal(next, -1);

	ok(f, kafka_consumer_new(&consumer, f->conf, &options, &f->err));
	while (kafka_consumer_assigned(consumer) == 0)
		ok(f, kafka_consumer_batch(consumer, &record, 1, 50, &f->err));
	offset.next = 7;
	ok(f, kafka_consumer_commit(consumer, &offset, 1, &f->err));
	kafka_consumer_free(consumer);
	ok(f, kafka_admin_committed(admin, "g", TOPIC, 1, &next, &f->err));
	assert_int_equal(next, 7);
	ok(f, kafka_admin_committed(admin, "g", TOPIC, 0, &next, &f->err));
	assert_int_equal(next, -1);
	ok(f, kafka_admin_committed(admin, "other", TOPIC, 1, &next, &f->err));
	assert_int_equal(next, -1);
	kafka_admin_close(admin);
}

static void says_when_no_broker_answers(void **state)
{
	struct fixture *f = *state;
	struct kafka_admin *admin;
	int64_t start = clock_mono_ms();

	ok(f, kafka_embedded_set_down(f->broker, -1, true, &f->err));
	assert_int_equal(kafka_admin_open(&admin, f->conf, 500, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_UNAVAILABLE);
	assert_true(clock_mono_ms() - start < 5000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(tells_brokers_and_topics), test(says_what_the_embedded_broker_cannot_do),
		test(scans_to_the_end),         test(scans_from_offsets),
		test(scan_stops_when_told),     test(tells_watermarks_and_committed_offsets),
		test(knows_the_partition_of_a_key),     test(says_when_no_broker_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
