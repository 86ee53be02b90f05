/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_MAX 300
#define MESSAGE_MAX (TIP1_HEAD + TIP1_PAYLOAD_JSON_MAX) /* a gateway sends nothing larger */

static int zmq_failed(struct err *err, const char *what)
{
	return err_set(err, ERR_SYSTEM, NULL, "%s: %s", what, zmq_strerror(zmq_errno()));
}

int wire_init(struct wire *wire, struct err *err)
{
	*wire = (struct wire){ 0 };
	wire->context = zmq_ctx_new();
	if (wire->context == NULL)
		return zmq_failed(err, "ZeroMQ context");
	zmq_msg_init(&wire->payload);
	return 0;
}

void wire_release(struct wire *wire)
{
	wire_close(wire);
	zmq_msg_close(&wire->payload);
	zmq_ctx_term(wire->context);
	*wire = (struct wire){ 0 };
}

static int set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int set_options(void *socket, const struct wire_options *options)
{
	const struct {
		int option, value;
	} ints[] = {
		{ ZMQ_LINGER, 0 },
		{ ZMQ_IMMEDIATE, 1 }, /* queue for real connections only, not for one that may never come */
		{ ZMQ_RECONNECT_IVL, 500 },
		{ ZMQ_RECONNECT_IVL_MAX, 30000 },
		{ ZMQ_HANDSHAKE_IVL, 5000 },
		{ ZMQ_HEARTBEAT_IVL, 5000 },
		{ ZMQ_HEARTBEAT_TIMEOUT, 15000 },
		{ ZMQ_SNDHWM, (int)options->queue },
		{ ZMQ_RCVHWM, (int)options->queue },
	};
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
		if (set_int(socket, ints[i].option, ints[i].value))
			return -1;
	int64_t largest = MESSAGE_MAX;
	const struct curve_pair *curve = options->curve;
	if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->gateway_key, strlen(options->gateway_key) + 1) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, curve->public_key, sizeof(curve->public_key)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, curve->secret, sizeof(curve->secret)))
		return -1;
	return 0;
}

/* One context has one socket at a time, so that one name is enough. */
static int open_monitor(struct wire *wire)
{
	static const char name[] = "inproc://refusals";

	wire->reached = false;
	wire->monitor = zmq_socket(wire->context, ZMQ_PAIR);
	return wire->monitor == NULL || set_int(wire->monitor, ZMQ_LINGER, 0) ||
	       zmq_socket_monitor(wire->socket, name, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_CONNECTED) ||
	       zmq_connect(wire->monitor, name);
}

int wire_open(struct wire *wire, const struct wire_options *options, struct err *err)
{
	char endpoint[ADDRESS_MAX];
	int len = snprintf(endpoint, sizeof(endpoint), "tcp://%s", options->address);
	if (len < 0 || (size_t)len >= sizeof(endpoint))
		return err_set(err, ERR_CONFIG, NULL, "the gateway's address is too long");
	wire->socket = zmq_socket(wire->context, ZMQ_DEALER);
	if (wire->socket == NULL)
		return zmq_failed(err, "ZeroMQ socket");
	if (set_options(wire->socket, options) || open_monitor(wire) || zmq_connect(wire->socket, endpoint)) {
		int rc = zmq_failed(err, "connection to the gateway");
		wire_close(wire);
		return rc;
	}
	return 0;
}

void wire_close(struct wire *wire)
{
	if (wire->socket != NULL) {
		(void)zmq_socket_monitor(wire->socket, NULL, 0); /* its name is free again when this returns */
		zmq_close(wire->socket);
	}
	if (wire->monitor != NULL)
		zmq_close(wire->monitor);
	wire->socket = wire->monitor = NULL;
}

/* An event is two parts: its number and a value, then the address, which need only be taken. */
bool wire_refused(struct wire *wire)
{
	char part[256];
	uint16_t event;
	bool refused = false;

	while (wire->monitor != NULL && zmq_recv(wire->monitor, part, sizeof(part), ZMQ_DONTWAIT) >= 0) {
		memcpy(&event, part, sizeof(event));
		refused = refused || event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
		wire->reached = wire->reached || event == ZMQ_EVENT_CONNECTED;
		(void)zmq_recv(wire->monitor, part, sizeof(part), ZMQ_DONTWAIT);
	}
	return refused;
}

bool wire_connected(struct wire *wire)
{
	int events = 0;
	size_t len = sizeof(events);
	return wire->socket != NULL && zmq_getsockopt(wire->socket, ZMQ_EVENTS, &events, &len) == 0 &&
	       (events & ZMQ_POLLOUT) != 0;
}

/* A signal between two parts must not leave half a message, which the next one would complete. */
static int send_part(struct wire *wire, const void *data, size_t len, int flags)
{
	int rc;
	do
		rc = zmq_send(wire->socket, data, len, ZMQ_DONTWAIT | flags);
	while (rc < 0 && zmq_errno() == EINTR);
	return rc;
}

int wire_send(struct wire *wire, const struct tip1 *head, struct slice payload)
{
	uint8_t bytes[TIP1_HEAD];
	int more = payload.len > 0 ? ZMQ_SNDMORE : 0;

	tip1_encode(bytes, head);
	if (send_part(wire, bytes, sizeof(bytes), more) < 0)
		return -1;
	/* The first part chose a connection, so the second waits for nothing; if it is gone both are dropped. */
	if (more && send_part(wire, payload.data, payload.len, 0) < 0)
		return -1;
	return 0;
}

static int receive_part(struct wire *wire)
{
	int rc;
	do
		rc = zmq_msg_recv(&wire->payload, wire->socket, ZMQ_DONTWAIT);
	while (rc < 0 && zmq_errno() == EINTR);
	return rc;
}

int wire_receive(struct wire *wire, struct tip1 *head, struct slice *payload)
{
	if (receive_part(wire) < 0)
		return 0;
	int good = tip1_decode(head, slice_of(zmq_msg_data(&wire->payload), zmq_msg_size(&wire->payload)));
	size_t parts = 1;
	*payload = slice_of("", 0);
	while (zmq_msg_more(&wire->payload) && receive_part(wire) >= 0) {
		*payload = slice_of(zmq_msg_data(&wire->payload), zmq_msg_size(&wire->payload));
		parts++;
	}
	return good == 0 && parts <= 2 ? 1 : -1;
}
