/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curve_peer ADDRESS GATEWAY-KEY CURVE-KEY CASE: a client of the gateway that keeps no rule of libtipline: messages
 * too large, of any number of parts, a thousand connections, a key that nobody knows. Prints what came of it, a word
 * or two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <zmq.h>

#include "ops/runtime/clock.h"
#include "producers/sdk/wire.h"
#include "schema/frame.h"
#include "schema/keys.h"

#define PEERS 1000
#define PARTS 1000
#define PATIENCE_MS 20000
#define LOOK_MS 20
#define BEYOND_MESSAGE 2048 /* over what the gateway takes as one part at all */

struct peer {
	const char *address;
	struct curve_pair curve;
	char gateway_key[41];
	void *context, *socket;
};

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "curve_peer: %s\n", what);
	exit(1);
}

static void *dial(struct peer *peer)
{
	const int none = 0, handshake_ms = PATIENCE_MS;
	char endpoint[300];
	void *socket = zmq_socket(peer->context, ZMQ_DEALER);

	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", peer->address);
	if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none)) ||
	    zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof(handshake_ms)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, peer->gateway_key, sizeof(peer->gateway_key)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, peer->curve.public_key, sizeof(peer->curve.public_key)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, peer->curve.secret, sizeof(peer->curve.secret)) ||
	    zmq_connect(socket, endpoint))
		fail(zmq_strerror(zmq_errno()));
	return socket;
}

static void send_part(void *socket, const void *data, size_t len, bool more)
{
	if (zmq_send(socket, data, len, more ? ZMQ_SNDMORE : 0) < 0)
		fail(zmq_strerror(zmq_errno()));
}

static void send_head(void *socket, uint8_t type, uint64_t seq, bool more)
{
	const struct tip1 head = { .type = type, .seq = seq };
	uint8_t bytes[TIP1_HEAD];

	tip1_encode(bytes, &head);
	send_part(socket, bytes, sizeof(bytes), more);
}

/* The next message with a header, other parts dropped; false when none came in time. */
static bool receive(void *socket, struct tip1 *head, int ms)
{
	uint8_t bytes[TIP1_PAYLOAD_JSON_MAX];
	int more = 1;
	size_t size = sizeof(more);
	bool good = false;

	if (zmq_setsockopt(socket, ZMQ_RCVTIMEO, &ms, sizeof(ms)))
		fail(zmq_strerror(zmq_errno()));
	for (bool first = true; more; first = false) {
		int len = zmq_recv(socket, bytes, sizeof(bytes), 0);
		if (len < 0)
			return false;
		if (first)
			good = tip1_decode(head, slice_of(bytes, (size_t)len)) == 0;
		zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	return good;
}

static void say(void *socket)
{
	struct tip1 head;

	if (!receive(socket, &head, PATIENCE_MS))
		(void)puts("silence");
	else if (head.type == TIP1_NACK)
		(void)printf("nack %s\n", tip1_code_find(head.code)->word);
	else
		(void)puts(tip1_type_name(head.type));
}

static void greet(struct peer *peer)
{
	struct tip1 head;

	send_head(peer->socket, TIP1_HELLO, 0, false);
	if (!receive(peer->socket, &head, PATIENCE_MS) || head.type != TIP1_WELCOME)
		fail("no WELCOME");
}

static void submit(struct peer *peer, size_t len)
{
	uint8_t *zeros = calloc(1, len);

	if (zeros == NULL)
		fail("memory");
	send_head(peer->socket, TIP1_SUBMIT, 1, true);
	send_part(peer->socket, zeros, len, false);
	free(zeros);
}

static void over_limit(struct peer *peer)
{
	greet(peer);
	submit(peer, FRAME_MAX + 1);
	say(peer->socket);
}

/* The connection is cut; what libzmq then makes anew has no session. */
static void over_message(struct peer *peer)
{
	greet(peer);
	submit(peer, FRAME_MAX + BEYOND_MESSAGE);
	send_head(peer->socket, TIP1_PING, 1, false);
	struct tip1 head;
	for (int64_t end = clock_mono_ms() + PATIENCE_MS; clock_mono_ms() < end;) {
		if (receive(peer->socket, &head, LOOK_MS * 10)) {
			(void)printf("%s\n", head.type == TIP1_NACK ? tip1_code_find(head.code)->word :
						     tip1_type_name(head.type));
			return;
		}
		send_head(peer->socket, TIP1_PING, 1, false);
	}
	(void)puts("silence");
}

static void no_part(struct peer *peer)
{
	greet(peer);
	send_part(peer->socket, "", 0, false);
	send_head(peer->socket, TIP1_PING, 7, false);
	say(peer->socket);
}

static void many_parts(struct peer *peer)
{
	greet(peer);
	for (int i = 1; i <= PARTS; i++)
		send_part(peer->socket, "x", 1, i < PARTS);
	send_head(peer->socket, TIP1_SUBMIT, 1, true);
	for (int i = 1; i < PARTS; i++)
		send_part(peer->socket, "x", 1, i < PARTS - 1);
	say(peer->socket);
}

static void many_peers(struct peer *peer)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;
	void *sockets[PEERS];
	struct tip1 head;
	int welcome = 0;

	for (int i = 0; i < PEERS; i++) {
		sockets[i] = dial(peer);
		send_head(sockets[i], TIP1_HELLO, 0, false);
	}
	for (int i = 0; i < PEERS; i++) {
		const int64_t left = end - clock_mono_ms();
		welcome += receive(sockets[i], &head, left > 0 ? (int)left : 0) && head.type == TIP1_WELCOME;
	}
	(void)printf("%d welcome\n", welcome);
	(void)fflush(stdout);
	(void)getchar(); /* they stay until the test has seen enough */
	for (int i = 0; i < PEERS; i++)
		zmq_close(sockets[i]);
}

static void unknown_key(struct peer *peer)
{
	const struct wire_options options = { peer->address, &peer->curve, peer->gateway_key, 16 };
	struct err err = ERR_INIT;
	struct wire wire;
	bool refused = false;

	if (zmq_curve_keypair(peer->curve.public_key, peer->curve.secret) || wire_init(&wire, &err) ||
	    wire_open(&wire, &options, &err))
		fail("cannot dial");
	for (int64_t end = clock_mono_ms() + PATIENCE_MS; !refused && clock_mono_ms() < end;) {
		zmq_pollitem_t item = { .socket = wire.monitor, .events = ZMQ_POLLIN };
		(void)zmq_poll(&item, 1, LOOK_MS);
		refused = wire_refused(&wire);
	}
	(void)puts(refused ? "refused" : "silence");
	wire_release(&wire);
}

static const struct {
	const char *name;
	void (*run)(struct peer *);
} cases[] = {
	{ "over-limit", over_limit }, { "over-message", over_message }, { "no-part", no_part },
	{ "many-parts", many_parts }, { "many-peers", many_peers },     { "unknown-key", unknown_key },
};

int main(int argc, char **argv)
{
	struct peer peer = { .context = zmq_ctx_new() };
	struct err err = ERR_INIT;
	struct rlimit files;

	if (argc != 5 || peer.context == NULL)
		fail("ADDRESS GATEWAY-KEY CURVE-KEY CASE");
	peer.address = argv[1];
	if (keys_begin(&err) || keys_load_curve_public(peer.gateway_key, argv[2], &err) ||
	    keys_load_curve(&peer.curve, argv[3], &err))
		fail(err.text);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max; /* two for each connection */
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)zmq_ctx_set(peer.context, ZMQ_MAX_SOCKETS, PEERS + 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[4]) != 0)
			continue;
		peer.socket = dial(&peer);
		cases[i].run(&peer);
		zmq_close(peer.socket);
		zmq_ctx_term(peer.context);
		return 0;
	}
	fail("no such case");
}
