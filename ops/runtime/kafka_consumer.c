/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_commit.h"
#include "ops/runtime/kafka_consumer_state.h"
#include "ops/runtime/log.h"

#define PENDING_MS 20 /* what the group gave and could not be started is tried again this often */
#define MISSING_CHECK_MS 1000
#define MISSING_GRACE_MS 15000 /* a topic just created, or a broker just started, may not show it yet */

void kafka_consumer_fail(struct kafka_consumer *consumer, const struct err *why)
{
	if (consumer->failure.kind == ERR_NONE)
		consumer->failure = *why;
}

void kafka_consumer_note_missing(struct kafka_consumer *consumer)
{
	if (consumer->missing_since)
		return;
	consumer->missing_since = consumer->missing_checked = clock_mono_ms();
	log_event(LOG_LEVEL_WARN, "kafka.topic_missing", "topic", consumer->topic, NULL);
}

static const char elsewhere[] = "; the position is none of this topic: is the store or index that of another pipeline, "
				"or was the topic made anew?";
static const char not_allowed[] = "; ask who runs the broker for the right";

/* What librdkafka does not heal: reading on would skip records, or never begin. */
static const struct {
	rd_kafka_resp_err_t rd_err;
	enum err_kind kind;
	const char *reason, *todo;
} fatal_errors[] = {
	{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ERR_DATA, "offset-lost", elsewhere },
	{ RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ERR_DATA, "offset-lost", elsewhere },
	{ RD_KAFKA_RESP_ERR__BAD_MSG, ERR_DATA, "record-damaged", "" },
	{ RD_KAFKA_RESP_ERR_INVALID_MSG, ERR_DATA, "record-damaged", "" },
	{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, ERR_DATA, "record-damaged", "" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_DATA, "record-too-large", "" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_UNAVAILABLE, "kafka-not-allowed", not_allowed },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_UNAVAILABLE, "kafka-not-allowed", not_allowed },
	{ RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ERR_UNAVAILABLE, "kafka-group", "" },
	{ RD_KAFKA_RESP_ERR__FATAL, ERR_UNAVAILABLE, "kafka-client", "" },
};

static void take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
	struct err why = ERR_INIT;

	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		kafka_link_alive(&consumer->link);
		return;
	}
	if (kafka_client_missing(message->err)) {
		kafka_consumer_note_missing(consumer);
		return;
	}
	for (size_t i = 0; i < sizeof fatal_errors / sizeof fatal_errors[0]; i++) {
		if (fatal_errors[i].rd_err != message->err)
			continue;
		err_set(&why, fatal_errors[i].kind, fatal_errors[i].reason, "%s [%d]: %s%s", consumer->topic,
			message->partition, rd_kafka_message_errstr(message), fatal_errors[i].todo);
		kafka_consumer_fail(consumer, &why);
		return;
	}
	kafka_link_error(&consumer->link, message->err, rd_kafka_message_errstr(message));
}

void kafka_consumer_drop_held(struct kafka_consumer *consumer)
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

void kafka_consumer_poll(struct kafka_consumer *consumer, size_t max)
{
	ssize_t n;

	if (consumer->pending && consumer->failure.kind == ERR_NONE)
		kafka_rebalance_start(consumer);
	if (max > consumer->held_cap) {
		consumer->held = mem_grow(consumer->held, max * sizeof(*consumer->held));
		consumer->held_cap = max;
	}
	n = rd_kafka_consume_batch_queue(consumer->queue, 0, consumer->held, max);
	sort_out(consumer, n > 0 ? (size_t)n : 0);
}

/*
 * Until there is something in the queue, or a signal comes. rd_kafka_consume_batch_queue itself would wait for a full
 * batch; called in slices to cut that short it wakes an idle program 200 times a second.
 */
static void await(struct kafka_consumer *consumer, int timeout_ms)
{
	struct pollfd wake = { .fd = consumer->wake_fd, .events = POLLIN };
	uint64_t wakes;

	if (consumer->pending && timeout_ms > PENDING_MS)
		timeout_ms = PENDING_MS;
	consumer->interrupted = poll(&wake, 1, timeout_ms) < 0;
	while (wake.revents && read(consumer->wake_fd, &wakes, sizeof wakes) > 0)
		;
}

/* A topic that stays away is an error; asking for it also lets librdkafka notice sooner that it came. */
void kafka_consumer_check_missing(struct kafka_consumer *consumer)
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
	err_set(&why, ERR_UNAVAILABLE, "topic-missing",
		"there is no topic %s: `tipctl topics create` makes what is missing", consumer->topic);
	kafka_consumer_fail(consumer, &why);
}

int kafka_consumer_batch(struct kafka_consumer *consumer, struct kafka_record *records, size_t max, int timeout_ms,
			 struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int left;

	kafka_consumer_drop_held(consumer);
	if (consumer->paused)
		kafka_consumer_resume(consumer);
	consumer->interrupted = false;
	for (;;) {
		kafka_consumer_poll(consumer, max);
		kafka_consumer_check_missing(consumer);
		left = kafka_client_left(deadline);
		if (consumer->n_held > 0 || left == 0 || consumer->failure.kind != ERR_NONE || consumer->interrupted)
			break;
		await(consumer, left);
	}
	consumer->returned_ms = clock_mono_ms();
	if (consumer->failure.kind != ERR_NONE) {
		kafka_consumer_drop_held(consumer); /* what follows a damaged record would skip it */
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
			kafka_assignment_committed(&consumer->assignment, list->elems[i].partition,
						   list->elems[i].offset);
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
