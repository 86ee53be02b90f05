/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_producer: an idempotent producer with acks=all. A record counts as published only when `delivered` was called
 * for it without an error; until then the caller keeps whatever the record came from.
 *
 * Threads: one thread owns a producer; `delivered` runs inside kafka_producer_poll and _flush, on that thread, once
 * for every record that kafka_producer_send took, whatever happens (also on _free, as an error).
 * Fatal errors of the idempotent producer (librdkafka #4438): sends and polls then return -1 with reason
 * "producer-fatal"; what was in flight is reported as an error; kafka_producer_renew makes a new one in place.
 *
 * With a message_timeout_ms nobody waits for ever: librdkafka reports a record as failed (_MSG_TIMED_OUT) when its
 * time is over, and a client that keeps silent for 5 s longer is dead, by "producer-fatal", to the next poll or flush.
 * Other errors of the broker are reported with the record (`retriable` says whether to send it again) and the client
 * goes on: after INVALID_PRODUCER_EPOCH librdkafka bumps its epoch by itself, but does not send the record again.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_PRODUCER_H
#define TIPLINE_OPS_RUNTIME_KAFKA_PRODUCER_H

#include "ops/runtime/kafka.h"

struct kafka_producer;

struct kafka_outgoing {
	const char *topic;
	struct slice key, value; /* copied by send */
	bool value_null;         /* a tombstone */
	const struct kafka_header *headers; /* copied */
	size_t n_headers;
	int64_t timestamp_ms;    /* 0: the broker's or client's now. Tips pass midnight of a day */
};

struct kafka_delivery {
	void *opaque;       /* as given to send */
	bool ok;
	const char *error;  /* librdkafka's name of the error, NULL when ok */
	bool retriable;
};

struct kafka_producer_options {
	const char *client_id;
	int linger_ms;           /* 0 to 1 for latency, 5 for throughput */
	int message_timeout_ms;  /* until a record is answered, well or ill; 0: for ever */
	int queue_max;           /* records in flight; send says full beyond it */
	void (*delivered)(void *arg, const struct kafka_delivery *delivery); /* may be NULL: flush tells too */
	void *arg;
};

int kafka_producer_new(struct kafka_producer **out, const struct conf *conf,
		       const struct kafka_producer_options *options, struct err *err)
	__attribute__((warn_unused_result));
/* 0; or -1: ERR_TEMPORARY with reason "queue-full" (poll, then again), ERR_DATA too large or no such topic, … */
int kafka_producer_send(struct kafka_producer *producer, const struct kafka_outgoing *record, void *opaque,
			struct err *err);
/* Serves delivery reports for at most timeout_ms. Returns how many, or -1 ("producer-fatal"): renew, or end. */
int kafka_producer_poll(struct kafka_producer *producer, int timeout_ms, struct err *err);
/*
 * 0 when everything sent since the last flush is acknowledged without an error; else -1, ERR_TEMPORARY: some failed
 * ("publish-failed") or time is up ("publish-late"). Failures count for one flush.
 */
int kafka_producer_flush(struct kafka_producer *producer, int timeout_ms, struct err *err);
/* Whether a broker says that it has no such topic: records for it wait until their time is up. Blocks for a second. */
bool kafka_producer_topic_missing(struct kafka_producer *producer, const char *topic);
int kafka_producer_queued(const struct kafka_producer *producer);
/*
 * Writes eight bytes (the number 1) to `fd`, a non-blocking eventfd or pipe, when delivery reports begin to wait, so
 * that a poll loop wakes. Once woken, read fd empty first, then call kafka_producer_poll until it returns 0.
 */
void kafka_producer_wakeup(struct kafka_producer *producer, int fd);
/* What was in flight is reported as failed; later flushes speak of what was sent afterwards. */
int kafka_producer_renew(struct kafka_producer *producer, struct err *err);
void kafka_producer_free(struct kafka_producer *producer); /* waits at most 2 s; NULL is allowed */

#endif
