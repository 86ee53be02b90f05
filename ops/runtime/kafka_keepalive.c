/* SPDX-License-Identifier: Apache-2.0 */
/* Polling without reading, so that the group does not give up a member whose batch takes long. */
#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_consumer_state.h"

#define STALL_MS 2000 /* the read-ahead is left alone until a batch has taken this long */
#define DRAIN_MAX 64

void kafka_consumer_pause(struct kafka_consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = kafka_assignment_list(&consumer->assignment, consumer->topic);

	rd_kafka_pause_partitions(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	consumer->paused = true;
}

/* Reading goes on after what the caller was given, wherever the pause found librdkafka. */
void kafka_consumer_resume(struct kafka_consumer *consumer)
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
			kafka_consumer_fail(consumer, &why);
		}
		part->dropped = false;
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
}

int kafka_consumer_keepalive(struct kafka_consumer *consumer, struct err *err)
{
	rd_kafka_message_t **lent = consumer->held;
	size_t n_lent = consumer->n_held, cap = consumer->held_cap;

	/* A pause throws away what was read ahead: not for a batch that is only a little slow. */
	if (clock_mono_ms() - consumer->returned_ms < STALL_MS)
		return 0;
	if (!consumer->paused)
		kafka_consumer_pause(consumer);
	consumer->held = NULL;
	consumer->n_held = consumer->held_cap = 0;
	kafka_consumer_poll(consumer, DRAIN_MAX);
	kafka_consumer_check_missing(consumer);
	for (size_t i = 0; i < consumer->n_held; i++) {
		struct kafka_part *part = kafka_assignment_find(&consumer->assignment, consumer->held[i]->partition);

		if (part)
			part->dropped = true;
	}
	kafka_consumer_drop_held(consumer);
	free(consumer->held);
	consumer->held = lent;
	consumer->n_held = n_lent;
	consumer->held_cap = cap;
	if (consumer->failure.kind == ERR_NONE)
		return 0;
	*err = consumer->failure;
	return -1;
}
