/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_client.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"

#define LEAVE_SLICE_MS 5
#define LEAVE_DRAIN_MAX 64

/* librdkafka speaks of brokers that it will reach in a moment at "error": for us that is a warning. */
static enum log_level level_of(int syslog_level)
{
	if (syslog_level <= LOG_CRIT)
		return LOG_LEVEL_ERROR;
	if (syslog_level <= LOG_WARNING)
		return LOG_LEVEL_WARN;
	return syslog_level <= LOG_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/*
 * Each attempt to connect has its line, and each to get a producer id while the coordinator loads. They pass by
 * themselves: kafka.down and kafka.up say when it changes.
 */
static bool repeats(const char *facility)
{
	static const char *const names[] = { "FAIL", "ERROR", "GETPID" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], facility) == 0)
			return true;
	}
	return false;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum log_level own = repeats(facility) ? LOG_LEVEL_DEBUG : level_of(level);

	(void)rk;
	log_event(own, "kafka.client", "facility", facility, "detail", text, NULL);
}

void kafka_link_error(struct kafka_link *link, int rd_err, const char *text)
{
	if (rd_err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		log_eventf(LOG_LEVEL_DEBUG, "kafka.error", "detail", "%s: %s", rd_kafka_err2name(rd_err), text);
		snprintf(link->trouble, sizeof link->trouble, "%s", text);
		return;
	}
	if (!link->down)
		log_eventf(LOG_LEVEL_WARN, "kafka.down", "detail", KAFKA_DOWN_FORMAT, *link->trouble ? link->trouble : text);
	link->down = true;
}

void kafka_link_alive(struct kafka_link *link)
{
	if (link->down)
		log_event(LOG_LEVEL_INFO, "kafka.up", NULL);
	link->down = false;
}

void kafka_client_set(rd_kafka_conf_t *rd_conf, const char *name, const char *value)
{
	char text[256];

	if (rd_kafka_conf_set(rd_conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
		BUG("librdkafka refuses %s: %s", name, text);
}

void kafka_client_set_int(rd_kafka_conf_t *rd_conf, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	kafka_client_set(rd_conf, name, text);
}

void kafka_client_set_rows(rd_kafka_conf_t *rd_conf, const struct kafka_setting_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kafka_client_set(rd_conf, rows[i].name, rows[i].value);
}

static void set_brokers(rd_kafka_conf_t *rd_conf, const struct conf *conf)
{
	struct buf list = BUF_INIT;
	const char *const *brokers;
	size_t n = conf_list(conf, "kafka.brokers", &brokers);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_byte(&list, ',');
		buf_append_str(&list, brokers[i]);
	}
	kafka_client_set(rd_conf, "bootstrap.servers", buf_text(&list));
	buf_release(&list);
}

rd_kafka_conf_t *kafka_client_conf(const struct conf *conf, const char *client_id)
{
	static const struct kafka_setting_row rows[] = {
		{ "socket.nagle.disable", "true" }, /* Nagle adds 40 ms to a small request */
		{ "socket.keepalive.enable", "true" },
		{ "reconnect.backoff.ms", "50" },
		{ "allow.auto.create.topics", "false" },
		{ "log.connection.close", "false" }, /* idle connections are closed by brokers all day */
		{ "client.software.name", "tipline" },
	};
	const char *own_id = conf_str(conf, "kafka.client_id");
	rd_kafka_conf_t *rd_conf = rd_kafka_conf_new();

	rd_kafka_conf_set_log_cb(rd_conf, on_log);
	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	set_brokers(rd_conf, conf);
	kafka_client_set(rd_conf, "client.id", *own_id ? own_id : client_id);
	kafka_client_set_int(rd_conf, "reconnect.backoff.max.ms", conf_int(conf, "kafka.reconnect_max"));
	kafka_client_set_int(rd_conf, "socket.connection.setup.timeout.ms", conf_int(conf, "kafka.connect_timeout"));
	kafka_client_set_int(rd_conf, "socket.timeout.ms", conf_int(conf, "kafka.socket_timeout"));
	kafka_client_set_int(rd_conf, "message.max.bytes", KAFKA_CLIENT_MAX);
	return rd_conf;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *rd_conf, struct err *err)
{
	char text[256];
	rd_kafka_t *rk = rd_kafka_new(type, rd_conf, text, sizeof text);

	if (!rk) {
		rd_kafka_conf_destroy(rd_conf);
		err_set(err, ERR_CONFIG, "kafka-client", "Kafka client: %s", text);
	}
	return rk;
}

static void *destroy(void *arg)
{
	/* Whatever closing there is to do has been done, in bounded time, by the owner. */
	rd_kafka_destroy_flags(arg, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

/* rd_kafka_consumer_close() can hang (librdkafka #4187): the same in steps of our own, with an end. */
void kafka_client_leave(rd_kafka_t *rk, int timeout_ms)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
	rd_kafka_message_t *rest[LEAVE_DRAIN_MAX];

	while (!error && !rd_kafka_consumer_closed(rk) && kafka_client_left(deadline) > 0) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, LEAVE_SLICE_MS, rest, LEAVE_DRAIN_MAX);

		for (ssize_t i = 0; i < n; i++)
			rd_kafka_message_destroy(rest[i]);
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_queue_destroy(queue);
}

void kafka_client_destroy(rd_kafka_t *rk, int timeout_ms)
{
	struct timespec until;
	pthread_t thread;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (pthread_create(&thread, NULL, destroy, rk) != 0) {
		destroy(rk);
		return;
	}
	if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
		log_event(LOG_LEVEL_WARN, "kafka.close_hangs", "detail", "the client did not end in time", NULL);
		pthread_detach(thread);
	}
}

bool kafka_client_transient(rd_kafka_resp_err_t rd_err)
{
	static const rd_kafka_resp_err_t passing[] = {
		RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
		RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
		RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__RETRY,
		RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
		RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
		RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
		RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
	};

	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
		if (passing[i] == rd_err)
			return true;
	}
	return false;
}

bool kafka_client_missing(rd_kafka_resp_err_t rd_err)
{
	return rd_err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || rd_err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       rd_err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

int kafka_client_fail(struct err *err, rd_kafka_resp_err_t rd_err, const char *what)
{
	enum err_kind kind = kafka_client_transient(rd_err) ? ERR_TEMPORARY : ERR_UNAVAILABLE;
	const char *reason = kafka_client_missing(rd_err) ? "topic-missing" : "kafka-refused";

	return err_set(err, kind, reason, "%s: %s (%s)", what, rd_kafka_err2str(rd_err),
		       rd_kafka_err2name(rd_err));
}

int kafka_client_left(int64_t deadline)
{
	int64_t left = deadline - clock_mono_ms();

	return left < 0 ? 0 : (int)left;
}

/* librdkafka parses headers on first use and keeps them with the message. */
static void take_headers(struct kafka_record *record, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t size;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; i++) {
		if (i == KAFKA_HEADERS_MAX) {
			record->headers_cut = true;
			return;
		}
		record->headers[i].name = name;
		record->headers[i].value = slice_of(value, size);
		record->n_headers = i + 1;
	}
}

void kafka_client_record(struct kafka_record *record, const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;

	record->topic = rd_kafka_topic_name(message->rkt);
	record->partition = message->partition;
	record->offset = message->offset;
	record->timestamp_ms = rd_kafka_message_timestamp(message, &type);
	record->key = slice_of(message->key, message->key_len);
	record->value = slice_of(message->payload, message->len);
	record->value_null = message->payload == NULL;
	record->n_headers = 0;
	record->headers_cut = false;
	take_headers(record, message);
}

int kafka_client_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms, int64_t range[2],
			    struct err *err)
{
	rd_kafka_resp_err_t rd_err =
		rd_kafka_query_watermark_offsets(rk, topic, partition, &range[0], &range[1], timeout_ms);

	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	kafka_client_fail(err, rd_err, "watermarks");
	return err_prefix(err, "%s [%d]", topic, partition);
}

static void topic_state(const rd_kafka_metadata_topic_t *topic, struct kafka_topic_state *state)
{
	state->partitions = topic->partition_cnt;
	state->replication = topic->partition_cnt > 0 ? topic->partitions[0].replica_cnt : 0;
	state->ready = topic->partition_cnt > 0;
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader < 0)
			state->ready = false;
	}
}

int kafka_client_topic(rd_kafka_t *rk, const char *topic, int timeout_ms, struct kafka_topic_state *state,
		       struct err *err)
{
	const rd_kafka_metadata_t *all;
	rd_kafka_resp_err_t rd_err = rd_kafka_metadata(rk, 1, NULL, &all, timeout_ms);

	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_client_fail(err, rd_err, "list of topics");
	memset(state, 0, sizeof *state);
	for (int i = 0; i < all->topic_cnt; i++) {
		if (strcmp(all->topics[i].topic, topic) == 0)
			topic_state(&all->topics[i], state);
	}
	rd_kafka_metadata_destroy(all);
	return 0;
}
