/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_outbox: what a batch sends to Kafka, and what became of it.
 *
 * Every send belongs to an entry of the batch (its index). What is emitted is held until the batch is through, or
 * waits, and then sent together, at the latest before a record that is parked. Settling waits until each one is
 * answered. One that Kafka refuses for its size is sent once more on its own, since the size of its neighbours may have
 * been the cause; refused again, its entry is told to the caller (stage_outbox_too_large), who parks the input. Any
 * other refusal is an error that ends the worker. Items and topics are borrowed from the batch's arena until
 * stage_outbox_clear.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_OUTBOX_H
#define TIPLINE_WORKERS_STAGE_STAGE_OUTBOX_H

#include "workers/stage/emit.h"
#include "workers/stage/stage_port.h"

#define STAGE_SETTLE_STOP_MS 6000 /* unanswered this long after a stop: given up, uncommitted */

enum outbox_state { OUTBOX_HELD, OUTBOX_WAITING, OUTBOX_ACKNOWLEDGED, OUTBOX_TOO_LARGE, OUTBOX_REFUSED };

struct outbox_send {
	size_t entry;
	struct emit_item item; /* .topic alone for a parked record */
	bool parked, alone;
	enum outbox_state state;
};

struct stage_outbox {
	const struct stage_port *port; /* borrowed */
	struct outbox_send *sends;
	size_t n, cap;
	size_t sent;    /* so many of the first are not held any more */
	size_t waiting; /* for an answer */
	const char *refusal; /* Kafka's name of the first refusal that is not one of size, and its topic */
	const char *refused_topic;
	int64_t kept_alive_ms;
};

void stage_outbox_init(struct stage_outbox *outbox, const struct stage_port *port);
void stage_outbox_release(struct stage_outbox *outbox);
/* Forgets what was settled. BUG() when something still waits. */
void stage_outbox_clear(struct stage_outbox *outbox);

/* A record too large to be sent at all counts as refused for its size. */
void stage_outbox_emit(struct stage_outbox *outbox, size_t entry, const struct emit_item *item);
/* Send what is held; and behind it a parked record. Wait where the producer's queue is full. */
int stage_outbox_send(struct stage_outbox *outbox, struct err *err);
int stage_outbox_park(struct stage_outbox *outbox, size_t entry, const struct kafka_outgoing *record,
		      struct err *err);

/* 0 when everything is answered, with nothing refused but for size. */
int stage_outbox_settle(struct stage_outbox *outbox, struct err *err);
/* After settling: true with an entry that has an output too large, each entry once. Starts at *at = 0. */
bool stage_outbox_too_large(const struct stage_outbox *outbox, size_t *at, size_t *entry);

/* Keeps the membership of the group alive where a second has passed. */
int stage_outbox_keepalive(struct stage_outbox *outbox, struct err *err);

/* kafka_producer_options.delivered, with the outbox as its argument. */
void stage_outbox_delivered(void *outbox, const struct kafka_delivery *delivery);

#endif
