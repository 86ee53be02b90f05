/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_client: what producer, consumer and admin do alike with librdkafka. Included by kafka_*.c alone.
 *
 * librdkafka's own log lines become log events "kafka.client". What it heals by itself (brokers gone, connections
 * lost) is noted in a struct kafka_link and logged when the state changes, not for every attempt.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_CLIENT_H
#define TIPLINE_OPS_RUNTIME_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "ops/runtime/err.h"
#include "ops/runtime/kafka.h"

/* Whether any broker is reached. Owned by one thread: the one that serves the client's callbacks. */
struct kafka_link {
	bool down;
	char trouble[256]; /* what a broker's connection last died of */
};

#define KAFKA_DOWN_FORMAT "no broker answers (%s); trying on: is the broker up, and kafka.brokers right?"

/* An error that librdkafka reported through its error callback. */
void kafka_link_error(struct kafka_link *link, int rd_err, const char *text);
/* Something came from a broker. */
void kafka_link_alive(struct kafka_link *link);

struct kafka_setting_row {
	const char *name, *value;
};

/* Settings common to all clients, from kafka_conf_keys. `client_id` stands in where the file names none. */
rd_kafka_conf_t *kafka_client_conf(const struct conf *conf, const char *client_id);
/* A setting that librdkafka refuses is our mistake: BUG(). */
void kafka_client_set(rd_kafka_conf_t *rd_conf, const char *name, const char *value);
void kafka_client_set_int(rd_kafka_conf_t *rd_conf, const char *name, int64_t value);
void kafka_client_set_rows(rd_kafka_conf_t *rd_conf, const struct kafka_setting_row *rows, size_t n);
/* Takes rd_conf in any case. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *rd_conf, struct err *err);
/* A consumer leaves its group, serving its rebalance callback, within timeout_ms. rd_kafka_consumer_close can hang. */
void kafka_client_leave(rd_kafka_t *rk, int timeout_ms);
/*
 * rd_kafka_destroy can hang (librdkafka #4187): it runs on a thread of its own and is left to itself, with a warning,
 * after timeout_ms.
 */
void kafka_client_destroy(rd_kafka_t *rk, int timeout_ms);

/* An error that passes by itself, so that asking again makes sense. */
bool kafka_client_transient(rd_kafka_resp_err_t rd_err);
/* The topic or partition is not there. */
bool kafka_client_missing(rd_kafka_resp_err_t rd_err);
/*
 * -1 with the error's kind: temporary where it passes, else unavailable; reason "topic-missing" or "kafka-refused";
 * text "what: librdkafka's words".
 */
int kafka_client_fail(struct err *err, rd_kafka_resp_err_t rd_err, const char *what);
/* Milliseconds from now to `deadline` (clock_mono_ms), not below 0. */
int kafka_client_left(int64_t deadline);

/* A view of the message, valid as long as it is. */
void kafka_client_record(struct kafka_record *record, const rd_kafka_message_t *message);

/* Low and high watermark as the leader has them now. */
int kafka_client_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms, int64_t range[2],
			    struct err *err);
/*
 * Whether and how a topic stands. Asks for all topics, since asking for one by name makes some brokers create it.
 * *partitions is 0 when it does not exist (or has no leader for the moment: `ready` false).
 */
struct kafka_topic_state {
	int partitions, replication;
	bool ready; /* every partition has a leader */
};
int kafka_client_topic(rd_kafka_t *rk, const char *topic, int timeout_ms, struct kafka_topic_state *state,
		       struct err *err);

#endif
