/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka: the shapes that producer, consumer and admin share. This folder is librdkafka's only home.
 *
 * Topics are created explicitly; nothing here creates one by accident. Connection settings come from the rows of
 * kafka_conf_keys, which every program that speaks Kafka includes in its tables.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_H
#define TIPLINE_OPS_RUNTIME_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/conf.h"
#include "ops/runtime/err.h"

#define KAFKA_HEADERS_MAX 16
#define KAFKA_MESSAGE_MAX (2u << 20) /* the largest frame is 1 MiB of body and its contact file */
/* What a client takes and sends: above every topic's limit, so that whatever was read can be parked. */
#define KAFKA_CLIENT_MAX (3u << 20)

struct kafka_header {
	const char *name;
	struct slice value;
};

/* A record that came from Kafka. Borrowed: see the function that gave it. */
struct kafka_record {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
	struct slice key, value;
	bool value_null;
	struct kafka_header headers[KAFKA_HEADERS_MAX];
	size_t n_headers;
	bool headers_cut; /* there were more than fit */
};

/* The value of the first header of that name; false when absent. */
bool kafka_record_header(const struct kafka_record *record, const char *name, struct slice *value);

struct kafka_offset {
	const char *topic;
	int32_t partition;
	int64_t next; /* the offset to read next: last finished + 1 */
};

/*
 * kafka.brokers and how to speak to them (kafka.security, kafka.client_id, reconnecting, timeouts), and how much a
 * consumer reads ahead.
 */
extern const struct conf_key kafka_conf_keys[];

#endif
