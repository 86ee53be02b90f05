/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "ops/runtime/kafka.h"
#include "schema/frame.h"
#include "schema/topics.h"

static const char *setting(const struct topic *topic, const char *name)
{
	for (const struct topic_setting *s = topic->settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s->value;
	return NULL;
}

static long long number(const struct topic *topic, const char *name)
{
	const char *value = setting(topic, name);

	if (!value)
		fail_msg("%s has no %s", topic->name, name);
	return strtoll(value, NULL, 10);
}

static const struct topic *topic_named(const char *name)
{
	for (size_t i = 0; i < n_topics; i++)
		if (strcmp(topics[i].name, name) == 0)
			return &topics[i];
	fail_msg("no topic %s", name);
	return NULL;
}

static void no_setting_occurs_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_topics; i++)
		for (const struct topic_setting *s = topics[i].settings; s->name; s++)
			assert_string_equal(setting(&topics[i], s->name), s->value);
}

static void every_topic_takes_the_largest_message_with_a_clear_time(void **state)
{
	(void)state;
	assert_true(FRAME_MAX < KAFKA_MESSAGE_MAX);
	for (size_t i = 0; i < n_topics; i++) {
		assert_true(number(&topics[i], "max.message.bytes") > (long long)KAFKA_MESSAGE_MAX);
		assert_string_equal(setting(&topics[i], "message.timestamp.type"), "CreateTime");
		assert_string_equal(setting(&topics[i], "compression.type"), "uncompressed");
		assert_true(topics[i].partitions > 0);
	}
}

/* What retention would delete at once must be refused instead: midnight is up to a day in the past. */
static void no_record_is_accepted_that_retention_would_delete(void **state)
{
	const long long day = 86400000;

	(void)state;
	for (size_t i = 0; i < n_topics; i++) {
		const char *retention = setting(&topics[i], "retention.ms");

		assert_true(number(&topics[i], "message.timestamp.before.max.ms") >= 2 * day);
		assert_true(number(&topics[i], "segment.ms") < day);
		if (retention && strcmp(retention, "-1") != 0)
			assert_true(number(&topics[i], "message.timestamp.before.max.ms") + day <=
				    number(&topics[i], "retention.ms"));
	}
}

static void each_kind_of_topic_keeps_what_it_must(void **state)
{
	(void)state;
	assert_int_equal(topic_named(TOPIC_CLASSIFIED)->partitions, 1); /* linking needs one order */
	assert_int_equal(topic_named(TOPIC_SEALED)->partitions, 6);
	for (size_t i = 0; i < n_topics; i++) /* what was acknowledged survives a power loss of the only broker */
		assert_string_equal(setting(&topics[i], "flush.messages"), "1");
	assert_string_equal(setting(topic_named(TOPIC_PARKED), "retention.ms"), "-1");
	assert_string_equal(setting(topic_named(TOPIC_LINK_INDEX), "cleanup.policy"), "compact");
	assert_null(setting(topic_named(TOPIC_LINK_INDEX), "retention.ms"));
}

/* A record that any topic took has room in the topic of the parked, with its headers, and in the clients. */
static void whatever_was_read_can_be_parked(void **state)
{
	const long long parked = number(topic_named(TOPIC_PARKED), "max.message.bytes");

	(void)state;
	for (size_t i = 0; i < n_topics; i++) {
		const long long most = number(&topics[i], "max.message.bytes");

		assert_true(&topics[i] == topic_named(TOPIC_PARKED) || most + 4096 <= parked);
		assert_true(most < (long long)KAFKA_CLIENT_MAX);
	}
}

static void every_reader_reads_a_topic_of_the_table(void **state)
{
	(void)state;
	for (const struct topic_reader *r = topic_readers; r->stage; r++)
		assert_non_null(topic_named(r->topic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_setting_occurs_twice),
		cmocka_unit_test(every_topic_takes_the_largest_message_with_a_clear_time),
		cmocka_unit_test(no_record_is_accepted_that_retention_would_delete),
		cmocka_unit_test(each_kind_of_topic_keeps_what_it_must),
		cmocka_unit_test(whatever_was_read_can_be_parked),
		cmocka_unit_test(every_reader_reads_a_topic_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
