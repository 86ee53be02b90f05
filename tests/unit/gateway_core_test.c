/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's protocol without sockets or broker: the hooks keep what was sent and published. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "producers/gateway/core.h"
#include "schema/frame.h"
#include "schema/hex.h"
#include "schema/keys.h"

#define SENT_MAX 4096
#define WINDOW 4
#define CURVE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CURVE_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct scene {
	char path[64];
	struct metrics *metrics;
	struct counts *counts;
	struct allow *allow;
	struct core *core;
	struct tip1 sent[SENT_MAX];
	struct route sent_to[SENT_MAX];
	size_t n_sent;
	struct flight *published[64];
	size_t n_published;
	int load;
	bool unreachable;
	const char *publish_fails; /* a reason */
	uint8_t secrets[2][FRAME_SIGN_SECRET]; /* desk's and line's */
	uint64_t seq[4];
	int64_t now;
};

static int hook_send(void *arg, const struct route *route, const struct tip1 *head, struct slice payload)
{
	struct scene *scene = arg;
	(void)payload;
	if (scene->unreachable)
		return -1;
	assert_true(scene->n_sent < SENT_MAX);
	scene->sent_to[scene->n_sent] = *route;
	scene->sent[scene->n_sent++] = *head;
	return 0;
}

static int hook_publish(void *arg, struct flight *flight, struct slice frame, struct err *err)
{
	struct scene *scene = arg;
	(void)frame;
	if (scene->publish_fails != NULL)
		return err_set(err, ERR_TEMPORARY, scene->publish_fails, "no");
	scene->published[scene->n_published++] = flight;
	return 0;
}

static int hook_load(void *arg)
{
	return ((struct scene *)arg)->load;
}

static void write_list(struct scene *scene, bool revoked)
{
	char hex[2][2 * FRAME_SIGN_PUBLIC + 1];
	FILE *file = fopen(scene->path, "w");

	/* The second half of an Ed25519 secret is the public key. */
	for (int i = 0; i < 2; i++)
		hex_encode(hex[i], scene->secrets[i] + 32, FRAME_SIGN_PUBLIC);
	assert_non_null(file);
	(void)fprintf(file,
		      "adapters:\n"
		      "  - name: desk\n%s    id: 1\n    sign: \"%s\"\n    curve: \"%s\"\n    channels: [batch]\n"
		      "  - name: line\n    id: 2\n    sign: \"%s\"\n    curve: \"%s\"\n    channels: [batch]\n",
		      revoked ? "    revoked: true\n" : "", hex[0], CURVE_A, hex[1], CURVE_B);
	(void)fclose(file);
}

static int open_scene(void **state)
{
	struct scene *scene = mem_alloc(sizeof(*scene));
	uint8_t public_key[FRAME_SIGN_PUBLIC];
	struct err err = ERR_INIT;

	if (keys_begin(&err))
		return -1;
	frame_sign_keypair(public_key, scene->secrets[0]);
	frame_sign_keypair(public_key, scene->secrets[1]);
	(void)snprintf(scene->path, sizeof(scene->path), "/tmp/gateway_core_test.XXXXXX");
	int fd = mkstemp(scene->path);
	if (fd < 0)
		return -1;
	close(fd);
	write_list(scene, false);
	if (allow_new(&scene->allow, scene->path, &err)) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	scene->metrics = metrics_new();
	scene->counts = counts_new(scene->metrics);
	counts_adapters(scene->counts, scene->allow);
	const struct core_options options = {
		.hooks = { hook_send, hook_publish, hook_load, scene },
		.allow = scene->allow, .counts = scene->counts, .window = WINDOW, .max_flights = 16, .recent = 8,
		.max_frame = 8192, .ack_timeout_ms = 45000, .retry_ms = 1000, .silence_ms = 20000, .welcome = "{}",
	};
	scene->core = core_new(&options);
	scene->now = 1000;
	*state = scene;
	return 0;
}

static int close_scene(void **state)
{
	struct scene *scene = *state;
	core_free(scene->core);
	counts_free(scene->counts);
	metrics_free(scene->metrics);
	allow_free(scene->allow);
	unlink(scene->path);
	free(scene);
	return 0;
}

static struct route route_of(uint8_t number)
{
	return (struct route){ .len = 5, .bytes = { 0, 1, 2, 3, number } };
}

/* A message of connection `number`; even ones are desk's, odd ones line's. */
static void say(struct scene *scene, uint8_t number, const struct tip1 *head, struct slice payload)
{
	uint8_t bytes[TIP1_HEAD];
	tip1_encode(bytes, head);
	const struct arrival arrival = {
		.route = route_of(number), .user = number % 2 == 0 ? "desk" : "line",
		.key = number % 2 == 0 ? CURVE_A : CURVE_B, .parts = payload.len > 0 ? 2 : 1,
		.head = slice_of(bytes, sizeof(bytes)), .payload = payload,
	};
	core_receive(scene->core, &arrival, scene->now);
}

static void hello(struct scene *scene, uint8_t number)
{
	const struct tip1 head = { .type = TIP1_HELLO };
	scene->seq[number] = 0;
	say(scene, number, &head, slice_str("{\"proto\":1}"));
}

static const struct tip1 *last(const struct scene *scene)
{
	assert_true(scene->n_sent > 0);
	return &scene->sent[scene->n_sent - 1];
}

static void build(const struct scene *scene, struct buf *out, uint16_t adapter, uint8_t id, const char *body)
{
	static const uint8_t contact[FRAME_CONTACT_BYTES];
	const struct frame frame = { .tip_id = { { id } }, .adapter = adapter, .day = 20000, .body = slice_str(body),
				     .contact = slice_of(contact, sizeof(contact)) };
	buf_clear(out);
	frame_build(out, &frame, scene->secrets[adapter == 1 ? 0 : 1]);
}

static void submit_bytes(struct scene *scene, uint8_t number, uint8_t id, struct slice bytes)
{
	const struct tip1 head = { .type = TIP1_SUBMIT, .seq = ++scene->seq[number], .msg_id = { { id } } };
	say(scene, number, &head, bytes);
}

static void submit(struct scene *scene, uint8_t number, uint8_t id, const char *body)
{
	struct buf frame = BUF_INIT;
	build(scene, &frame, number % 2 == 0 ? 1 : 2, id, body);
	submit_bytes(scene, number, id, buf_slice(&frame));
	buf_release(&frame);
}

static void test_welcome_then_ack_after_the_report(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	assert_int_equal(last(scene)->type, TIP1_WELCOME);
	assert_int_equal(last(scene)->limit, WINDOW);
	assert_int_equal(last(scene)->arg, 45000);
	submit(scene, 0, 1, "body");
	assert_int_equal(scene->n_sent, 1); /* nothing before the broker has it */
	assert_int_equal(scene->n_published, 1);
	core_delivered(scene->core, scene->published[0], true, scene->now);
	assert_int_equal(last(scene)->type, TIP1_ACK);
	assert_int_equal(last(scene)->code, TIP1_STORED);
	assert_int_equal(last(scene)->seq, 1);
	assert_int_equal(last(scene)->msg_id.bytes[0], 1);
	assert_int_equal(last(scene)->limit, WINDOW + 1);
	assert_int_equal(core_in_flight(scene->core), 0);
}

/* A list of recipients that was renewed must not wait until an adapter connects again. */
static void test_connected_adapters_are_welcomed_anew(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	hello(scene, 1);
	submit(scene, 0, 1, "body");
	size_t before = scene->n_sent;
	core_welcome(scene->core, "{\"proto\":1}");
	assert_int_equal(scene->n_sent, before + 2);
	assert_int_equal(last(scene)->type, TIP1_WELCOME);
	assert_int_equal(last(scene)->limit, WINDOW);
	assert_int_equal(last(scene)->arg, 45000);
	/* The sessions stand: the tip in flight is answered, and the next number follows. */
	core_delivered(scene->core, scene->published[0], true, scene->now);
	assert_int_equal(last(scene)->type, TIP1_ACK);
	submit(scene, 0, 2, "body");
	assert_int_equal(scene->n_published, 2);
	core_leave(scene->core);
	before = scene->n_sent;
	core_welcome(scene->core, "{}");
	assert_int_equal(scene->n_sent, before);
}

static void test_hello_comes_first(void **state)
{
	struct scene *scene = *state;
	const struct tip1 ping = { .type = TIP1_PING };
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
	say(scene, 0, &ping, slice_of("", 0));
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
	assert_int_equal(scene->n_published, 0);
}

static void test_ping_and_bye(void **state)
{
	struct scene *scene = *state;
	const struct tip1 ping = { .type = TIP1_PING, .seq = 77 }, bye = { .type = TIP1_BYE };
	hello(scene, 0);
	say(scene, 0, &ping, slice_of("", 0));
	assert_int_equal(last(scene)->type, TIP1_PONG);
	assert_int_equal(last(scene)->seq, 77);
	assert_int_equal(last(scene)->limit, WINDOW);
	say(scene, 0, &bye, slice_of("", 0));
	say(scene, 0, &ping, slice_of("", 0));
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
}

static void test_credit(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	for (uint8_t i = 1; i <= WINDOW; i++)
		submit(scene, 0, i, "body");
	assert_int_equal(scene->n_published, WINDOW);
	submit(scene, 0, 9, "body");
	assert_int_equal(last(scene)->code, TIP1_OVER_CREDIT);
	assert_int_equal(scene->n_published, WINDOW);
	core_delivered(scene->core, scene->published[0], true, scene->now);
	scene->seq[0] = WINDOW;
	submit(scene, 0, 9, "body");
	assert_int_equal(scene->n_published, WINDOW + 1);
	/* A number out of order is a disagreement too: nobody can send for ever under one number. */
	const struct tip1 head = { .type = TIP1_SUBMIT, .seq = 1, .msg_id = { { 10 } } };
	say(scene, 0, &head, slice_str("x"));
	assert_int_equal(last(scene)->code, TIP1_OVER_CREDIT);
}

static void test_freeze_and_thaw(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	scene->load = 81;
	core_tick(scene->core, scene->now);
	assert_true(core_busy(scene->core));
	core_delivered(scene->core, scene->published[0], true, scene->now);
	assert_int_equal(last(scene)->limit, WINDOW); /* frozen */
	scene->load = 0;
	core_tick(scene->core, scene->now);
	assert_int_equal(last(scene)->type, TIP1_CREDIT);
	assert_int_equal(last(scene)->limit, WINDOW + 1);
	submit(scene, 0, 2, "body");
	core_tick(scene->core, scene->now + 5001);
	assert_true(core_busy(scene->core)); /* the oldest is late */
	core_delivered(scene->core, scene->published[1], true, scene->now + 5002);
	core_tick(scene->core, scene->now + 5003);
	assert_false(core_busy(scene->core));
}

static void test_delivery_fails(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	core_delivered(scene->core, scene->published[0], false, scene->now);
	assert_int_equal(last(scene)->type, TIP1_NACK);
	assert_int_equal(last(scene)->code, TIP1_BROKER_DOWN);
	assert_int_equal(last(scene)->arg, 1000);
	submit(scene, 0, 1, "body"); /* not remembered as acknowledged */
	assert_int_equal(scene->n_published, 2);
}

static void test_publish_refused(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	scene->publish_fails = "queue-full";
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->code, TIP1_BUSY);
	scene->publish_fails = "producer-fatal";
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->code, TIP1_BROKER_DOWN);
	assert_int_equal(core_in_flight(scene->core), 0);
}

static void test_resubmitted_in_flight(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	hello(scene, 2); /* the same adapter, a new connection */
	submit(scene, 2, 1, "body");
	assert_int_equal(scene->n_published, 1); /* not published again */
	size_t before = scene->n_sent;
	core_delivered(scene->core, scene->published[0], true, scene->now);
	assert_int_equal(scene->n_sent, before + 1); /* one answer, to the newer connection */
	assert_int_equal(scene->sent_to[before].bytes[4], 2);
	assert_int_equal(last(scene)->seq, 1);
	assert_int_equal(last(scene)->code, TIP1_STORED);
}

static void test_other_bytes_in_flight(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	submit(scene, 0, 1, "sealed anew");
	assert_int_equal(last(scene)->code, TIP1_BUSY);
	core_delivered(scene->core, scene->published[0], true, scene->now);
	submit(scene, 0, 1, "sealed anew");
	assert_int_equal(scene->n_published, 2); /* dedupe decides what it is */
}

static void test_duplicate(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	hello(scene, 1);
	submit(scene, 0, 1, "body");
	core_delivered(scene->core, scene->published[0], true, scene->now);
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->type, TIP1_ACK);
	assert_int_equal(last(scene)->code, TIP1_DUPLICATE);
	assert_int_equal(scene->n_published, 1);
	submit(scene, 1, 1, "body"); /* the same id of another adapter is another tip */
	assert_int_equal(scene->n_published, 2);
	core_delivered(scene->core, scene->published[1], true, scene->now);
	for (uint8_t i = 10; i < 18; i++) { /* more than are remembered */
		submit(scene, 0, i, "body");
		core_delivered(scene->core, scene->published[scene->n_published - 1], true, scene->now);
	}
	submit(scene, 0, 1, "body");
	assert_int_equal(scene->n_published, 11);
}

static void test_bad_frames(void **state)
{
	struct scene *scene = *state;
	struct buf frame = BUF_INIT;
	hello(scene, 0);
	const struct {
		size_t flip;
		int len; /* change */
		uint16_t adapter;
		uint8_t id;
		enum tip1_code code;
	} cases[] = {
		{ 0, 0, 1, 1, TIP1_BAD_FRAME },   { 4, 0, 1, 1, TIP1_VERSION },    { 5, 0, 1, 1, TIP1_VERSION },
		{ 6, 0, 1, 1, TIP1_BAD_FRAME },   { 9, 0, 1, 1, TIP1_BAD_FRAME },  { 27, 0, 1, 1, TIP1_BAD_FRAME },
		{ 30, 0, 1, 1, TIP1_BAD_FRAME },  { 36, 0, 1, 1, TIP1_BAD_FRAME }, { 999, -1, 1, 1, TIP1_BAD_FRAME },
		{ 999, 1, 1, 1, TIP1_BAD_FRAME }, { 999, 0, 2, 1, TIP1_BAD_FRAME }, { 999, 0, 1, 2, TIP1_BAD_FRAME },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(scene, &frame, cases[i].adapter, cases[i].id, "body");
		if (cases[i].flip < frame.len)
			frame.data[cases[i].flip] ^= 1;
		buf_append_byte(&frame, 0);
		submit_bytes(scene, 0, 1, slice_of(frame.data, (size_t)((int)frame.len - 1 + cases[i].len)));
		assert_int_equal(last(scene)->type, TIP1_NACK);
		assert_int_equal(last(scene)->code, cases[i].code);
	}
	buf_clear(&frame);
	memset(buf_reserve(&frame, 9000), 0, 9000);
	frame.len = 9000;
	submit_bytes(scene, 0, 1, buf_slice(&frame));
	assert_int_equal(last(scene)->code, TIP1_TOO_LARGE);
	submit_bytes(scene, 0, 1, slice_of("", 0)); /* no payload */
	assert_int_equal(last(scene)->code, TIP1_BAD_FRAME);
	assert_int_equal(scene->n_published, 0);
	submit(scene, 0, 1, "body"); /* the session lives on */
	assert_int_equal(scene->n_published, 1);
	buf_release(&frame);
}

static void test_messages_of_any_shape(void **state)
{
	struct scene *scene = *state;
	uint8_t bytes[TIP1_HEAD] = { 'T', 'I', 'P', '1' };
	const size_t parts[] = { 0, 1, 2, 3, 1000 };
	hello(scene, 0);
	size_t before = scene->n_sent;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t len = 0; len < TIP1_HEAD; len++) {
			const struct arrival arrival = { .route = route_of(0), .user = "desk", .key = CURVE_A,
							 .parts = parts[i], .head = slice_of(bytes, len),
							 .payload = slice_of("", 0) };
			core_receive(scene->core, &arrival, scene->now);
		}
	}
	assert_int_equal(scene->n_sent, before); /* not TIP/1: counted, no answer */
	for (int type = 0; type < 256; type++) {
		bytes[4] = (uint8_t)type;
		const struct arrival arrival = { .route = route_of(0), .user = "desk", .key = CURVE_A, .parts = 1000,
						 .head = slice_of(bytes, sizeof(bytes)), .payload = slice_of("", 0) };
		core_receive(scene->core, &arrival, scene->now);
	}
	const struct arrival stranger = { .route = route_of(0), .user = "", .key = "", .parts = 1,
					  .head = slice_of(bytes, sizeof(bytes)), .payload = slice_of("", 0) };
	before = scene->n_sent;
	core_receive(scene->core, &stranger, scene->now);
	assert_int_equal(scene->n_sent, before);
	assert_int_equal(scene->n_published, 0);
}

static void test_revoked(void **state)
{
	struct scene *scene = *state;
	struct err err = ERR_INIT;
	hello(scene, 0);
	hello(scene, 1);
	write_list(scene, true);
	assert_int_equal(allow_reload(scene->allow, &err), 0);
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->code, TIP1_REVOKED);
	assert_int_equal(scene->n_published, 0);
	hello(scene, 0);
	assert_int_equal(last(scene)->code, TIP1_REVOKED);
	submit(scene, 1, 1, "body");
	assert_int_equal(scene->n_published, 1);
	write_list(scene, false);
	assert_int_equal(allow_reload(scene->allow, &err), 0);
	hello(scene, 0);
	assert_int_equal(last(scene)->type, TIP1_WELCOME);
}

static void test_a_bad_list_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct err err = ERR_INIT;
	FILE *file = fopen(scene->path, "w");
	(void)fputs("adapters: [{name: 7", file);
	(void)fclose(file);
	assert_int_equal(allow_reload(scene->allow, &err), -1);
	hello(scene, 0);
	assert_int_equal(last(scene)->type, TIP1_WELCOME);
}

static void test_leaving(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	core_leave(scene->core);
	assert_int_equal(last(scene)->type, TIP1_GOAWAY);
	assert_true(core_busy(scene->core));
	submit(scene, 0, 2, "body");
	assert_int_equal(last(scene)->code, TIP1_DRAINING);
	core_delivered(scene->core, scene->published[0], true, scene->now);
	assert_int_equal(last(scene)->type, TIP1_ACK); /* what was in flight is still answered */
	hello(scene, 2);
	assert_int_equal(last(scene)->type, TIP1_GOAWAY);
}

static void test_connection_gone(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	submit(scene, 0, 1, "body");
	scene->unreachable = true;
	core_delivered(scene->core, scene->published[0], true, scene->now);
	scene->unreachable = false;
	submit(scene, 0, 2, "body");
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
}

static void test_silence_ends_a_session(void **state)
{
	struct scene *scene = *state;
	hello(scene, 0);
	core_tick(scene->core, scene->now + 20001);
	submit(scene, 0, 1, "body");
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
}

/* Places that became free in front of a session do not hide it. */
static void test_silence_behind_free_places(void **state)
{
	struct scene *scene = *state;
	for (uint8_t number = 0; number < 3; number++)
		hello(scene, number);
	scene->now += 10000;
	submit(scene, 2, 1, "body");
	core_delivered(scene->core, scene->published[0], true, scene->now);
	core_tick(scene->core, scene->now + 10001); /* 0 and 1 have been silent too long, 2 has not */
	submit(scene, 2, 2, "body");
	assert_int_equal(scene->n_published, 2);
	core_tick(scene->core, scene->now + 20001);
	submit(scene, 2, 3, "body");
	assert_int_equal(last(scene)->code, TIP1_HELLO_FIRST);
}

static void test_all_places_taken(void **state)
{
	struct scene *scene = *state;
	uint8_t id = 1;
	for (uint8_t number = 0; number < 4; number++) {
		hello(scene, number);
		for (int i = 0; i < WINDOW; i++)
			submit(scene, number, id++, "body");
	}
	assert_int_equal(scene->n_published, 16);
	core_delivered(scene->core, scene->published[0], true, scene->now);
	submit(scene, 0, 99, "body");
	assert_int_equal(scene->n_published, 17);
	core_delivered(scene->core, scene->published[5], true, scene->now);
	core_delivered(scene->core, scene->published[16], true, scene->now);
	assert_int_equal(core_in_flight(scene->core), 14);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_welcome_then_ack_after_the_report),
		CASE(test_connected_adapters_are_welcomed_anew),
		CASE(test_hello_comes_first),
		CASE(test_ping_and_bye),
		CASE(test_credit),
		CASE(test_freeze_and_thaw),
		CASE(test_delivery_fails),
		CASE(test_publish_refused),
		CASE(test_resubmitted_in_flight),
		CASE(test_other_bytes_in_flight),
		CASE(test_duplicate),
		CASE(test_bad_frames),
		CASE(test_messages_of_any_shape),
		CASE(test_revoked),
		CASE(test_a_bad_list_changes_nothing),
		CASE(test_leaving),
		CASE(test_connection_gone),
		CASE(test_silence_ends_a_session),
		CASE(test_silence_behind_free_places),
		CASE(test_all_places_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
