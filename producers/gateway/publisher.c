/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/publisher.h"

#include <stdio.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/topics.h"

#define DAY_MS 86400000
#define LOOK_AGAIN_MS 10000

/*
 * A record for a topic that is not there waits until its time is up, as one for a broker that is away does; but that
 * topic will not come by itself. Asked now and then only, since asking blocks.
 */
static bool topic_missing(struct publisher *publisher, const struct kafka_delivery *delivery)
{
	int64_t now = clock_mono_ms();

	if (delivery->ok || !delivery->retriable || (publisher->looked_ms && now - publisher->looked_ms < LOOK_AGAIN_MS))
		return false;
	publisher->looked_ms = now;
	return kafka_producer_topic_missing(publisher->producer, TOPIC_SEALED);
}

static void delivered(void *arg, const struct kafka_delivery *delivery)
{
	struct publisher *publisher = arg;
	struct kafka_delivery known = *delivery;

	if (topic_missing(publisher, delivery)) {
		known.error = "UNKNOWN_TOPIC_OR_PART";
		known.retriable = false;
	}
	if (!delivery->ok)
		log_event(LOG_LEVEL_DEBUG, "gateway.delivery_failed", "reason", known.error, NULL);
	refusal_note(&publisher->refusal, &known);
	core_delivered(publisher->core, delivery->opaque, delivery->ok, clock_mono_ms());
}

int publisher_open(struct publisher *publisher, const struct conf *conf, int wake, struct err *err)
{
	publisher->queue_max = (int)conf_int(conf, "publish.queue");
	const struct kafka_producer_options options = {
		.client_id = "tipline-gateway",
		.linger_ms = (int)conf_int(conf, "publish.linger"),
		.message_timeout_ms = (int)conf_int(conf, "publish.timeout"),
		.queue_max = publisher->queue_max,
		.delivered = delivered,
		.arg = publisher,
	};
	if (kafka_producer_new(&publisher->producer, conf, &options, err))
		return -1;
	kafka_producer_wakeup(publisher->producer, wake);
	return 0;
}

void publisher_close(struct publisher *publisher)
{
	publisher->looked_ms = clock_mono_ms();
	kafka_producer_free(publisher->producer);
	publisher->producer = NULL;
}

int publisher_publish(struct publisher *publisher, struct flight *flight, struct slice frame, struct err *err)
{
	char hex[TIP_ID_HEX], day_text[16];
	uint32_t day = clock_day();

	tip_id_hex(&flight->key.tip_id, hex);
	int day_len = snprintf(day_text, sizeof(day_text), "%u", (unsigned)day);
	const struct kafka_header headers[] = {
		{ HEADER_TIP_ID, slice_of(hex, TIP_ID_HEX - 1) },
		{ HEADER_DAY, slice_of(day_text, (size_t)day_len) },
	};
	const struct kafka_outgoing record = {
		.topic = TOPIC_SEALED,
		.key = slice_of(hex, TIP_ID_HEX - 1),
		.value = frame,
		.headers = headers,
		.n_headers = sizeof(headers) / sizeof(headers[0]),
		.timestamp_ms = (int64_t)day * DAY_MS, /* the day is the only time that goes with a tip */
	};
	return kafka_producer_send(publisher->producer, &record, flight, err);
}

int publisher_load(const struct publisher *publisher)
{
	return (int)((int64_t)kafka_producer_queued(publisher->producer) * 100 / publisher->queue_max);
}

int publisher_serve(struct publisher *publisher, struct err *err)
{
	struct err cause = ERR_INIT;

	if (kafka_producer_poll(publisher->producer, 0, &cause) >= 0)
		return 0;
	log_err(LOG_LEVEL_ERROR, "gateway.producer_fatal", &cause);
	counts_plain(publisher->counts, PLAIN_RENEWED);
	/* What was in flight is reported as failed, so that adapters hear "again, later". */
	return kafka_producer_renew(publisher->producer, err);
}
