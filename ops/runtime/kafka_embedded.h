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
/* Calls off what kafka_embedded_fail still has for this request. */
void kafka_embedded_heal(struct kafka_embedded *broker, const char *request);
/*
 * The next `n` such requests to any broker are carried out at once and answered `delay_ms` later: by then the client
 * may have given up, or the connection be gone (kafka_embedded_set_down), and the answer is lost.
 */
int kafka_embedded_delay(struct kafka_embedded *broker, const char *request, int delay_ms, int n, struct err *err);
/* Whether the brokers deny that there is such a topic when they are asked for it; what it holds is kept. */
void kafka_embedded_hide_topic(struct kafka_embedded *broker, const char *topic, bool hidden);
/* Brokers count from 1; -1 is all of them. */
int kafka_embedded_set_down(struct kafka_embedded *broker, int broker_id, bool down, struct err *err);
void kafka_embedded_free(struct kafka_embedded *broker);

#endif
