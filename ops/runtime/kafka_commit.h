/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_commit: one synchronous commit of named offsets, in bounded time. Part of kafka_consumer.
 * rd_kafka_commit() itself may wait for a coordinator as long as it takes.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_COMMIT_H
#define TIPLINE_OPS_RUNTIME_KAFKA_COMMIT_H

#include "ops/runtime/kafka_client.h"

/* 1 committed; 0 the group has moved on; -1 not known to be committed (ERR_TEMPORARY "commit-failed"): try again. */
int kafka_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, struct err *err);

#endif
