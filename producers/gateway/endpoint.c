/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define ADDRESS_MAX 300
#define OVER_FRAME 1024 /* what MAXMSGSIZE allows beyond the frame: so that TOO_LARGE can be said politely */

static int zmq_failed(struct err *err, enum err_kind kind, const char *what)
{
	char why[ERR_WHY_MAX];

	return err_set(err, kind, NULL, "%s: %s", what, zmq_errno() == EADDRINUSE ? err_why(EADDRINUSE, why)
		: zmq_strerror(zmq_errno()));
}

static int set_options(void *socket, const struct endpoint_options *options)
{
	static const struct {
		int option, value;
	} ints[] = {
		{ ZMQ_LINGER, 0 },
		{ ZMQ_CURVE_SERVER, 1 },
		{ ZMQ_ROUTER_MANDATORY, 1 },
		{ ZMQ_HANDSHAKE_IVL, 5000 },
		{ ZMQ_RCVHWM, 128 },
		{ ZMQ_SNDHWM, 256 },
		{ ZMQ_HEARTBEAT_IVL, 5000 },
		{ ZMQ_HEARTBEAT_TIMEOUT, 15000 },
	};
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
		if (zmq_setsockopt(socket, ints[i].option, &ints[i].value, sizeof(ints[i].value)))
			return -1;
	int64_t largest = (int64_t)options->max_frame + OVER_FRAME;
	if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest)) ||
	    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, options->curve->secret, sizeof(options->curve->secret)))
		return -1;
	return 0;
}

static int bind_socket(struct endpoint *endpoint, const struct endpoint_options *options, struct err *err)
{
	char address[ADDRESS_MAX];
	int len = snprintf(address, sizeof(address), "tcp://%s", options->listen);

	if (len < 0 || (size_t)len >= sizeof(address))
		return err_set(err, ERR_CONFIG, NULL, "listen: the address is too long");
	endpoint->socket = zmq_socket(endpoint->context, ZMQ_ROUTER);
	if (endpoint->socket == NULL || set_options(endpoint->socket, options))
		return zmq_failed(err, ERR_SYSTEM, "ROUTER socket");
	if (zmq_bind(endpoint->socket, address))
		return zmq_failed(err, ERR_UNAVAILABLE, options->listen);
	return 0;
}

/*
 * A descriptor for each adapter and each connection not yet authenticated, beside those of Kafka and HTTP: more than
 * the 1,024 that a process has by default, while it may ask for many more. Nothing here uses select().
 */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

int endpoint_open(struct endpoint *endpoint, const struct endpoint_options *options, struct err *err)
{
	*endpoint = (struct endpoint){ 0 };
	raise_descriptors();
	zmq_msg_init(&endpoint->head);
	zmq_msg_init(&endpoint->payload);
	endpoint->context = zmq_ctx_new();
	if (endpoint->context == NULL)
		return zmq_failed(err, ERR_SYSTEM, "ZeroMQ context");
	if (zap_start(&endpoint->zap, endpoint->context, options->allow, options->counts, err) ||
	    bind_socket(endpoint, options, err)) {
		endpoint_close(endpoint);
		return -1;
	}
	return 0;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint->context == NULL)
		return;
	zmq_msg_close(&endpoint->head);
	zmq_msg_close(&endpoint->payload);
	if (endpoint->socket != NULL)
		zmq_close(endpoint->socket);
	zmq_ctx_shutdown(endpoint->context);
	zap_join(endpoint->zap);
	zmq_ctx_term(endpoint->context);
	*endpoint = (struct endpoint){ 0 };
}

void endpoint_address(const struct endpoint *endpoint, char *text, size_t size)
{
	if (zmq_getsockopt(endpoint->socket, ZMQ_LAST_ENDPOINT, text, &size))
		text[0] = '\0';
}

static int receive_part(struct endpoint *endpoint, zmq_msg_t *part)
{
	int rc;
	do
		rc = zmq_msg_recv(part, endpoint->socket, ZMQ_DONTWAIT);
	while (rc < 0 && zmq_errno() == EINTR);
	return rc;
}

static const char *property(zmq_msg_t *part, const char *name)
{
	const char *value = zmq_msg_gets(part, name);
	return value != NULL ? value : "";
}

/* The parts after the routing id: two are kept, the others read and dropped. */
static void receive_rest(struct endpoint *endpoint, struct arrival *arrival)
{
	zmq_msg_t spare;
	zmq_msg_init(&spare);
	for (bool more = true; more; arrival->parts++) {
		zmq_msg_t *part = arrival->parts == 0 ? &endpoint->head :
				  arrival->parts == 1 ? &endpoint->payload : &spare;
		if (receive_part(endpoint, part) < 0)
			break;
		more = zmq_msg_more(part) != 0;
		struct slice bytes = slice_of(zmq_msg_data(part), zmq_msg_size(part));
		if (arrival->parts == 0)
			arrival->head = bytes;
		else if (arrival->parts == 1)
			arrival->payload = bytes;
	}
	zmq_msg_close(&spare);
}

bool endpoint_receive(struct endpoint *endpoint, struct arrival *arrival)
{
	*arrival = (struct arrival){ .user = "", .key = "", .head = slice_of("", 0), .payload = slice_of("", 0) };
	if (receive_part(endpoint, &endpoint->head) < 0)
		return false;
	size_t len = zmq_msg_size(&endpoint->head);
	arrival->route_cut = len > ROUTE_MAX;
	if (!arrival->route_cut) {
		arrival->route.len = (uint8_t)len;
		memcpy(arrival->route.bytes, zmq_msg_data(&endpoint->head), len);
	}
	if (!zmq_msg_more(&endpoint->head))
		return true;
	receive_rest(endpoint, arrival);
	if (arrival->parts > 0) {
		arrival->user = property(&endpoint->head, "User-Id");
		arrival->key = property(&endpoint->head, ZAP_KEY_PROPERTY);
	}
	return true;
}

/* A signal between two parts must not leave half a message, which the next one would complete. */
static int send_part(struct endpoint *endpoint, const void *data, size_t len, int flags)
{
	int rc;
	do
		rc = zmq_send(endpoint->socket, data, len, ZMQ_DONTWAIT | flags);
	while (rc < 0 && zmq_errno() == EINTR);
	return rc;
}

int endpoint_send(struct endpoint *endpoint, const struct route *route, const struct tip1 *head,
		  struct slice payload)
{
	uint8_t bytes[TIP1_HEAD];

	tip1_encode(bytes, head);
	if (send_part(endpoint, route->bytes, route->len, ZMQ_SNDMORE) < 0)
		return -1;
	if (send_part(endpoint, bytes, sizeof(bytes), payload.len > 0 ? ZMQ_SNDMORE : 0) < 0)
		return -1;
	if (payload.len > 0 && send_part(endpoint, payload.data, payload.len, 0) < 0)
		return -1;
	return 0;
}
