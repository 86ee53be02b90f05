/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_consumer.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_assignment.h"
#include "ops/runtime/kafka_client.h"
#include "ops/runtime/kafka_commit.h"
#include "ops/runtime/log.h"

#define SLICE_MS 5          /* rd_kafka_consume_batch_queue waits for a full batch: short calls are 8 times faster */
#define STALL_MS 2000       /* keepalive leaves the read-ahead alone until a batch has taken this long */
#define MISSING_CHECK_MS 1000
#define MISSING_GRACE_MS 15000 /* a topic just created, or a broker just started, may not show it yet */
#define CLOSE_MS 2000
#define DESTROY_MS 1000
#define DRAIN_MAX 64

struct kafka_consumer {
	struct kafka_consumer_options options;
	char *group, *topic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct kafka_link link;
	struct kafka_assignment assignment;
	rd_kafka_topic_partition_list_t *pending; /* given by the group, not yet started */
	bool waiting;                             /* that was logged */
	rd_kafka_message_t **held;                /* what the records returned last stand on */
	size_t n_held, held_cap;
	int64_t returned_ms;                      /* when the last batch was returned */
	bool paused, closing;
	int64_t missing_since, missing_checked;   /* the topic was not there; 0: it is */
	struct err failure;                       /* ends the consumer; kind ERR_NONE: none */
};

static void fail(struct kafka_consumer *consumer, const struct err *why)
{
	if (consumer->failure.kind == ERR_NONE)
		consumer->failure = *why;
}

static void note_missing(struct kafka_consumer *consumer)
{
	if (consumer->missing_since)
		return;
	consumer->missing_since = consumer->missing_checked = clock_mono_ms();
	log_event(LOG_LEVEL_WARN, "kafka.topic_missing", "topic", consumer->topic, NULL);
}

static void tell_assigned(struct kafka_consumer *consumer)
{
	size_t n = kafka_assignment_size(&consumer->assignment);

	log_eventf(LOG_LEVEL_INFO, "kafka.assigned", "partitions", "%zu", n);
	if (consumer->options.assigned)
		consumer->options.assigned(consumer->options.arg, n);
}

static void drop_pending(struct kafka_consumer *consumer)
{
	if (consumer->pending)
		rd_kafka_topic_partition_list_destroy(consumer->pending);
	consumer->pending = NULL;
	consumer->waiting = false;
}

/* A start that cannot be looked up now is tried again by the next call, so that no call blocks for long. */
static void wait_or_fail(struct kafka_consumer *consumer, const struct err *why)
{
	bool missing = why->reason && strcmp(why->reason, "topic-missing") == 0;

	if (missing)
		note_missing(consumer);
	if (!missing && why->kind != ERR_TEMPORARY) {
		fail(consumer, why);
		return;
	}
	if (!consumer->waiting)
		log_err(LOG_LEVEL_WARN, "kafka.start_waits", why);
	consumer->waiting = true;
}

static void pause_all(struct kafka_consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = kafka_assignment_list(&consumer->assignment, consumer->topic);

	rd_kafka_pause_partitions(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	consumer->paused = true;
}

static void start_pending(struct kafka_consumer *consumer)
{
	size_t n = (size_t)consumer->pending->cnt;
	struct kafka_part *parts = mem_alloc(n * sizeof *parts + 1);
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t rd_err;
	struct err why = ERR_INIT;

	if (n > 0 && kafka_assignment_start(consumer->rk, &consumer->options, consumer->pending, parts, &why) < 0) {
		free(parts);
		wait_or_fail(consumer, &why);
		return;
	}
	kafka_assignment_take(&consumer->assignment, parts, n);
	drop_pending(consumer);
	if (n > 0)
		consumer->missing_since = 0;
	list = kafka_assignment_list(&consumer->assignment, consumer->topic);
	rd_err = rd_kafka_assign(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_client_fail(&why, rd_err, "assignment");
		fail(consumer, &why);
		return;
	}
	if (consumer->paused)
		pause_all(consumer);
	tell_assigned(consumer);
}

/* Runs inside rd_kafka_consume_batch_queue. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			 void *opaque)
{
	struct kafka_consumer *consumer = opaque;

	drop_pending(consumer);
	if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !consumer->closing) {
		consumer->pending = rd_kafka_topic_partition_list_copy(list);
		start_pending(consumer);
		return;
	}
	kafka_assignment_clear(&consumer->assignment);
	rd_kafka_assign(rk, NULL);
	if (!consumer->closing)
		tell_assigned(consumer);
}

static void on_error(rd_kafka_t *rk, int rd_err, const char *text, void *opaque)
{
	struct kafka_consumer *consumer = opaque;

	(void)rk;
	kafka_link_error(&consumer->link, rd_err, text);
}

static rd_kafka_conf_t *settings(struct kafka_consumer *consumer, const struct conf *conf)
{
	static const struct kafka_setting_row rows[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "check.crcs", "true" },
		{ "partition.assignment.strategy", "range" }, /* the cooperative one: librdkafka #4059, #4783, #4528 */
		{ "isolation.level", "read_committed" },
		{ "enable.partition.eof", "true" },
		{ "heartbeat.interval.ms", "1000" },
		{ "max.poll.interval.ms", "300000" },
		{ "queued.min.messages", "1000000" }, /* so that kafka.prefetch alone bounds it: passing either costs 1 s */
		{ "fetch.min.bytes", "1" },
		{ "fetch.error.backoff.ms", "100" },
		{ "topic.metadata.refresh.interval.ms", "10000" }, /* a topic or partition that is new */
	};
	const struct kafka_consumer_options *options = &consumer->options;
	rd_kafka_conf_t *rd_conf = kafka_client_conf(conf, options->client_id);

	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	kafka_client_set(rd_conf, "group.id", options->group);
	kafka_client_set_int(rd_conf, "session.timeout.ms",
			     options->session_timeout_ms > 0 ? options->session_timeout_ms : 6000);
	kafka_client_set_int(rd_conf, "fetch.wait.max.ms", conf_int(conf, "kafka.fetch_wait"));
	kafka_client_set_int(rd_conf, "queued.max.messages.kbytes", conf_int(conf, "kafka.prefetch") / 1024);
	rd_kafka_conf_set_opaque(rd_conf, consumer);
	rd_kafka_conf_set_rebalance_cb(rd_conf, on_rebalance);
	rd_kafka_conf_set_error_cb(rd_conf, on_error);
	return rd_conf;
}

static int subscribe(struct kafka_consumer *consumer, struct err *err)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t rd_err;

	rd_kafka_topic_partition_list_add(topics, consumer->topic, RD_KAFKA_PARTITION_UA);
	rd_err = rd_kafka_subscribe(consumer->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, "subscription");
}

int kafka_consumer_new(struct kafka_consumer **out, const struct conf *conf,
		       const struct kafka_consumer_options *options, struct err *err)
{
	struct kafka_consumer *consumer = mem_alloc(sizeof *consumer);

	consumer->options = *options;
	consumer->group = mem_strdup(options->group);
	consumer->topic = mem_strdup(options->topic);
	consumer->options.group = consumer->group;
	consumer->options.topic = consumer->topic;
	consumer->returned_ms = clock_mono_ms();
	kafka_assignment_init(&consumer->assignment);
	consumer->rk = kafka_client_new(RD_KAFKA_CONSUMER, settings(consumer, conf), err);
	if (consumer->rk) {
		rd_kafka_poll_set_consumer(consumer->rk);
		consumer->queue = rd_kafka_queue_get_consumer(consumer->rk);
	}
	if (!consumer->rk || subscribe(consumer, err) < 0) {
		kafka_consumer_free(consumer);
		return -1;
	}
	*out = consumer;
	return 0;
}

/* What librdkafka does not heal: reading on would skip records, or never begin. */
static const struct {
	rd_kafka_resp_err_t rd_err;
	enum err_kind kind;
	const char *reason;
} fatal_errors[] = {
	{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ERR_DATA, "offset-lost" },
	{ RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ERR_DATA, "offset-lost" },
	{ RD_KAFKA_RESP_ERR__BAD_MSG, ERR_DATA, "record-damaged" },
	{ RD_KAFKA_RESP_ERR_INVALID_MSG, ERR_DATA, "record-damaged" },
	{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, ERR_DATA, "record-damaged" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_DATA, "record-too-large" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_UNAVAILABLE, "kafka-not-allowed" },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_UNAVAILABLE, "kafka-not-allowed" },
	{ RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ERR_UNAVAILABLE, "kafka-group" },
	{ RD_KAFKA_RESP_ERR__FATAL, ERR_UNAVAILABLE, "kafka-client" },
};

static void take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
	struct err why = ERR_INIT;

	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		kafka_link_alive(&consumer->link);
		return;
	}
	if (kafka_client_missing(message->err)) {
		note_missing(consumer);
		return;
	}
	for (size_t i = 0; i < sizeof fatal_errors / sizeof fatal_errors[0]; i++) {
		if (fatal_errors[i].rd_err != message->err)
			continue;
		err_set(&why, fatal_errors[i].kind, fatal_errors[i].reason, "%s [%d]: %s", consumer->topic,
			message->partition, rd_kafka_message_errstr(message));
		fail(consumer, &why);
		return;
	}
	kafka_link_error(&consumer->link, message->err, rd_kafka_message_errstr(message));
}

static void release_held(struct kafka_consumer *consumer)
{
	for (size_t i = 0; i < consumer->n_held; i++)
		rd_kafka_message_destroy(consumer->held[i]);
	consumer->n_held = 0;
}

/* Keeps the records among what was taken and deals with the rest. */
static void sort_out(struct kafka_consumer *consumer, size_t n)
{
	consumer->n_held = 0;
	for (size_t i = 0; i < n; i++) {
		rd_kafka_message_t *message = consumer->held[i];

		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			consumer->held[consumer->n_held++] = message;
			continue;
		}
		take_error(consumer, message);
		rd_kafka_message_destroy(message);
	}
	if (consumer->n_held > 0)
		kafka_link_alive(&consumer->link);
}

static void poll_once(struct kafka_consumer *consumer, size_t max, int timeout_ms)
{
	ssize_t n;

	if (consumer->pending && consumer->failure.kind == ERR_NONE)
		start_pending(consumer);
	if (max > consumer->held_cap) {
		consumer->held = mem_grow(consumer->held, max * sizeof(*consumer->held));
		consumer->held_cap = max;
	}
	n = rd_kafka_consume_batch_queue(consumer->queue, timeout_ms, consumer->held, max);
	sort_out(consumer, n > 0 ? (size_t)n : 0);
}

/* A topic that stays away is an error; asking for it also lets librdkafka notice sooner that it came. */
static void check_missing(struct kafka_consumer *consumer)
{
	int64_t now = clock_mono_ms();
	struct kafka_topic_state state;
	struct err why = ERR_INIT;

	if (!consumer->missing_since || now - consumer->missing_checked < MISSING_CHECK_MS)
		return;
	consumer->missing_checked = now;
	if (kafka_client_topic(consumer->rk, consumer->topic, 2000, &state, &why) < 0)
		return;
	if (state.partitions > 0) {
		consumer->missing_since = 0;
		return;
	}
	if (now - consumer->missing_since < MISSING_GRACE_MS)
		return;
	err_set(&why, ERR_UNAVAILABLE, "topic-missing", "there is no topic %s", consumer->topic);
	fail(consumer, &why);
}

/* Reading goes on after what the caller was given, wherever the pause found librdkafka. */
static void resume(struct kafka_consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = kafka_assignment_list(&consumer->assignment, consumer->topic);
	rd_kafka_error_t *error;
	struct err why = ERR_INIT;

	consumer->paused = false;
	if (list->cnt == 0) {
		rd_kafka_topic_partition_list_destroy(list);
		return;
	}
	rd_kafka_resume_partitions(consumer->rk, list);
	/* No time limit: finite ones are 1000 times too short before 2.1, and no broker is asked. */
	error = rd_kafka_seek_partitions(consumer->rk, list, -1);
	for (int i = 0; i < list->cnt; i++) {
		struct kafka_part *part = kafka_assignment_find(&consumer->assignment, list->elems[i].partition);

		if (part->dropped && (error || list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)) {
			err_set(&why, ERR_TEMPORARY, "kafka-seek", "%s [%d]: cannot go back to %lld", consumer->topic,
				part->partition, (long long)part->next_read);
			fail(consumer, &why);
		}
		part->dropped = false;
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
}

int kafka_consumer_batch(struct kafka_consumer *consumer, struct kafka_record *records, size_t max, int timeout_ms,
			 struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int left = timeout_ms;

	release_held(consumer);
	if (consumer->paused)
		resume(consumer);
	do {
		poll_once(consumer, max, left < SLICE_MS ? left : SLICE_MS);
		check_missing(consumer);
		left = kafka_client_left(deadline);
	} while (consumer->n_held == 0 && left > 0 && consumer->failure.kind == ERR_NONE);
	consumer->returned_ms = clock_mono_ms();
	if (consumer->failure.kind != ERR_NONE) {
		release_held(consumer); /* what follows a damaged record must not be taken for its successor */
		*err = consumer->failure;
		return -1;
	}
	for (size_t i = 0; i < consumer->n_held; i++) {
		struct kafka_part *part = kafka_assignment_find(&consumer->assignment, consumer->held[i]->partition);

		kafka_client_record(&records[i], consumer->held[i]);
		if (part)
			part->next_read = records[i].offset + 1;
	}
	return (int)consumer->n_held;
}

int kafka_consumer_keepalive(struct kafka_consumer *consumer, struct err *err)
{
	rd_kafka_message_t **lent = consumer->held;
	size_t n_lent = consumer->n_held, cap = consumer->held_cap;

	/* A pause throws away what was read ahead: not for a batch that is only a little slow. */
	if (clock_mono_ms() - consumer->returned_ms < STALL_MS)
		return 0;
	if (!consumer->paused)
		pause_all(consumer);
	consumer->held = NULL;
	consumer->n_held = consumer->held_cap = 0;
	poll_once(consumer, DRAIN_MAX, 0);
	for (size_t i = 0; i < consumer->n_held; i++) {
		struct kafka_part *part = kafka_assignment_find(&consumer->assignment, consumer->held[i]->partition);

		if (part)
			part->dropped = true;
	}
	release_held(consumer);
	free(consumer->held);
	consumer->held = lent;
	consumer->n_held = n_lent;
	consumer->held_cap = cap;
	if (consumer->failure.kind == ERR_NONE)
		return 0;
	*err = consumer->failure;
	return -1;
}

int kafka_consumer_commit(struct kafka_consumer *consumer, const struct kafka_offset *offsets, size_t n,
			  struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		if (kafka_assignment_may_commit(&consumer->assignment, offsets[i].partition, offsets[i].next))
			rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition)->offset =
				offsets[i].next;
	}
	if (list->cnt > 0)
		result = kafka_commit(consumer->rk, list, err);
	if (result > 0) {
		kafka_link_alive(&consumer->link);
		for (int i = 0; i < list->cnt; i++)
			kafka_assignment_committed(&consumer->assignment, list->elems[i].partition, list->elems[i].offset);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return result < 0 ? -1 : 0;
}

size_t kafka_consumer_lag(struct kafka_consumer *consumer, struct kafka_lag *lag, size_t max)
{
	return kafka_assignment_lag(&consumer->assignment, consumer->rk, consumer->topic, lag, max);
}

size_t kafka_consumer_assigned(struct kafka_consumer *consumer)
{
	return kafka_assignment_size(&consumer->assignment);
}

/* rd_kafka_consumer_close() can hang (librdkafka #4187): the same in steps of our own, with an end. */
static void leave(struct kafka_consumer *consumer)
{
	int64_t deadline = clock_mono_ms() + CLOSE_MS;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->rk);
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->rk, queue);
	rd_kafka_message_t *rest[DRAIN_MAX];

	while (!error && !rd_kafka_consumer_closed(consumer->rk) && kafka_client_left(deadline) > 0) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, SLICE_MS, rest, DRAIN_MAX);

		for (ssize_t i = 0; i < n; i++)
			rd_kafka_message_destroy(rest[i]);
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_queue_destroy(queue);
}

void kafka_consumer_free(struct kafka_consumer *consumer)
{
	if (!consumer)
		return;
	consumer->closing = true;
	release_held(consumer);
	if (consumer->rk) {
		leave(consumer);
		rd_kafka_queue_destroy(consumer->queue);
		kafka_client_destroy(consumer->rk, DESTROY_MS);
	}
	drop_pending(consumer);
	kafka_assignment_release(&consumer->assignment);
	free(consumer->held);
	free(consumer->group);
	free(consumer->topic);
	free(consumer);
}
