/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_assignment: the partitions a consumer has, where each was started, and what was read and committed of it.
 * Part of kafka_consumer.
 *
 * rd_kafka_position() counts records that rd_kafka_consume_batch_queue has not yet returned when a rebalance falls
 * into the call, so what was read is tracked here instead. The table changes on the consumer's own thread alone;
 * kafka_assignment_lag may be called on any.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_ASSIGNMENT_H
#define TIPLINE_OPS_RUNTIME_KAFKA_ASSIGNMENT_H

#include <pthread.h>

#include "ops/runtime/kafka_client.h"
#include "ops/runtime/kafka_consumer.h"

struct kafka_part {
	int32_t partition;
	int64_t next_read; /* after what was returned to the caller */
	int64_t committed; /* where it was started, then what was committed here */
	int64_t high;      /* the high watermark when it was started */
	bool dropped;      /* records were thrown away: reading must go back to next_read */
};

struct kafka_assignment {
	pthread_mutex_t lock;
	struct kafka_part *parts;
	size_t n;
	bool between; /* taken away, and nothing new given yet */
};

void kafka_assignment_init(struct kafka_assignment *assignment);
void kafka_assignment_release(struct kafka_assignment *assignment);
/* Takes `parts`. */
void kafka_assignment_take(struct kafka_assignment *assignment, struct kafka_part *parts, size_t n);
void kafka_assignment_clear(struct kafka_assignment *assignment);
struct kafka_part *kafka_assignment_find(struct kafka_assignment *assignment, int32_t partition); /* NULL: not ours */
/*
 * False for what the group has moved on from: a partition that is now another's, or an offset behind what is
 * committed. The broker would take it: it checks the member, not whose partition it is.
 */
bool kafka_assignment_may_commit(struct kafka_assignment *assignment, int32_t partition, int64_t next);
void kafka_assignment_committed(struct kafka_assignment *assignment, int32_t partition, int64_t next);
size_t kafka_assignment_size(struct kafka_assignment *assignment);
size_t kafka_assignment_lag(struct kafka_assignment *assignment, rd_kafka_t *rk, const char *topic,
			    struct kafka_lag *lag, size_t max);
/* With next_read as offsets. The caller destroys the list. */
rd_kafka_topic_partition_list_t *kafka_assignment_list(const struct kafka_assignment *assignment, const char *topic);

/*
 * Finds where each of the `n` partitions in `list` starts, by the rule in kafka_consumer.h. Fills `parts`.
 * ERR_TEMPORARY, or reason "topic-missing": ask again later.
 */
int kafka_assignment_start(rd_kafka_t *rk, const struct kafka_consumer_options *options,
			   const rd_kafka_topic_partition_list_t *list, struct kafka_part *parts, struct err *err);

#endif
