/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every record that librdkafka took has a struct flight until its delivery report has come, so that `delivered` can
 * be called for it whatever becomes of the client.
 */
#include "ops/runtime/kafka_producer.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_client.h"
#include "ops/runtime/log.h"

#define FREE_FLUSH_MS 1000
#define FREE_PURGE_MS 500
#define FREE_DESTROY_MS 500
#define LOOK_MS 1000
#define SLICE_MS 100
#define ANSWER_GRACE_MS 5000 /* librdkafka looks for what is overdue once a second */

struct flight {
	struct flight *prev, *next;
	int64_t sent_ms;
	void *opaque;
};

struct kafka_producer {
	const struct conf *conf;
	struct kafka_producer_options options;
	char *client_id;
	rd_kafka_t *rk;
	struct kafka_link link;
	struct flight flights; /* a ring, oldest first; this one is its head */
	int queued;
	int reported;          /* since the caller last asked */
	int failed;            /* since the last flush */
	const char *failure;   /* name of the first of them */
	int wakeup_fd;
	bool fatal_logged;
};

static void report(struct kafka_producer *producer, struct flight *flight, rd_kafka_resp_err_t rd_err);

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_producer *producer = opaque;

	(void)rk;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		kafka_link_alive(&producer->link);
	report(producer, message->_private, message->err);
}

static void on_error(rd_kafka_t *rk, int rd_err, const char *text, void *opaque)
{
	struct kafka_producer *producer = opaque;

	(void)rk;
	kafka_link_error(&producer->link, rd_err, text);
}

/* The record itself is refused: sent again, it would be refused again. */
static bool permanent(rd_kafka_resp_err_t rd_err)
{
	static const rd_kafka_resp_err_t refusals[] = {
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
		RD_KAFKA_RESP_ERR_INVALID_MSG,        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
		RD_KAFKA_RESP_ERR_INVALID_RECORD,     RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
		RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,    RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
	};

	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		if (refusals[i] == rd_err)
			return true;
	}
	return false;
}

static void report(struct kafka_producer *producer, struct flight *flight, rd_kafka_resp_err_t rd_err)
{
	struct kafka_delivery delivery = { flight->opaque, rd_err == RD_KAFKA_RESP_ERR_NO_ERROR, NULL, false };

	flight->prev->next = flight->next;
	flight->next->prev = flight->prev;
	free(flight);
	producer->queued--;
	producer->reported++;
	if (!delivery.ok) {
		delivery.error = rd_kafka_err2name(rd_err);
		delivery.retriable = !permanent(rd_err);
		if (producer->failed++ == 0)
			producer->failure = delivery.error;
	}
	if (producer->options.delivered)
		producer->options.delivered(producer->options.arg, &delivery);
}

static void set_wakeup(struct kafka_producer *producer, int fd)
{
	static const uint64_t one = 1;
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer->rk);

	rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof one);
	rd_kafka_queue_destroy(queue);
}

static int open_client(struct kafka_producer *producer, struct err *err)
{
	static const struct kafka_setting_row rows[] = {
		{ "acks", "all" },
		{ "enable.idempotence", "true" },
		{ "compression.type", "none" },        /* ciphertext does not shrink */
		{ "partitioner", "murmur2_random" },   /* what clients in other languages use */
		{ "retry.backoff.ms", "50" },
		{ "batch.size", "1000000" },
		{ "queue.buffering.max.kbytes", "262144" },
	};
	const struct kafka_producer_options *options = &producer->options;
	rd_kafka_conf_t *rd_conf = kafka_client_conf(producer->conf, producer->client_id);

	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	kafka_client_set_int(rd_conf, "linger.ms", options->linger_ms);
	kafka_client_set_int(rd_conf, "message.timeout.ms", options->message_timeout_ms);
	kafka_client_set_int(rd_conf, "queue.buffering.max.messages", options->queue_max);
	rd_kafka_conf_set_opaque(rd_conf, producer);
	rd_kafka_conf_set_dr_msg_cb(rd_conf, on_delivery);
	rd_kafka_conf_set_error_cb(rd_conf, on_error);
	producer->rk = kafka_client_new(RD_KAFKA_PRODUCER, rd_conf, err);
	if (!producer->rk)
		return -1;
	producer->fatal_logged = false;
	if (producer->wakeup_fd >= 0)
		set_wakeup(producer, producer->wakeup_fd);
	return 0;
}

int kafka_producer_new(struct kafka_producer **out, const struct conf *conf,
		       const struct kafka_producer_options *options, struct err *err)
{
	struct kafka_producer *producer = mem_alloc(sizeof *producer);

	producer->conf = conf;
	producer->options = *options;
	producer->client_id = mem_strdup(options->client_id);
	producer->flights.prev = producer->flights.next = &producer->flights;
	producer->wakeup_fd = -1;
	if (open_client(producer, err) < 0) {
		free(producer->client_id);
		free(producer);
		return -1;
	}
	*out = producer;
	return 0;
}

static int dead(struct kafka_producer *producer, const char *text, struct err *err)
{
	if (!producer->fatal_logged)
		log_event(LOG_LEVEL_WARN, "kafka.producer_fatal", "detail", text, NULL);
	producer->fatal_logged = true;
	return err_set(err, ERR_TEMPORARY, "producer-fatal", "producer: %s", text);
}

/* -1 once librdkafka has declared the client dead, or when a renewal failed. */
static int check_fatal(struct kafka_producer *producer, struct err *err)
{
	char text[256] = "there is no client";

	if (producer->rk && rd_kafka_fatal_error(producer->rk, text, sizeof text) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return dead(producer, text, err);
}

/* -1 also when librdkafka has kept silent about a record for longer than it may: asked after what waited was served. */
static int check_alive(struct kafka_producer *producer, struct err *err)
{
	const struct flight *oldest = producer->flights.next;
	int most_ms = producer->options.message_timeout_ms;
	int64_t age_ms;
	char text[96];

	if (check_fatal(producer, err) < 0)
		return -1;
	if (most_ms == 0 || oldest == &producer->flights)
		return 0;
	age_ms = clock_mono_ms() - oldest->sent_ms;
	if (age_ms <= (int64_t)most_ms + ANSWER_GRACE_MS)
		return 0;
	snprintf(text, sizeof text, "a record is unanswered after %lld ms", (long long)age_ms);
	return dead(producer, text, err);
}

static int send_error(rd_kafka_resp_err_t rd_err, const struct kafka_outgoing *record, struct err *err)
{
	if (rd_err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return err_set(err, ERR_TEMPORARY, "queue-full", "too many records wait for the broker");
	if (rd_err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return err_set(err, ERR_DATA, "record-too-large", "a record of %zu bytes is too large for %s",
			       record->value.len, record->topic);
	if (kafka_client_missing(rd_err))
		return err_set(err, ERR_DATA, "topic-missing", "there is no topic %s", record->topic);
	kafka_client_fail(err, rd_err, record->topic);
	return err_prefix(err, "send");
}

static rd_kafka_headers_t *copy_headers(const struct kafka_outgoing *record)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->n_headers);

	for (size_t i = 0; i < record->n_headers; i++) {
		const struct kafka_header *header = &record->headers[i];
		/* NULL would make the header's value null, which is not the same as empty. */
		const void *value = header->value.data ? (const void *)header->value.data : "";

		rd_kafka_header_add(headers, header->name, -1, value, (ssize_t)header->value.len);
	}
	return headers;
}

static struct flight *take_off(struct kafka_producer *producer, void *opaque)
{
	struct flight *flight = mem_alloc(sizeof *flight);

	flight->opaque = opaque;
	flight->sent_ms = clock_mono_ms();
	flight->next = &producer->flights;
	flight->prev = producer->flights.prev;
	flight->prev->next = flight;
	producer->flights.prev = flight;
	producer->queued++;
	return flight;
}

static void call_off(struct kafka_producer *producer, struct flight *flight)
{
	flight->prev->next = flight->next;
	flight->next->prev = flight->prev;
	free(flight);
	producer->queued--;
}

/* rd_kafka_producev wants a value without const although it copies it (RD_KAFKA_MSG_F_COPY). */
static void *unconst(const void *data)
{
	return (void *)(uintptr_t)data;
}

int kafka_producer_send(struct kafka_producer *producer, const struct kafka_outgoing *record, void *opaque,
			struct err *err)
{
	const void *value = record->value.data ? (const void *)record->value.data : "";
	size_t len = record->value_null ? 0 : record->value.len;
	rd_kafka_headers_t *headers = NULL;
	struct flight *flight;
	rd_kafka_resp_err_t rd_err;

	if (check_fatal(producer, err) < 0)
		return -1;
	if (producer->queued >= producer->options.queue_max)
		return send_error(RD_KAFKA_RESP_ERR__QUEUE_FULL, record, err);
	if (record->n_headers > 0)
		headers = copy_headers(record);
	flight = take_off(producer, opaque);
	rd_err = rd_kafka_producev(
		producer->rk, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_KEY(unconst(record->key.data), record->key.len),
		RD_KAFKA_V_VALUE(record->value_null ? NULL : unconst(value), len),
		RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(flight),
		RD_KAFKA_V_END);
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0; /* the headers are librdkafka's now */
	if (headers)
		rd_kafka_headers_destroy(headers);
	call_off(producer, flight);
	return send_error(rd_err, record, err);
}

int kafka_producer_poll(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
	int reported;

	if (producer->rk)
		rd_kafka_poll(producer->rk, timeout_ms);
	reported = producer->reported;
	producer->reported = 0;
	return check_alive(producer, err) < 0 ? -1 : reported;
}

int kafka_producer_flush(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int failed;

	if (producer->rk)
		rd_kafka_poll(producer->rk, 0); /* an answer that waits to be served is no silence */
	/* In slices, since a fatal error does not wake rd_kafka_flush. */
	while (producer->queued > 0 && check_alive(producer, err) == 0) {
		int left = kafka_client_left(deadline);

		rd_kafka_flush(producer->rk, left < SLICE_MS ? left : SLICE_MS);
		if (left == 0)
			break;
	}
	failed = producer->failed;
	producer->failed = 0;
	if (check_alive(producer, err) < 0)
		return -1;
	if (failed > 0)
		return err_set(err, ERR_TEMPORARY, "publish-failed", "%d records were not acknowledged: %s", failed,
			       producer->failure);
	if (producer->queued > 0)
		return err_set(err, ERR_TEMPORARY, "publish-late", "%d records are not acknowledged after %d ms",
			       producer->queued, timeout_ms);
	return 0;
}

bool kafka_producer_topic_missing(struct kafka_producer *producer, const char *topic)
{
	struct kafka_topic_state state;

	return producer->rk && kafka_client_topic(producer->rk, topic, LOOK_MS, &state, NULL) == 0 && !state.partitions;
}

int kafka_producer_queued(const struct kafka_producer *producer)
{
	return producer->queued;
}

void kafka_producer_wakeup(struct kafka_producer *producer, int fd)
{
	producer->wakeup_fd = fd;
	if (producer->rk)
		set_wakeup(producer, fd);
}

/* Ends the client; afterwards nothing is in flight. */
static void close_client(struct kafka_producer *producer)
{
	int64_t deadline = clock_mono_ms() + FREE_PURGE_MS;

	if (producer->rk) {
		rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		while (producer->queued > 0 && kafka_client_left(deadline) > 0)
			rd_kafka_poll(producer->rk, 10);
		if (producer->wakeup_fd >= 0)
			set_wakeup(producer, -1); /* the client may outlive its owner by a moment */
		kafka_client_destroy(producer->rk, FREE_DESTROY_MS);
		producer->rk = NULL;
	}
	while (producer->flights.next != &producer->flights)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): report takes the flight out of the list before it frees it */
		report(producer, producer->flights.next, RD_KAFKA_RESP_ERR__DESTROY);
}

int kafka_producer_renew(struct kafka_producer *producer, struct err *err)
{
	close_client(producer);
	producer->failed = 0; /* told by the fatal error that led here; the new client's flush must not tell it again */
	log_event(LOG_LEVEL_INFO, "kafka.producer_renewed", NULL);
	return open_client(producer, err);
}

void kafka_producer_free(struct kafka_producer *producer)
{
	if (!producer)
		return;
	if (producer->rk && producer->queued > 0)
		rd_kafka_flush(producer->rk, FREE_FLUSH_MS);
	close_client(producer);
	free(producer->client_id);
	free(producer);
}
