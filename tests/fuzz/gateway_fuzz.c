/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's side of TIP/1 against adapters that say anything, a broker that fails at will, and time that jumps.
 * The input is a list of acts, a byte each with what it needs behind it (enum act).
 */
#include <sys/mman.h>
#include <unistd.h>

#include "producers/gateway/core.h"
#include "schema/frame.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "tests/fuzz/fuzz.h"

#define CONNECTIONS 4
#define TIPS 8
#define ACTS_MAX 64
#define FLIGHTS_MAX 4
#define WINDOW 4
#define CURVE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CURVE_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum act { ACT_RAW, ACT_HELLO, ACT_SUBMIT, ACT_BAD_SUBMIT, ACT_DELIVER, ACT_TIME, ACT_WORLD, ACT_BYE, N_ACTS };

static struct {
	struct allow *allow;
	struct metrics *metrics;
	struct counts *counts;
	struct buf frames[2][TIPS]; /* of the adapters 1 and 2 */
} made;

struct scene {
	struct core *core;
	struct flight *flights[FLIGHTS_MAX];
	size_t n_flights;
	bool broker_fails, unreachable, delivered[2][TIPS];
	int load;
	uint64_t seq[CONNECTIONS], submits[CONNECTIONS], answers[CONNECTIONS];
	int64_t now;
};

static size_t connection_of(const struct route *route)
{
	FUZZ_HOLDS(route->len == 1 && route->bytes[0] < CONNECTIONS);
	return route->bytes[0];
}

/* The guarantee: what is acknowledged was taken by the broker. A SUBMIT is answered once. */
static int hook_send(void *arg, const struct route *route, const struct tip1 *head, struct slice payload)
{
	struct scene *scene = arg;
	const size_t to = connection_of(route);

	(void)payload;
	FUZZ_HOLDS(head->type >= TIP1_WELCOME && strcmp(tip1_type_name(head->type), "unknown") != 0);
	if (head->type == TIP1_ACK) {
		FUZZ_HOLDS(head->msg_id.bytes[0] < TIPS && scene->delivered[to % 2][head->msg_id.bytes[0]]);
		FUZZ_HOLDS(head->code == TIP1_STORED || head->code == TIP1_DUPLICATE);
	}
	if (head->type == TIP1_ACK || head->type == TIP1_NACK)
		FUZZ_HOLDS(++scene->answers[to] <= scene->submits[to]);
	return scene->unreachable ? -1 : 0;
}

static int hook_publish(void *arg, struct flight *flight, struct slice frame, struct err *err)
{
	struct scene *scene = arg;

	FUZZ_HOLDS(frame.len > FRAME_HEAD && scene->n_flights < FLIGHTS_MAX);
	if (scene->broker_fails)
		return err_set(err, ERR_TEMPORARY, scene->load & 1 ? "queue-full" : "fatal", "no");
	scene->flights[scene->n_flights++] = flight;
	return 0;
}

static int hook_load(void *arg)
{
	return ((struct scene *)arg)->load;
}

static void make_frames(uint16_t adapter, const uint8_t secret[FRAME_SIGN_SECRET])
{
	static const uint8_t contact[FRAME_CONTACT_BYTES];

	for (uint8_t i = 0; i < TIPS; i++) {
		/* The second half are the tips of the first half, sealed anew. */
		struct frame frame = { .tip_id = { { (uint8_t)(i % (TIPS / 2)) } }, .adapter = adapter, .day = 20000,
				       .body = slice_str(i < TIPS / 2 ? "body A" : "body B"),
				       .contact = slice_of(contact, sizeof(contact)) };

		frame_build(&made.frames[adapter - 1][i], &frame, secret);
	}
}

static void begin(void)
{
	uint8_t public_key[2][FRAME_SIGN_PUBLIC], secret[FRAME_SIGN_SECRET];
	char hex[2][2 * FRAME_SIGN_PUBLIC + 1], path[64];
	struct err err = ERR_INIT;
	int fd;

	if (made.allow)
		return;
	FUZZ_HOLDS(keys_begin(&err) == 0);
	for (uint16_t i = 0; i < 2; i++) {
		frame_sign_keypair(public_key[i], secret);
		make_frames((uint16_t)(i + 1), secret);
		hex_encode(hex[i], public_key[i], FRAME_SIGN_PUBLIC);
	}
	fd = memfd_create("adapters", MFD_CLOEXEC);
	FUZZ_HOLDS(fd >= 0);
	(void)dprintf(fd, "adapters:\n"
		      "  - { name: desk, id: 1, sign: \"%s\", curve: \"" CURVE_A "\", channels: [batch] }\n"
		      "  - { name: line, id: 2, sign: \"%s\", curve: \"" CURVE_B "\", channels: [batch] }\n", hex[0], hex[1]);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_HOLDS(allow_new(&made.allow, path, &err) == 0);
	close(fd);
	made.metrics = metrics_new();
	made.counts = counts_new(made.metrics);
	counts_adapters(made.counts, made.allow);
}

/* Even connections are desk's, odd ones line's. */
static void say(struct scene *scene, size_t connection, struct slice head, struct slice payload, size_t parts)
{
	struct arrival arrival = { .route = { .len = 1, .bytes = { (uint8_t)connection } },
				   .user = connection % 2 ? "line" : "desk", .key = connection % 2 ? CURVE_B : CURVE_A,
				   .parts = parts, .head = head, .payload = payload };

	scene->submits[connection]++;
	core_receive(scene->core, &arrival, scene->now);
}

static void say_head(struct scene *scene, size_t connection, const struct tip1 *head, struct slice payload)
{
	uint8_t bytes[TIP1_HEAD];

	tip1_encode(bytes, head);
	say(scene, connection, slice_of(bytes, sizeof(bytes)), payload, payload.len ? 2 : 1);
}

static void act_raw(struct scene *scene, size_t connection, struct slice *input)
{
	const struct slice head = fuzz_string(input), payload = fuzz_string(input);

	say(scene, connection, head, payload, fuzz_byte(input) % 4);
}

static void act_hello(struct scene *scene, size_t connection, struct slice *input)
{
	(void)input;
	scene->seq[connection] = 0;
	say_head(scene, connection, &(struct tip1){ .type = TIP1_HELLO }, slice_str("{\"proto\":1}"));
}

static void submit(struct scene *scene, size_t connection, struct slice *input, bool bad)
{
	const size_t which = fuzz_byte(input) % TIPS;
	const struct buf *frame = &made.frames[connection % 2][which];
	struct tip1 head = { .type = TIP1_SUBMIT, .seq = ++scene->seq[connection] };
	struct buf changed = BUF_INIT;

	head.msg_id.bytes[0] = (uint8_t)(which % (TIPS / 2));
	buf_append(&changed, frame->data, frame->len);
	if (bad) { /* in the frame, the number or the id */
		changed.data[fuzz_number(input, 2) % changed.len] ^= fuzz_byte(input);
		head.seq += fuzz_byte(input) % 4;
		head.msg_id.bytes[1] ^= fuzz_byte(input);
	}
	say_head(scene, connection, &head, buf_slice(&changed));
	buf_release(&changed);
}

static void act_submit(struct scene *scene, size_t connection, struct slice *input)
{
	submit(scene, connection, input, false);
}

static void act_bad_submit(struct scene *scene, size_t connection, struct slice *input)
{
	submit(scene, connection, input, true);
}

static void deliver(struct scene *scene, size_t which, bool ok)
{
	struct flight *flight = scene->flights[which];

	scene->flights[which] = scene->flights[--scene->n_flights];
	if (ok)
		scene->delivered[flight->key.adapter - 1][flight->key.tip_id.bytes[0]] = true;
	core_delivered(scene->core, flight, ok, scene->now);
}

static void act_deliver(struct scene *scene, size_t connection, struct slice *input)
{
	const uint8_t what = fuzz_byte(input);

	(void)connection;
	if (scene->n_flights > 0)
		deliver(scene, what / 2 % scene->n_flights, what % 2);
}

static void act_time(struct scene *scene, size_t connection, struct slice *input)
{
	(void)connection;
	scene->now += (int64_t)fuzz_number(input, 2);
	core_tick(scene->core, scene->now);
}

static void act_world(struct scene *scene, size_t connection, struct slice *input)
{
	const uint8_t what = fuzz_byte(input);

	(void)connection;
	scene->broker_fails = what & 1;
	scene->unreachable = what & 2;
	scene->load = what >> 2;
	if (what == 255)
		core_leave(scene->core);
}

static void act_bye(struct scene *scene, size_t connection, struct slice *input)
{
	(void)input;
	say_head(scene, connection, &(struct tip1){ .type = TIP1_BYE }, slice_of("", 0));
}

static void (*const acts[N_ACTS])(struct scene *, size_t, struct slice *) = {
	[ACT_RAW] = act_raw, [ACT_HELLO] = act_hello, [ACT_SUBMIT] = act_submit, [ACT_BAD_SUBMIT] = act_bad_submit,
	[ACT_DELIVER] = act_deliver, [ACT_TIME] = act_time, [ACT_WORLD] = act_world, [ACT_BYE] = act_bye,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	struct scene scene = { .now = 1000 };

	begin();
	scene.core = core_new(&(struct core_options){
		.hooks = { hook_send, hook_publish, hook_load, &scene }, .allow = made.allow, .counts = made.counts,
		.window = WINDOW, .max_flights = FLIGHTS_MAX, .recent = 4, .max_frame = 8192, .ack_timeout_ms = 45000,
		.retry_ms = 1000, .silence_ms = 20000, .welcome = "{}" });
	for (size_t i = 0; i < ACTS_MAX && input.len > 0; i++) {
		const uint8_t act = fuzz_byte(&input);

		acts[act % N_ACTS](&scene, act / N_ACTS % CONNECTIONS, &input);
		FUZZ_HOLDS(core_in_flight(scene.core) == scene.n_flights);
	}
	scene.broker_fails = false;
	while (scene.n_flights > 0)
		deliver(&scene, 0, true);
	FUZZ_HOLDS(core_in_flight(scene.core) == 0);
	core_free(scene.core);
	return 0;
}
