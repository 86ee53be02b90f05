/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: the gateway's ROUTER socket under CURVE, with its ZAP handler. The libzmq of the gateway.
 *
 * endpoint_receive takes one whole message, however many parts it has, and gives the first two after the routing id;
 * the rest is read and dropped. Nothing blocks. One thread.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_ENDPOINT_H
#define TIPLINE_PRODUCERS_GATEWAY_ENDPOINT_H

#include <zmq.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "producers/gateway/allow.h"
#include "producers/gateway/route.h"
#include "producers/gateway/zap.h"
#include "schema/keys.h"
#include "schema/tip1.h"

struct arrival { /* borrowed until the next endpoint_receive */
	struct route route;
	bool route_cut;       /* a routing id longer than ROUTE_MAX: cannot be answered */
	const char *user, *key; /* "" when the connection was not authenticated */
	size_t parts;         /* after the routing id */
	struct slice head, payload;
};

struct endpoint {
	void *context, *socket;
	struct zap *zap;
	zmq_msg_t head, payload;
};

struct endpoint_options {
	const char *listen; /* host:port */
	const struct curve_pair *curve;
	struct allow *allow;
	struct counts *counts;
	size_t max_frame;
};

int endpoint_open(struct endpoint *endpoint, const struct endpoint_options *options, struct err *err);
void endpoint_close(struct endpoint *endpoint);
/* The address that was bound, "tcp://host:port". */
void endpoint_address(const struct endpoint *endpoint, char *text, size_t size);
bool endpoint_receive(struct endpoint *endpoint, struct arrival *arrival);
/* -1 when that connection is gone or takes nothing more. */
int endpoint_send(struct endpoint *endpoint, const struct route *route, const struct tip1 *head,
		  struct slice payload);

#endif
