/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of TIP/1 while signals arrive: zmq_send here fails as it does when one comes at a bad moment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "producers/gateway/endpoint.h"
#include "producers/sdk/wire.h"

#define PAYLOAD "a payload"

static int fail_at; /* this call from now on is interrupted once; 0: none */

/* Stands before the library's own. */
int zmq_send(void *socket, const void *data, size_t len, int flags)
{
	union {
		void *symbol;
		int (*call)(void *, const void *, size_t, int);
	} real = { dlsym(RTLD_NEXT, "zmq_send") };

	if (fail_at > 0 && --fail_at == 0) {
		errno = EINTR;
		return -1;
	}
	return real.call(socket, data, len, flags);
}

struct ends {
	void *context, *router, *dealer;
};

static void open_ends(struct ends *ends)
{
	ends->context = zmq_ctx_new();
	ends->router = zmq_socket(ends->context, ZMQ_ROUTER);
	ends->dealer = zmq_socket(ends->context, ZMQ_DEALER);
	assert_int_equal(zmq_setsockopt(ends->dealer, ZMQ_ROUTING_ID, "desk", 4), 0);
	assert_int_equal(zmq_bind(ends->router, "inproc://ends"), 0);
	assert_int_equal(zmq_connect(ends->dealer, "inproc://ends"), 0);
}

static void close_ends(struct ends *ends)
{
	zmq_close(ends->dealer);
	zmq_close(ends->router);
	zmq_ctx_term(ends->context);
}

/* The number of parts of the message that waits, each of the length wanted; the last one ends it. */
static void expect_parts(void *socket, const size_t *lens, size_t n)
{
	char bytes[256];
	int more;
	size_t size = sizeof(more);

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(zmq_recv(socket, bytes, sizeof(bytes), ZMQ_DONTWAIT), (int)lens[i]);
		assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size), 0);
		assert_int_equal(more, i + 1 < n);
	}
	assert_int_equal(zmq_recv(socket, bytes, sizeof(bytes), ZMQ_DONTWAIT), -1);
}

static void test_an_adapter_sends_whole_messages(void **state)
{
	static const size_t lens[] = { 4, TIP1_HEAD, sizeof(PAYLOAD) - 1 };
	const struct tip1 head = { .type = TIP1_SUBMIT, .seq = 1 };
	struct ends ends;

	(void)state;
	open_ends(&ends);
	struct wire wire = { .context = ends.context, .socket = ends.dealer };
	for (int at = 0; at <= 2; at++) {
		fail_at = at;
		assert_int_equal(wire_send(&wire, &head, slice_str(PAYLOAD)), 0);
		assert_int_equal(fail_at, 0);
		expect_parts(ends.router, lens, 3);
	}
	close_ends(&ends);
}

static void test_a_gateway_sends_whole_messages(void **state)
{
	static const size_t lens[] = { TIP1_HEAD, sizeof(PAYLOAD) - 1 };
	const struct route route = { .bytes = "desk", .len = 4 };
	const struct tip1 head = { .type = TIP1_WELCOME };
	struct ends ends;

	(void)state;
	open_ends(&ends);
	struct endpoint endpoint = { .context = ends.context, .socket = ends.router };
	/* A router knows a peer once it has heard of it. */
	assert_int_equal(zmq_send(ends.dealer, "x", 1, 0), 1);
	expect_parts(ends.router, (const size_t[]){ 4, 1 }, 2);
	for (int at = 0; at <= 3; at++) {
		fail_at = at;
		assert_int_equal(endpoint_send(&endpoint, &route, &head, slice_str(PAYLOAD)), 0);
		assert_int_equal(fail_at, 0);
		expect_parts(ends.dealer, lens, 2);
	}
	close_ends(&ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_adapter_sends_whole_messages),
		cmocka_unit_test(test_a_gateway_sends_whole_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
