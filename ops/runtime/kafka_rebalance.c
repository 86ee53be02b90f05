/* SPDX-License-Identifier: Apache-2.0 */
/* What the group gives and takes. Callbacks run inside rd_kafka_consume_batch_queue. */
#include <string.h>

#include "ops/runtime/kafka_consumer_state.h"
#include "ops/runtime/log.h"

static void tell_assigned(struct kafka_consumer *consumer)
{
	size_t n = kafka_assignment_size(&consumer->assignment);

	log_eventf(LOG_LEVEL_INFO, "kafka.assigned", "partitions", "%zu", n);
	if (consumer->options.assigned)
		consumer->options.assigned(consumer->options.arg, n);
}

void kafka_rebalance_drop(struct kafka_consumer *consumer)
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
		kafka_consumer_note_missing(consumer);
	if (!missing && why->kind != ERR_TEMPORARY) {
		kafka_consumer_fail(consumer, why);
		return;
	}
	if (!consumer->waiting)
		log_err(LOG_LEVEL_WARN, "kafka.start_waits", why);
	consumer->waiting = true;
}

void kafka_rebalance_start(struct kafka_consumer *consumer)
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
	kafka_rebalance_drop(consumer);
	if (n > 0)
		consumer->missing_since = 0;
	list = kafka_assignment_list(&consumer->assignment, consumer->topic);
	rd_err = rd_kafka_assign(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_client_fail(&why, rd_err, "assignment");
		kafka_consumer_fail(consumer, &why);
		return;
	}
	if (consumer->paused)
		kafka_consumer_pause(consumer);
	tell_assigned(consumer);
}

/* Runs inside rd_kafka_consume_batch_queue. */
void kafka_rebalance_event(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			 void *opaque)
{
	struct kafka_consumer *consumer = opaque;

	kafka_rebalance_drop(consumer);
	if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !consumer->closing) {
		consumer->pending = rd_kafka_topic_partition_list_copy(list);
		kafka_rebalance_start(consumer);
		return;
	}
	/* librdkafka 2.0.2 keeps a partition's pause over unassign and assign: it would come back deaf. */
	if (consumer->paused)
		rd_kafka_resume_partitions(rk, list);
	kafka_assignment_clear(&consumer->assignment);
	rd_kafka_assign(rk, NULL);
	if (!consumer->closing)
		tell_assigned(consumer);
}
