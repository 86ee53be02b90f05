/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_reading: consumers of the fixture's topic, and what they read of it. */
#ifndef TIPLINE_TESTS_UNIT_KAFKA_READING_H
#define TIPLINE_TESTS_UNIT_KAFKA_READING_H

#include "tests/unit/kafka_fixture.h"

#include <string.h>

#define BATCH 64
#define MANY 400

struct start {
	int64_t next[2]; /* what `position` answers */
	size_t assigned;
	int rebalances;
};

static inline int64_t position(void *arg, const char *topic, int32_t partition)
{
	const struct start *start = arg;

	assert_string_equal(topic, TOPIC);
	return start->next[partition];
}

static inline void assigned(void *arg, size_t n)
{
	struct start *start = arg;

	start->assigned = n;
	start->rebalances++;
}

static inline struct kafka_consumer *consumer_of(struct fixture *f, const char *group, struct start *start)
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

static inline void take(struct reading *reading, const struct kafka_record *record)
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
static inline void read_until(struct fixture *f, struct kafka_consumer *consumer, struct reading *reading, int total)
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
static inline void read_nothing(struct fixture *f, struct kafka_consumer *consumer)
{
	struct kafka_record record;

	assert_int_equal(kafka_consumer_batch(consumer, &record, 1, 300, &f->err), 0);
}

/* Until an error comes. */
static inline void read_error(struct fixture *f, struct kafka_consumer *consumer)
{
	int64_t deadline = clock_mono_ms() + 2 * WAIT_MS;
	struct kafka_record record;

	while (kafka_consumer_batch(consumer, &record, 1, 100, &f->err) >= 0)
		assert_true(clock_mono_ms() < deadline);
}

static inline void commit_read(struct fixture *f, struct kafka_consumer *consumer, const struct reading *reading)
{
	struct kafka_offset offsets[2] = { { TOPIC, 0, reading->next[0] }, { TOPIC, 1, reading->next[1] } };

	ok(f, kafka_consumer_commit(consumer, offsets, 2, &f->err));
}

static inline void all_once(const struct reading *reading, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(reading->seen[i], 1);
	assert_int_equal(reading->total, n);
}

#endif
