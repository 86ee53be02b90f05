/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: the gateway's side of TIP/1 without its sockets: what it answers to a message, to a delivery report, to time.
 *
 * A tip's way: SUBMIT, checks (adapter, session, credit, size, shape, signature), a flight, the hook `publish`,
 * core_delivered, ACK. Nothing is acknowledged before the broker's report. A SUBMIT of a tip that is in flight with
 * the same bytes takes the flight over (the adapter reconnected): one answer, to the newer connection. One that was
 * acknowledged lately with the same bytes is DUPLICATE at once. With other bytes it is published again: dedupe
 * decides what it is, since only stages behind the seal can compare tips.
 * The adapter is the connection's, asked of the allow-list for every message; what a frame claims must agree with it.
 * No log line and no metric names a tip.
 * One thread; `core_busy` may be called from any.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_CORE_H
#define TIPLINE_PRODUCERS_GATEWAY_CORE_H

#include <stdbool.h>

#include "producers/gateway/allow.h"
#include "producers/gateway/counts.h"
#include "producers/gateway/endpoint.h"
#include "producers/gateway/flights.h"
#include "schema/tip1.h"

struct core;

struct core_hooks {
	/* -1 when the connection is gone. */
	int (*send)(void *arg, const struct route *route, const struct tip1 *head, struct slice payload);
	/* Gives the frame to the broker, `flight` as its opaque. reason "queue-full" is BUSY, others BROKER_DOWN. */
	int (*publish)(void *arg, struct flight *flight, struct slice frame, struct err *err);
	int (*load)(void *arg); /* how full the producer's queue is, in percent */
	void *arg;
};

/* Everything pointed to is the caller's and outlives the core. An arrival is borrowed for the call of core_receive. */
struct core_options {
	struct core_hooks hooks;
	struct allow *allow;
	struct counts *counts;
	size_t window;      /* SUBMITs an adapter may have unanswered */
	size_t max_flights;
	size_t recent;
	size_t max_frame;
	int ack_timeout_ms, retry_ms, silence_ms;
	struct tip_id boot;
	const char *welcome; /* JSON, kept by the caller */
};

struct core *core_new(const struct core_options *options);
void core_free(struct core *core); /* NULL is allowed */

void core_receive(struct core *core, const struct arrival *arrival, int64_t now_ms);
void core_delivered(struct core *core, struct flight *flight, bool ok, int64_t now_ms);
/* Freezes and thaws credit, grants what is due, ends silent sessions. At least four times a second. */
void core_tick(struct core *core, int64_t now_ms);
/* GOAWAY to everybody; from now on SUBMITs are sent back. */
void core_leave(struct core *core);
/* What adapters are welcomed with from now on; kept by the caller. Those that are connected are sent it at once. */
void core_welcome(struct core *core, const char *welcome);
size_t core_in_flight(const struct core *core);
/* True while tips have been in flight for too long, or while leaving: no progress. */
bool core_busy(const struct core *core);

#endif
