/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_kafka.h"

#include <string.h>

#include "schema/topics.h"

#define LINGER_MS 5
#define QUEUE_MAX 20000

static int port_send(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err)
{
	struct stage_kafka *kafka = arg;

	return kafka_producer_send(kafka->producer, record, opaque, err);
}

static int port_serve(void *arg, int timeout_ms, struct err *err)
{
	struct stage_kafka *kafka = arg;

	return kafka_producer_poll(kafka->producer, timeout_ms, err);
}

static int port_flush(void *arg, int timeout_ms, struct err *err)
{
	struct stage_kafka *kafka = arg;

	return kafka_producer_flush(kafka->producer, timeout_ms, err);
}

static int port_commit(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err)
{
	struct stage_kafka *kafka = arg;

	return kafka_consumer_commit(kafka->consumer, offsets, n, err);
}

static int port_keepalive(void *arg, struct err *err)
{
	struct stage_kafka *kafka = arg;

	return kafka_consumer_keepalive(kafka->consumer, err);
}

static int64_t port_stopping_ms(void *arg)
{
	struct stage_kafka *kafka = arg;

	return stage_watch_stopping_ms(kafka->watch);
}

static uint64_t port_random(void *arg)
{
	struct tip_id id;

	(void)arg;
	tip_id_random(&id);
	return be64_read(id.bytes);
}

static int64_t position(void *arg, const char *topic, int32_t partition)
{
	struct stage_kafka *kafka = arg;

	return kafka->stage->position(kafka->state, topic, partition);
}

static void assigned(void *arg, size_t n_partitions)
{
	struct stage_kafka *kafka = arg;

	stage_watch_assigned(kafka->watch, n_partitions);
}

void stage_kafka_init(struct stage_kafka *kafka, const struct stage *stage, void *state, struct stage_watch *watch)
{
	memset(kafka, 0, sizeof(*kafka));
	kafka->stage = stage;
	kafka->state = state;
	kafka->watch = watch;
	kafka->port = (struct stage_port){ port_send,      port_serve,       port_flush,  port_commit,
					   port_keepalive, port_stopping_ms, port_random, kafka };
}

int stage_kafka_open(struct stage_kafka *kafka, const struct conf *conf, const struct stage_settings *settings,
		     struct stage_outbox *outbox, struct err *err)
{
	char name[64];
	const struct kafka_producer_options out = {
		.client_id = name,
		.linger_ms = LINGER_MS,
		.message_timeout_ms = settings->publish_timeout_ms,
		.queue_max = QUEUE_MAX,
		.delivered = stage_outbox_delivered,
		.arg = outbox,
	};
	const struct kafka_consumer_options in = {
		.client_id = name,
		.group = name,
		.topic = kafka->stage->topic_in,
		.session_timeout_ms = settings->session_timeout_ms,
		.start_anywhere = settings->start_anywhere,
		.position = kafka->stage->position ? position : NULL,
		.assigned = assigned,
		.arg = kafka,
	};

	snprintf(name, sizeof(name), GROUP_PREFIX "%s", kafka->stage->name);
	if (kafka_producer_new(&kafka->producer, conf, &out, err) ||
	    kafka_consumer_new(&kafka->consumer, conf, &in, err))
		return -1;
	stage_watch_consumer(kafka->watch, kafka->consumer);
	return 0;
}

void stage_kafka_close(struct stage_kafka *kafka)
{
	if (kafka->consumer)
		stage_watch_consumer(kafka->watch, NULL);
	kafka_consumer_free(kafka->consumer);
	kafka->consumer = NULL;
	kafka_producer_free(kafka->producer);
	kafka->producer = NULL;
}
