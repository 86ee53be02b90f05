/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka alone: records to the broker and their delivery reports, records from the broker, offsets to a group. Sent
 * a batch at a time, as a stage does it: many, as few as share a batch at a steady rate, or one.
 */
#include <librdkafka/rdkafka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/primitives/primitives.h"

#define RECORDS 4000
#define FEW_RECORDS 300
#define COMMITS 200
#define WAIT_MS 30000
#define ID 32

enum { ONE_PARTITION = 1, PARTITIONS = 6 };

/* What a primitive's arg says. */
static const struct shape {
	enum bench_size size;
	size_t batch; /* 0: bench->few */
	int partitions;
} shapes[] = {
	{ SIZE_FRAME, 500, PARTITIONS },  { SIZE_LINKED, 500, PARTITIONS }, { SIZE_FRAME, 0, PARTITIONS },
	{ SIZE_LINKED, 0, PARTITIONS },   { SIZE_LINKED, 0, ONE_PARTITION }, { SIZE_FRAME, 1, PARTITIONS },
};

enum { FRAMES_MANY, RECORDS_MANY, FRAMES_FEW, RECORDS_FEW, RECORDS_FEW_IN_ORDER, FRAMES_ALONE };

struct kafka {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	char topic[64];
	uint8_t *value;
	size_t len, batch;
	int partitions;
};

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		bench_fail(name, why);
}

static rd_kafka_conf_t *settings(const struct bench *bench)
{
	static const char *const rows[][2] = {
		{ "acks", "all" }, { "enable.idempotence", "true" }, { "batch.size", "1000000" },
		{ "group.id", "tipline-bench" }, { "enable.auto.commit", "false" }, { "auto.offset.reset", "earliest" },
		{ "fetch.wait.max.ms", "50" }, { "check.crcs", "true" }, { "log_level", "0" },
		{ "queued.min.messages", "1000000" }, { "queued.max.messages.kbytes", "262144" },
		{ "socket.nagle.disable", "true" },
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		set(conf, rows[i][0], rows[i][1]);
	set(conf, "bootstrap.servers", bench->brokers);
	return conf;
}

static void start(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[256];
	const rd_kafka_metadata_t *all;

	kafka->rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!kafka->rk)
		bench_fail("librdkafka", why);
	if (rd_kafka_metadata(kafka->rk, 0, NULL, &all, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_fail(kafka->topic, "no broker answers");
	rd_kafka_metadata_destroy(all);
}

static struct kafka *open_shape(const struct bench *bench, int arg)
{
	const struct shape *shape = &shapes[arg];
	struct kafka *kafka = mem_alloc(sizeof(*kafka));

	kafka->len = bench->sizes[shape->size];
	kafka->batch = shape->batch ? shape->batch : bench->few;
	kafka->partitions = shape->partitions;
	kafka->value = mem_alloc(kafka->len);
	snprintf(kafka->topic, sizeof(kafka->topic), "bench.primitives.%d.%d", (int)getpid(), arg);
	return kafka;
}

static void create_topic(struct kafka *kafka)
{
	char why[256];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(kafka->topic, kafka->partitions, 1, why, sizeof(why));

	rd_kafka_CreateTopics(kafka->rk, &topic, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
	if (!event || rd_kafka_event_error(event))
		bench_fail(kafka->topic, "cannot be created");
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
}

static void produce_batch(struct kafka *kafka, size_t n)
{
	uint8_t id[ID];

	for (size_t i = 0; i < n; i++) {
		randombytes_buf(id, sizeof(id)); /* as the key it decides on the partition */
		if (rd_kafka_producev(kafka->rk, RD_KAFKA_V_TOPIC(kafka->topic),
				      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(id, sizeof(id)),
				      RD_KAFKA_V_VALUE(kafka->value, kafka->len),
				      RD_KAFKA_V_HEADER("tip-id", id, sizeof(id)), RD_KAFKA_V_END) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			bench_fail("produce", kafka->topic);
	}
	if (rd_kafka_flush(kafka->rk, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_fail("flush", kafka->topic);
}

static void produce(void *state, size_t n)
{
	struct kafka *kafka = state;

	for (size_t done = 0; done < n; done += kafka->batch)
		produce_batch(kafka, n - done < kafka->batch ? n - done : kafka->batch);
}

static void *prepare_producer(const struct bench *bench, int arg)
{
	struct kafka *kafka = open_shape(bench, arg);
	rd_kafka_conf_t *conf = settings(bench);

	set(conf, "linger.ms", kafka->batch > 1 ? "5" : "0");
	start(kafka, RD_KAFKA_PRODUCER, conf);
	create_topic(kafka);
	produce_batch(kafka, 100); /* connects, learns the topic and its partitions */
	return kafka;
}

static void assign(struct kafka *kafka)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(kafka->partitions);

	for (int i = 0; i < kafka->partitions; i++)
		rd_kafka_topic_partition_list_add(list, kafka->topic, i)->offset = 0;
	if (rd_kafka_assign(kafka->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_fail("assign", kafka->topic);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Run once, from the assignment on, so that all that is read ahead is in it. */
static void consume(void *state, size_t n)
{
	struct kafka *kafka = state;
	rd_kafka_message_t *messages[500];

	assign(kafka);
	for (size_t done = 0; done < n;) {
		size_t most = n - done < 500 ? n - done : 500;
		ssize_t got = rd_kafka_consume_batch_queue(kafka->queue, 5, messages, most);

		if (got < 0)
			bench_fail("consume", kafka->topic);
		for (ssize_t i = 0; i < got; i++) {
			done += messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
			rd_kafka_message_destroy(messages[i]);
		}
	}
}

/* An answer to a fetch carries a batch. */
static void limit_fetch(const struct kafka *kafka, rd_kafka_conf_t *conf)
{
	char bytes[24];

	snprintf(bytes, sizeof(bytes), "%zu", kafka->batch * (kafka->len + 200) + 1000);
	set(conf, "message.max.bytes", bytes);
	set(conf, "fetch.max.bytes", bytes);
}

/* Reads what the producer of the same shape has left. */
static void *prepare_consumer(const struct bench *bench, int arg)
{
	struct kafka *kafka = open_shape(bench, arg);
	rd_kafka_conf_t *conf = settings(bench);

	limit_fetch(kafka, conf);
	start(kafka, RD_KAFKA_CONSUMER, conf);
	rd_kafka_poll_set_consumer(kafka->rk);
	kafka->queue = rd_kafka_queue_get_consumer(kafka->rk);
	return kafka;
}

static void commit(void *state, size_t n)
{
	struct kafka *kafka = state;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(kafka->partitions);

	for (int i = 0; i < kafka->partitions; i++)
		rd_kafka_topic_partition_list_add(list, kafka->topic, i)->offset = 1;
	for (size_t i = 0; i < n; i++)
		if (rd_kafka_commit(kafka->rk, list, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
			bench_fail("commit", kafka->topic);
	rd_kafka_topic_partition_list_destroy(list);
}

static void *prepare_commit(const struct bench *bench, int arg)
{
	struct kafka *kafka = prepare_consumer(bench, arg);

	commit(kafka, 1); /* finds the coordinator */
	return kafka;
}

static void release(void *state)
{
	struct kafka *kafka = state;

	if (kafka->queue)
		rd_kafka_queue_destroy(kafka->queue);
	rd_kafka_destroy(kafka->rk);
	free(kafka->value);
	free(kafka);
}

#define PRODUCE prepare_producer, produce, release, RUNS
#define CONSUME prepare_consumer, consume, release, 1

const struct primitive kafka_primitives[] = {
	{ "produce-frame", "a frame to the broker, of 500", RECORDS, FRAMES_MANY, PRODUCE },
	{ "consume-frame", "a frame from the broker, of 500", RUNS * RECORDS, FRAMES_MANY, CONSUME },
	{ "produce-record", "a record to the broker, of 500", RECORDS, RECORDS_MANY, PRODUCE },
	{ "consume-record", "a record from the broker, of 500", RUNS * RECORDS, RECORDS_MANY, CONSUME },
	{ "produce-frame-1", "a frame to the broker, alone", FEW_RECORDS, FRAMES_ALONE, PRODUCE },
	{ "produce-frame-few", "a frame to the broker, of few", FEW_RECORDS, FRAMES_FEW, PRODUCE },
	{ "consume-frame-few", "a frame from the broker, of few", RUNS * FEW_RECORDS, FRAMES_FEW, CONSUME },
	{ "produce-record-few", "a record to the broker, of few", FEW_RECORDS, RECORDS_FEW, PRODUCE },
	{ "consume-record-few", "a record from the broker, of few", RUNS * FEW_RECORDS, RECORDS_FEW, CONSUME },
	{ "produce-order-few", "the same to a topic of one partition", FEW_RECORDS, RECORDS_FEW_IN_ORDER, PRODUCE },
	{ "consume-order-few", "the same from one", RUNS * FEW_RECORDS, RECORDS_FEW_IN_ORDER, CONSUME },
	{ "commit", "offsets of a batch to the group", COMMITS, RECORDS_FEW, prepare_commit, commit, release, RUNS },
	{ 0 },
};
