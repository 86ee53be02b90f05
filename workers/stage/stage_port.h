/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_port: what a batch needs of the outside world, as a table of calls, so that the order of sending,
 * flushing and committing can be tested with a port that fails where it likes. The real one speaks Kafka
 * (stage_kafka.h).
 *
 * All calls are made on one thread. A record that `send` took is answered exactly once by
 * stage_outbox_delivered, inside `serve` or `flush` (or when the producer is freed).
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_PORT_H
#define TIPLINE_WORKERS_STAGE_STAGE_PORT_H

#include "ops/runtime/kafka_consumer.h"
#include "ops/runtime/kafka_producer.h"

#define STAGE_WAIT_SLICE_MS 100 /* whoever waits looks this often whether a stop came */

struct stage_port {
	/* As kafka_producer_send. */
	int (*send)(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err);
	/* Serves delivery reports for at most timeout_ms, as kafka_producer_poll. */
	int (*serve)(void *arg, int timeout_ms, struct err *err);
	/* Hurries what lingers and serves, as kafka_producer_flush. */
	int (*flush)(void *arg, int timeout_ms, struct err *err);
	int (*commit)(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err);
	int (*keepalive)(void *arg, struct err *err);
	/* Milliseconds since a stop was asked for; -1 when none was. */
	int64_t (*stopping_ms)(void *arg);
	/* 64 random bits, for jitter. */
	uint64_t (*random)(void *arg);
	void *arg;
};

#endif
