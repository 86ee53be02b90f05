/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: one connection to a gateway: a DEALER socket under CURVE that carries TIP/1 messages. The libzmq of libtipline.
 *
 * A socket serves one session and is closed with nothing lingering: a client that ZAP refused never connects
 * again on the same socket, and what was queued in it is in the spool anyway. Nothing here blocks. One thread.
 *
 * A key that is not on the gateway's list is refused in the handshake, before any message of TIP/1; libzmq tells that
 * to a monitor of the socket alone.
 */
#ifndef TIPLINE_PRODUCERS_SDK_WIRE_H
#define TIPLINE_PRODUCERS_SDK_WIRE_H

#include <stdbool.h>
#include <zmq.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/keys.h"
#include "schema/tip1.h"

struct wire {
	void *context, *socket; /* socket NULL: closed */
	bool reached; /* since wire_open: somebody took the connection */
	void *monitor;          /* open as long as the socket */
	zmq_msg_t payload;      /* of the last message received */
};

struct wire_options {
	const char *address; /* host:port */
	const struct curve_pair *curve;
	const char *gateway_key;
	size_t queue; /* messages that may wait to be sent; more than can ever be in flight */
};

int wire_init(struct wire *wire, struct err *err);
void wire_release(struct wire *wire);
int wire_open(struct wire *wire, const struct wire_options *options, struct err *err);
void wire_close(struct wire *wire);

/* False when nothing could be sent now; as `queue` is never full, that means: not connected. */
bool wire_connected(struct wire *wire);
/* True once after the gateway refused this transport key. */
bool wire_refused(struct wire *wire);
/* 0, or -1 when not connected. An empty payload is not sent as a part. */
int wire_send(struct wire *wire, const struct tip1 *head, struct slice payload);
/* 1: a message, `payload` borrowed until the next call; 0: none waits; -1: one that is not TIP/1 was dropped. */
int wire_receive(struct wire *wire, struct tip1 *head, struct slice *payload);

#endif
