/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_consumer_state: a consumer as its parts know it: kafka_consumer.c (reading and committing),
 * kafka_consumer_open.c (making and ending it), kafka_rebalance.c (what the group gives and takes),
 * kafka_keepalive.c (pausing). All of it runs on the owner's thread.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_CONSUMER_STATE_H
#define TIPLINE_OPS_RUNTIME_KAFKA_CONSUMER_STATE_H

#include "ops/runtime/kafka_assignment.h"
#include "ops/runtime/kafka_client.h"

struct kafka_consumer {
	struct kafka_consumer_options options;
	char *group, *topic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;                              /* eventfd: readable when the queue is not empty any more */
	bool interrupted;                         /* a signal cut the last wait short */
	struct kafka_link link;
	struct kafka_assignment assignment;
	rd_kafka_topic_partition_list_t *pending; /* given by the group, not yet started */
	bool waiting;                             /* that was logged */
	rd_kafka_message_t **held;                /* what the records returned last stand on */
	size_t n_held, held_cap;
	int64_t returned_ms;                      /* when the last batch was returned */
	bool paused, closing;
	int64_t missing_since, missing_checked;   /* the topic was not there; 0: it is */
	struct err failure;                       /* ends the consumer; kind ERR_NONE: none */
};

/* Notes the error that ends the consumer; the first one stays. */
void kafka_consumer_fail(struct kafka_consumer *consumer, const struct err *why);
/* The topic is not there: bad only if it lasts. */
void kafka_consumer_note_missing(struct kafka_consumer *consumer);
/* Asks after a missing topic at most once a second: one that stays away ends the consumer. */
void kafka_consumer_check_missing(struct kafka_consumer *consumer);
/* One look at the queue, without waiting: callbacks run, errors are noted, records are in `held`. */
void kafka_consumer_poll(struct kafka_consumer *consumer, size_t max);
void kafka_consumer_drop_held(struct kafka_consumer *consumer);

void kafka_rebalance_event(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			   void *opaque);
/* Starts what is pending, or leaves it pending for the next call. */
void kafka_rebalance_start(struct kafka_consumer *consumer);
void kafka_rebalance_drop(struct kafka_consumer *consumer);

void kafka_consumer_pause(struct kafka_consumer *consumer);
void kafka_consumer_resume(struct kafka_consumer *consumer);

#endif
