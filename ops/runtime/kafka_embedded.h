/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_embedded: librdkafka's broker inside a process, for machines without Java and for fault injection in tests.
 *
 * It forgets everything when it ends, keeps at most 5 MiB or 100,000 batches a partition, and knows no admin calls,
 * so topics are given here. Never a substitute for a broker in production.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_EMBEDDED_H
#define TIPLINE_OPS_RUNTIME_KAFKA_EMBEDDED_H

#include "ops/runtime/kafka.h"

struct kafka_embedded;

int kafka_embedded_new(struct kafka_embedded **out, int brokers, struct err *err) __attribute__((warn_unused_result));
int kafka_embedded_topic(struct kafka_embedded *broker, const char *topic, int partitions, struct err *err);
const char *kafka_embedded_address(const struct kafka_embedded *broker); /* host:port[,host:port] */
/* Faults, for tests: the next `n` produce requests are answered with this error (librdkafka's name, "_TIMED_OUT"). */
int kafka_embedded_fail_produce(struct kafka_embedded *broker, const char *error, int n, struct err *err);
/* The same for any request, by Kafka's name of it: "Produce", "ListOffsets", "OffsetCommit", "OffsetFetch" … */
int kafka_embedded_fail(struct kafka_embedded *broker, const char *request, const char *error, int n,
			struct err *err);
/* Brokers count from 1; -1 is all of them. */
int kafka_embedded_set_down(struct kafka_embedded *broker, int broker_id, bool down, struct err *err);
void kafka_embedded_free(struct kafka_embedded *broker);

#endif
