/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_consumer: a member of a consumer group that reads one topic in batches and commits only the offsets its
 * caller names.
 *
 * Where a partition starts, in this order: what `position` says (a state that keeps its own position, >= 0); the
 * group's committed offset; the beginning, when the group never committed there and the partition still has its
 * first record (low watermark 0, or `start_anywhere`). An offset that is out of range, or a topic that is gone, is an
 * error with reason "offset-lost" or "topic-missing": never a skip.
 *
 * The callbacks run inside kafka_consumer_batch and kafka_consumer_keepalive alone. Records of a partition that was
 * just taken away may still be in the batch returned: handling them again elsewhere must be harmless, and committing
 * them fails quietly (the group has moved on).
 *
 * Brokers that are away for a while are no error: librdkafka finds them again, and the log tells when they went and
 * came. A topic that is not there becomes one only after 15 s, since it may just be being created. Other errors that
 * end a consumer: "record-damaged" (a checksum is wrong), "record-too-large", "kafka-not-allowed", "kafka-group",
 * "kafka-client". Every later call then fails in the same way; free it, and start again.
 * Threads: one thread owns a consumer, except kafka_consumer_lag, which any thread may call.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_CONSUMER_H
#define TIPLINE_OPS_RUNTIME_KAFKA_CONSUMER_H

#include "ops/runtime/kafka.h"

struct kafka_consumer;

struct kafka_consumer_options {
	const char *client_id, *group, *topic;
	int session_timeout_ms;  /* 0: 6000 */
	bool start_anywhere;
	int64_t (*position)(void *arg, const char *topic, int32_t partition); /* next offset or -1; may be NULL */
	void (*assigned)(void *arg, size_t n_partitions); /* after each rebalance; may be NULL */
	void *arg;
};

struct kafka_lag {
	int32_t partition;
	int64_t next, high; /* next to read after what was committed here, and the broker's high watermark */
};

int kafka_consumer_new(struct kafka_consumer **out, const struct conf *conf,
		       const struct kafka_consumer_options *options, struct err *err)
	__attribute__((warn_unused_result));
/*
 * Up to `max` records, waiting at most timeout_ms, or until a signal, for the first. Returns their number, 0 when there
 * were none, -1 on an error that needs a restart. The records are valid until the next call on this consumer.
 */
int kafka_consumer_batch(struct kafka_consumer *consumer, struct kafka_record *records, size_t max, int timeout_ms,
			 struct err *err);
/*
 * Synchronous, within 5 s. 0 also when the group has moved on (the offsets are then somebody else's to commit);
 * offsets behind what is committed are left out. -1 (ERR_TEMPORARY, "commit-failed"): not known to be committed; the
 * next commit of the same partitions makes up for it.
 */
int kafka_consumer_commit(struct kafka_consumer *consumer, const struct kafka_offset *offsets, size_t n,
			  struct err *err);
/*
 * Keeps the membership alive while a batch is retried for long: call at least once a second. Gives no records, and
 * skips none: the next batch follows the last one. The records lent stay valid.
 */
int kafka_consumer_keepalive(struct kafka_consumer *consumer, struct err *err);
size_t kafka_consumer_lag(struct kafka_consumer *consumer, struct kafka_lag *lag, size_t max);
size_t kafka_consumer_assigned(struct kafka_consumer *consumer);
void kafka_consumer_free(struct kafka_consumer *consumer); /* leaves the group; waits at most 3 s; NULL is allowed */

#endif
