/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_kafka: the port of a batch that speaks Kafka: the stage's consumer and its producer, opened and closed
 * together.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_KAFKA_H
#define TIPLINE_WORKERS_STAGE_STAGE_KAFKA_H

#include "workers/stage/stage_batch.h"
#include "workers/stage/stage_port.h"

struct stage_kafka {
	const struct stage *stage;
	void *state; /* for stage->position */
	struct stage_watch *watch;
	struct kafka_consumer *consumer;
	struct kafka_producer *producer;
	struct stage_port port;
};

/* Fills in `port` only, so that a batch can borrow it. All is borrowed. */
void stage_kafka_init(struct stage_kafka *kafka, const struct stage *stage, void *state, struct stage_watch *watch);
/* Answers for what is sent go to `outbox`. */
int stage_kafka_open(struct stage_kafka *kafka, const struct conf *conf, const struct stage_settings *settings,
		     struct stage_outbox *outbox, struct err *err);
/* Leaves the group; whatever is unanswered is answered now. Bounded: see the two _free. */
void stage_kafka_close(struct stage_kafka *kafka);

#endif
