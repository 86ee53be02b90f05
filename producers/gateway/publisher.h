/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publisher: the gateway's side of the broker: frames out to tip.sealed, delivery reports back to core.
 *
 * A flight that publish took is reported to core_delivered exactly once, also when the producer is made anew or closed;
 * one that publish refused stays the caller's. The frame is copied. One thread; only publisher_serve and
 * publisher_close report, and only they block: the first for 1 s in 10 while nothing can be published, the second for
 * 2 s at most.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_PUBLISHER_H
#define TIPLINE_PRODUCERS_GATEWAY_PUBLISHER_H

#include "ops/runtime/kafka_producer.h"
#include "producers/gateway/core.h"
#include "producers/gateway/refusal.h"

struct publisher {
	struct kafka_producer *producer;
	struct core *core;     /* set before the first publish */
	struct counts *counts;
	struct refusal refusal;
	int queue_max;
	int64_t looked_ms;     /* when it last asked whether the topic is there; 0: never */
};

/* `wake`: an eventfd that becomes readable when reports wait; the caller's, and open for as long as the publisher. */
int publisher_open(struct publisher *publisher, const struct conf *conf, int wake, struct err *err)
	__attribute__((warn_unused_result));
void publisher_close(struct publisher *publisher);
/* -1 with reason "queue-full" when reports must be served first; any other reason: the broker cannot be had. */
int publisher_publish(struct publisher *publisher, struct flight *flight, struct slice frame, struct err *err);
int publisher_load(const struct publisher *publisher); /* percent */
/* Serves the reports that wait; makes the producer anew when it has failed for good. */
int publisher_serve(struct publisher *publisher, struct err *err);

#endif
