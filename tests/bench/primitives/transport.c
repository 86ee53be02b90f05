/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ alone: frames over TCP under CURVE to a ROUTER, and an answer to each. Both sides are in this process and do
 * the same work turned round, so that each is half of it.
 */
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "schema/tip1.h"
#include "tests/bench/primitives/primitives.h"

#define ROUTE 8

struct transport {
	void *context, *router, *dealer;
	uint8_t *frame;
	size_t len, window;
};

static void check(int rc, const char *what)
{
	if (rc < 0)
		bench_fail(what, zmq_strerror(zmq_errno()));
}

static void set(void *socket, int option, const void *value, size_t size)
{
	check(zmq_setsockopt(socket, option, value, size), "zmq_setsockopt");
}

static void open_pair(struct transport *transport)
{
	const int yes = 1, none = 0;
	char public_key[41], secret_key[41], client_public[41], client_secret[41], address[64];
	size_t size = sizeof(address);

	check(zmq_curve_keypair(public_key, secret_key), "zmq_curve_keypair");
	check(zmq_curve_keypair(client_public, client_secret), "zmq_curve_keypair");
	set(transport->router, ZMQ_LINGER, &none, sizeof(none));
	set(transport->dealer, ZMQ_LINGER, &none, sizeof(none));
	set(transport->router, ZMQ_CURVE_SERVER, &yes, sizeof(yes));
	set(transport->router, ZMQ_CURVE_SECRETKEY, secret_key, sizeof(secret_key));
	set(transport->dealer, ZMQ_CURVE_SERVERKEY, public_key, sizeof(public_key));
	set(transport->dealer, ZMQ_CURVE_PUBLICKEY, client_public, sizeof(client_public));
	set(transport->dealer, ZMQ_CURVE_SECRETKEY, client_secret, sizeof(client_secret));
	check(zmq_bind(transport->router, "tcp://127.0.0.1:*"), "zmq_bind");
	check(zmq_getsockopt(transport->router, ZMQ_LAST_ENDPOINT, address, &size), "zmq_getsockopt");
	check(zmq_connect(transport->dealer, address), "zmq_connect");
}

static void exchange(struct transport *transport, size_t n)
{
	uint8_t head[TIP1_HEAD] = { 0 }, route[ROUTE];
	int route_len;

	for (size_t i = 0; i < n; i++) {
		check(zmq_send(transport->dealer, head, sizeof(head), ZMQ_SNDMORE), "zmq_send");
		check(zmq_send(transport->dealer, transport->frame, transport->len, 0), "zmq_send");
	}
	for (size_t i = 0; i < n; i++) {
		route_len = zmq_recv(transport->router, route, sizeof(route), 0);
		check(route_len, "zmq_recv");
		check(zmq_recv(transport->router, head, sizeof(head), 0), "zmq_recv");
		check(zmq_recv(transport->router, transport->frame, transport->len, 0), "zmq_recv");
		check(zmq_send(transport->router, route, (size_t)route_len, ZMQ_SNDMORE), "zmq_send");
		check(zmq_send(transport->router, head, sizeof(head), 0), "zmq_send");
	}
	for (size_t i = 0; i < n; i++)
		check(zmq_recv(transport->dealer, head, sizeof(head), 0), "zmq_recv");
}

/* Half as many exchanges as asked for: n sides of one. */
static void run(void *state, size_t n)
{
	struct transport *transport = state;

	for (size_t done = 0; done < n / 2; done += transport->window)
		exchange(transport, transport->window);
}

static void *prepare(const struct bench *bench, int window)
{
	struct transport *transport = mem_alloc(sizeof(*transport));

	transport->window = (size_t)window;
	transport->len = bench->sizes[SIZE_FRAME];
	transport->frame = mem_alloc(transport->len);
	transport->context = zmq_ctx_new();
	transport->router = zmq_socket(transport->context, ZMQ_ROUTER);
	transport->dealer = zmq_socket(transport->context, ZMQ_DEALER);
	open_pair(transport);
	exchange(transport, 1); /* shakes hands */
	return transport;
}

static void release(void *state)
{
	struct transport *transport = state;

	zmq_close(transport->dealer);
	zmq_close(transport->router);
	zmq_ctx_term(transport->context);
	free(transport->frame);
	free(transport);
}

const struct primitive transport_primitives[] = {
	{ "transport-64", "a frame and its answer by ZeroMQ, 64 at once", 2 * 64 * 16, 64, prepare, run, release, RUNS },
	{ "transport-1", "the same, one at a time", 2 * 300, 1, prepare, run, release, RUNS },
	{ 0 },
};
