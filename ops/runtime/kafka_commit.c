/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_commit.h"

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"

#define COMMIT_MS 5000
#define AGAIN_MS 50

/* The offsets are somebody else's to commit. */
static bool moved_on(rd_kafka_resp_err_t rd_err)
{
	static const rd_kafka_resp_err_t signs[] = {
		RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,    RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
		RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
		RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,      RD_KAFKA_RESP_ERR__STATE,
	};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (signs[i] == rd_err)
			return true;
	}
	return false;
}

static rd_kafka_resp_err_t result_of(rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t rd_err;

	if (!event)
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	rd_err = rd_kafka_event_error(event);
	list = rd_kafka_event_topic_partition_list(event);
	for (int i = 0; list && i < list->cnt && rd_err == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		rd_err = list->elems[i].err;
	rd_kafka_event_destroy(event);
	return rd_err;
}

static rd_kafka_resp_err_t commit_once(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_resp_err_t rd_err = rd_kafka_commit_queue(rk, list, queue, NULL, NULL);

	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_err = result_of(rd_kafka_queue_poll(queue, timeout_ms));
	if (kafka_client_transient(rd_err)) {
		/* A pause before the next attempt: nothing more comes from this queue. */
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms < AGAIN_MS ? timeout_ms : AGAIN_MS);

		if (event)
			rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	return rd_err;
}

int kafka_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, struct err *err)
{
	int64_t deadline = clock_mono_ms() + COMMIT_MS;
	rd_kafka_resp_err_t rd_err;
	int left = COMMIT_MS;

	do {
		rd_err = commit_once(rk, list, left);
		left = kafka_client_left(deadline);
	} while (kafka_client_transient(rd_err) && left > 0);
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 1;
	if (moved_on(rd_err)) {
		log_event(LOG_LEVEL_INFO, "kafka.moved_on", "detail", rd_kafka_err2name(rd_err), NULL);
		return 0;
	}
	/* What does not pass (no such topic, not allowed) would be tried for ever. */
	return err_set(err, kafka_client_transient(rd_err) ? ERR_TEMPORARY : ERR_UNAVAILABLE, "commit-failed",
		       "offsets are not committed: %s (%s)", rd_kafka_err2str(rd_err), rd_kafka_err2name(rd_err));
}
