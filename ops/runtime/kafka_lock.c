/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof is the commit of an offset: the broker takes it from members of the group's present generation alone. The
 * offset itself says nothing; nobody reads from it.
 */
#include "ops/runtime/kafka_lock.h"

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_client.h"
#include "ops/runtime/log.h"

#define SLICE_MS 20
#define PATIENCE_MS 2000 /* a group that nobody else is in takes less; a broker may hold the first member back 3 s */
#define LEAVE_MS 2000
#define DESTROY_MS 1000

struct kafka_lock {
	char *topic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int64_t taken_ms;
	bool held, closing;
};

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			 void *opaque)
{
	struct kafka_lock *lock = opaque;

	if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !lock->closing) {
		for (int i = 0; i < list->cnt; i++)
			list->elems[i].offset = RD_KAFKA_OFFSET_END;
		lock->held = list->cnt > 0;
		rd_kafka_assign(rk, list);
		return;
	}
	lock->held = false;
	rd_kafka_assign(rk, NULL);
}

static void on_error(rd_kafka_t *rk, int rd_err, const char *text, void *opaque)
{
	(void)rk;
	(void)opaque;
	log_eventf(LOG_LEVEL_DEBUG, "kafka.error", "detail", "%s: %s", rd_kafka_err2name(rd_err), text);
}

static int open_client(struct kafka_lock *lock, const struct conf *conf, const char *group, struct err *err)
{
	static const struct kafka_setting_row rows[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "partition.assignment.strategy", "range" },
		{ "heartbeat.interval.ms", "1000" },
		{ "queued.min.messages", "1" },
	};
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_conf_t *rd_conf = kafka_client_conf(conf, group);
	rd_kafka_resp_err_t rd_err;

	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	kafka_client_set(rd_conf, "group.id", group);
	kafka_client_set_int(rd_conf, "session.timeout.ms", KAFKA_LOCK_SESSION_MS);
	kafka_client_set_int(rd_conf, "max.poll.interval.ms", KAFKA_LOCK_HOLD_MS + 60000);
	rd_kafka_conf_set_opaque(rd_conf, lock);
	rd_kafka_conf_set_rebalance_cb(rd_conf, on_rebalance);
	rd_kafka_conf_set_error_cb(rd_conf, on_error);
	lock->rk = kafka_client_new(RD_KAFKA_CONSUMER, rd_conf, err);
	if (!lock->rk)
		return -1;
	rd_kafka_poll_set_consumer(lock->rk);
	lock->queue = rd_kafka_queue_get_consumer(lock->rk);
	topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, lock->topic, RD_KAFKA_PARTITION_UA);
	rd_err = rd_kafka_subscribe(lock->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, "subscription");
}

/* One look at the queue: the rebalance callback runs in it. What else comes does not concern a lock. */
static void serve(rd_kafka_queue_t *queue)
{
	rd_kafka_message_t *message;

	if (rd_kafka_consume_batch_queue(queue, SLICE_MS, &message, 1) == 1)
		rd_kafka_message_destroy(message);
}

int kafka_lock_take(struct kafka_lock **out, const struct conf *conf, const struct kafka_lock_options *options,
		    struct err *err)
{
	struct kafka_lock *lock = mem_alloc(sizeof *lock);
	int64_t began = clock_mono_ms();
	bool told = !options->waits;

	lock->topic = mem_strdup(options->topic);
	if (open_client(lock, conf, options->group, err) < 0) {
		kafka_lock_free(lock);
		return -1;
	}
	while (!lock->held && clock_mono_ms() - began < options->wait_ms) {
		serve(lock->queue);
		if (lock->held || told || clock_mono_ms() - began < PATIENCE_MS)
			continue;
		told = true;
		options->waits(options->arg);
	}
	if (!lock->held) {
		kafka_lock_free(lock);
		return err_set(err, ERR_TEMPORARY, "lock-held", "somebody else holds the lock %s, after %d s still",
			       options->group, options->wait_ms / 1000);
	}
	lock->taken_ms = clock_mono_ms();
	*out = lock;
	return 0;
}

int kafka_lock_prove(struct kafka_lock *lock, struct err *err)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t rd_err;

	if (clock_mono_ms() - lock->taken_ms > KAFKA_LOCK_HOLD_MS)
		return err_set(err, ERR_TEMPORARY, "lock-lost", "the lock was held for %d s, which is the most",
			       KAFKA_LOCK_HOLD_MS / 1000);
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, lock->topic, 0)->offset = 0;
	rd_err = rd_kafka_commit(lock->rk, list, 0);
	rd_kafka_topic_partition_list_destroy(list);
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return err_set(err, ERR_TEMPORARY, "lock-lost", "the lock was lost: %s", rd_kafka_err2str(rd_err));
}

void kafka_lock_free(struct kafka_lock *lock)
{
	if (!lock)
		return;
	lock->closing = true;
	if (lock->queue) {
		kafka_client_leave(lock->rk, LEAVE_MS);
		rd_kafka_queue_destroy(lock->queue);
	}
	if (lock->rk)
		kafka_client_destroy(lock->rk, DESTROY_MS);
	free(lock->topic);
	free(lock);
}
