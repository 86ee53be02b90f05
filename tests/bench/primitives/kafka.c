/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka alone: a record to the broker and its delivery report, a record from the broker. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/primitives/primitives.h"

#define RECORDS 4000
#define WAIT_MS 30000

struct kafka {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	char topic[64];
	uint8_t *value;
	size_t len;
};

static rd_kafka_t *client(const struct bench *bench, rd_kafka_type_t type)
{
	static const char *const settings[][2] = {
		{ "acks", "all" }, { "enable.idempotence", "true" }, { "linger.ms", "5" }, { "batch.size", "1000000" },
		{ "group.id", "tipline-bench" }, { "enable.auto.commit", "false" }, { "auto.offset.reset", "earliest" },
		{ "fetch.wait.max.ms", "50" }, { "check.crcs", "true" }, { "log_level", "0" },
		/* Little is read ahead, so that each run pays for what it takes. */
		{ "queued.max.messages.kbytes", "8192" },
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
			bench_fail(settings[i][0], why);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", bench->brokers, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		bench_fail("bootstrap.servers", why);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		bench_fail("librdkafka", why);
	return rk;
}

static struct kafka *open_client(const struct bench *bench, int size, rd_kafka_type_t type)
{
	struct kafka *kafka = mem_alloc(sizeof(*kafka));

	kafka->len = bench->sizes[size];
	kafka->value = mem_alloc(kafka->len);
	snprintf(kafka->topic, sizeof(kafka->topic), "bench.primitives.%d", size);
	kafka->rk = client(bench, type);
	return kafka;
}

static void create_topic(struct kafka *kafka)
{
	char why[256];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(kafka->topic, 1, 1, why, sizeof(why));

	rd_kafka_CreateTopics(kafka->rk, &topic, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
	if (!event || rd_kafka_event_error(event))
		bench_fail(kafka->topic, "cannot be created");
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
}

static void produce(void *state, size_t n)
{
	struct kafka *kafka = state;
	static uint8_t id[32];

	for (size_t i = 0; i < n; i++)
		if (rd_kafka_producev(kafka->rk, RD_KAFKA_V_TOPIC(kafka->topic),
				      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(id, sizeof(id)),
				      RD_KAFKA_V_VALUE(kafka->value, kafka->len),
				      RD_KAFKA_V_HEADER("tip-id", id, sizeof(id)), RD_KAFKA_V_END) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			bench_fail("produce", kafka->topic);
	if (rd_kafka_flush(kafka->rk, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_fail("flush", kafka->topic);
}

static void *prepare_producer(const struct bench *bench, int size)
{
	struct kafka *kafka = open_client(bench, size, RD_KAFKA_PRODUCER);

	create_topic(kafka);
	produce(kafka, 1); /* connects, learns the topic */
	return kafka;
}

static void consume(void *state, size_t n)
{
	struct kafka *kafka = state;
	rd_kafka_message_t *messages[500];

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

/* Reads what the producer of the same size has left: RUNS of RECORDS, and one. */
static void *prepare_consumer(const struct bench *bench, int size)
{
	struct kafka *kafka = open_client(bench, size, RD_KAFKA_CONSUMER);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_poll_set_consumer(kafka->rk);
	kafka->queue = rd_kafka_queue_get_consumer(kafka->rk);
	rd_kafka_topic_partition_list_add(list, kafka->topic, 0)->offset = 0;
	if (rd_kafka_assign(kafka->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_fail("assign", kafka->topic);
	rd_kafka_topic_partition_list_destroy(list);
	consume(kafka, 1);
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

const struct primitive kafka_primitives[] = {
	{ "produce-frame", "a frame to the broker", RECORDS, SIZE_FRAME, prepare_producer, produce, release },
	{ "consume-frame", "a frame from the broker", RECORDS, SIZE_FRAME, prepare_consumer, consume, release },
	{ "produce-record", "a record to the broker", RECORDS, SIZE_LINKED, prepare_producer, produce, release },
	{ "consume-record", "a record from the broker", RECORDS, SIZE_LINKED, prepare_consumer, consume, release },
	{ 0 },
};
