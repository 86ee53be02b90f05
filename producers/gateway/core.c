/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/core.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "producers/gateway/recent.h"
#include "producers/gateway/sessions.h"
#include "schema/frame.h"
#include "schema/reason.h"

#define FREEZE_LOAD 80
#define FREEZE_AGE_MS 5000
#define SKEW_DAYS 2

struct core {
	struct core_options options;
	struct sessions sessions;
	struct flights flights;
	struct recent recent;
	bool leaving;
	atomic_bool busy;
};

/* One message on its way through the checks. */
struct inquiry {
	const struct arrival *arrival;
	struct tip1 head;
	struct adapter adapter;
	struct session *session; /* NULL before HELLO */
	int64_t now;
};

struct core *core_new(const struct core_options *options)
{
	struct core *core = mem_alloc(sizeof(*core));
	core->options = *options;
	sessions_init(&core->sessions, options->window);
	flights_init(&core->flights, options->max_flights);
	recent_init(&core->recent, options->recent);
	return core;
}

void core_free(struct core *core)
{
	if (core == NULL)
		return;
	flights_release(&core->flights);
	recent_release(&core->recent);
	free(core);
}

static void send_to(struct core *core, const struct route *route, const struct tip1 *head, struct slice payload)
{
	const struct core_hooks *hooks = &core->options.hooks;
	if (hooks->send(hooks->arg, route, head, payload) == 0)
		return;
	counts_plain(core->options.counts, PLAIN_UNREACHABLE);
	struct session *session = sessions_find(&core->sessions, route);
	if (session != NULL)
		sessions_close(&core->sessions, session);
}

static void nack(struct core *core, const struct inquiry *inquiry, enum tip1_code code)
{
	struct tip1 head = { .type = TIP1_NACK, .code = (uint16_t)code, .seq = inquiry->head.seq,
			     .msg_id = inquiry->head.msg_id,
			     .limit = inquiry->session != NULL ? inquiry->session->limit : 0 };
	if (tip1_code_find(head.code)->action == TIP1_RETRY)
		head.arg = (uint32_t)core->options.retry_ms;
	send_to(core, &inquiry->arrival->route, &head, slice_of("", 0));
}

/* The end of a SUBMIT without publishing. */
static void send_back(struct core *core, const struct inquiry *inquiry, enum tip1_code code)
{
	bool retry = tip1_code_find((uint16_t)code)->action == TIP1_RETRY;

	log_eventf(LOG_LEVEL_DEBUG, "gateway.nack", "reason", "%s", tip1_code_find((uint16_t)code)->word);
	counts_add(core->options.counts, inquiry->adapter.id, retry ? COUNT_RETRY : COUNT_REFUSED);
	sessions_answered(&core->sessions, inquiry->session);
	nack(core, inquiry, code);
}

static void acknowledge(struct core *core, const struct route *route, const struct tip1 *head)
{
	struct session *session = sessions_find(&core->sessions, route);
	struct tip1 ack = *head;

	if (session == NULL)
		return; /* it went; it will ask again */
	sessions_answered(&core->sessions, session);
	ack.limit = session->limit;
	send_to(core, route, &ack, slice_of("", 0));
}

static void send_welcome(struct core *core, const struct route *route, uint64_t limit)
{
	const struct tip1 head = { .type = TIP1_WELCOME, .msg_id = core->options.boot, .limit = limit,
				   .arg = (uint32_t)core->options.ack_timeout_ms };

	send_to(core, route, &head, slice_str(core->options.welcome));
}

static void on_hello(struct core *core, struct inquiry *inquiry)
{
	if (core->leaving) {
		const struct tip1 head = { .type = TIP1_GOAWAY, .arg = (uint32_t)core->options.retry_ms };
		send_to(core, &inquiry->arrival->route, &head, slice_of("", 0));
		return;
	}
	if (inquiry->arrival->payload.len > TIP1_PAYLOAD_JSON_MAX) {
		nack(core, inquiry, TIP1_BAD_FRAME);
		return;
	}
	inquiry->session =
		sessions_open(&core->sessions, &inquiry->arrival->route, inquiry->adapter.id, inquiry->now);
	if (inquiry->session == NULL) {
		nack(core, inquiry, TIP1_BUSY);
		return;
	}
	send_welcome(core, &inquiry->arrival->route, inquiry->session->limit);
}

static void on_ping(struct core *core, struct inquiry *inquiry)
{
	struct tip1 head = { .type = TIP1_PONG, .seq = inquiry->head.seq, .msg_id = inquiry->head.msg_id,
			     .limit = inquiry->session->limit };
	send_to(core, &inquiry->arrival->route, &head, slice_of("", 0));
}

static void on_bye(struct core *core, struct inquiry *inquiry)
{
	sessions_close(&core->sessions, inquiry->session);
}

/* What the frame itself says. Returns 0 or the code that refuses it. */
static enum tip1_code check_frame(const struct core *core, const struct inquiry *inquiry, struct frame *frame)
{
	struct err err = ERR_INIT;

	if (inquiry->arrival->parts != 2)
		return TIP1_BAD_FRAME;
	if (inquiry->arrival->payload.len > core->options.max_frame)
		return TIP1_TOO_LARGE;
	if (frame_parse(frame, inquiry->arrival->payload, &err))
		return err.reason == REASON_FRAME_VERSION ? TIP1_VERSION : TIP1_BAD_FRAME;
	if (!tip_id_equal(&frame->tip_id, &inquiry->head.msg_id) || frame->adapter != inquiry->adapter.id)
		return TIP1_BAD_FRAME;
	return TIP1_STORED;
}

static void take_over(struct core *core, const struct inquiry *inquiry, struct flight *flight)
{
	/* Its older SUBMIT will not be answered. On the same connection that would be credit lost. */
	if (route_equal(&flight->route, &inquiry->arrival->route))
		sessions_answered(&core->sessions, inquiry->session);
	flight->route = inquiry->arrival->route;
	flight->seq = inquiry->head.seq;
	counts_add(core->options.counts, inquiry->adapter.id, COUNT_REDIRECTED);
}

static void publish(struct core *core, const struct inquiry *inquiry, const struct frame *frame,
		    const struct flight *like)
{
	const struct core_hooks *hooks = &core->options.hooks;
	struct err err = ERR_INIT;
	struct flight *flight;

	if (adapter_verify(&inquiry->adapter, frame, &err)) {
		send_back(core, inquiry, TIP1_BAD_FRAME);
		return;
	}
	flight = flights_add(&core->flights, &like->key, inquiry->now);
	if (flight == NULL) {
		send_back(core, inquiry, TIP1_BUSY);
		return;
	}
	memcpy(flight->digest, like->digest, sizeof(flight->digest));
	flight->route = inquiry->arrival->route;
	flight->seq = inquiry->head.seq;
	uint32_t day = clock_day();
	if (frame->day > day + SKEW_DAYS || frame->day + SKEW_DAYS < day)
		counts_add(core->options.counts, inquiry->adapter.id, COUNT_SKEWED);
	if (hooks->publish(hooks->arg, flight, inquiry->arrival->payload, &err)) {
		flights_remove(&core->flights, flight);
		bool full = err.reason != NULL && strcmp(err.reason, "queue-full") == 0;
		send_back(core, inquiry, full ? TIP1_BUSY : TIP1_BROKER_DOWN);
	}
}

static void submit_frame(struct core *core, const struct inquiry *inquiry)
{
	struct frame frame;
	struct flight like = { .key = { inquiry->adapter.id, inquiry->head.msg_id } };
	enum tip1_code code = check_frame(core, inquiry, &frame);

	if (code != TIP1_STORED) {
		send_back(core, inquiry, code);
		return;
	}
	digest_hash(like.digest, inquiry->arrival->payload);
	struct flight *flight = flights_find(&core->flights, &like.key);
	if (flight != NULL && memcmp(flight->digest, like.digest, sizeof(like.digest)) == 0) {
		take_over(core, inquiry, flight);
	} else if (flight != NULL) {
		send_back(core, inquiry, TIP1_BUSY); /* sealed anew: after the one in flight */
	} else if (recent_holds(&core->recent, &like.key, like.digest)) {
		counts_add(core->options.counts, inquiry->adapter.id, COUNT_DUPLICATE);
		struct tip1 ack = { .type = TIP1_ACK, .code = TIP1_DUPLICATE, .seq = inquiry->head.seq,
				    .msg_id = inquiry->head.msg_id };
		acknowledge(core, &inquiry->arrival->route, &ack);
	} else {
		publish(core, inquiry, &frame, &like);
	}
}

static void on_submit(struct core *core, struct inquiry *inquiry)
{
	struct session *session = inquiry->session;

	counts_add(core->options.counts, inquiry->adapter.id, COUNT_SUBMITTED);
	if (inquiry->head.seq != session->last_seq + 1 || inquiry->head.seq > session->limit) {
		nack(core, inquiry, TIP1_OVER_CREDIT);
		return;
	}
	session->last_seq++;
	if (core->leaving)
		send_back(core, inquiry, TIP1_DRAINING);
	else
		submit_frame(core, inquiry);
}

static const struct {
	uint8_t type;
	bool needs_session;
	void (*handle)(struct core *, struct inquiry *);
} table[] = {
	{ TIP1_SUBMIT, true, on_submit },
	{ TIP1_PING, true, on_ping },
	{ TIP1_HELLO, false, on_hello },
	{ TIP1_BYE, true, on_bye },
};

static void dispatch(struct core *core, struct inquiry *inquiry)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].type != inquiry->head.type)
			continue;
		if (table[i].needs_session && inquiry->session == NULL)
			nack(core, inquiry, TIP1_HELLO_FIRST);
		else
			table[i].handle(core, inquiry);
		return;
	}
	counts_plain(core->options.counts, PLAIN_MALFORMED);
	nack(core, inquiry, TIP1_VERSION);
}

static void refuse_revoked(struct core *core, struct inquiry *inquiry)
{
	counts_plain(core->options.counts, PLAIN_REVOKED);
	nack(core, inquiry, TIP1_REVOKED);
	if (inquiry->session == NULL)
		return;
	log_event(LOG_LEVEL_WARN, "gateway.revoked", "adapter", inquiry->arrival->user, "detail",
		  "an adapter that is not on the list any more was sent away", NULL);
	/* The NACK may have found nobody and closed it. */
	struct session *session = sessions_find(&core->sessions, &inquiry->arrival->route);
	if (session != NULL)
		sessions_close(&core->sessions, session);
}

void core_receive(struct core *core, const struct arrival *arrival, int64_t now_ms)
{
	struct inquiry inquiry = { .arrival = arrival, .now = now_ms };

	if (arrival->route_cut || arrival->user[0] == '\0') {
		bool malformed = arrival->route_cut || arrival->parts == 0;
		counts_plain(core->options.counts, malformed ? PLAIN_MALFORMED : PLAIN_UNAUTHENTICATED);
		return;
	}
	if (tip1_decode(&inquiry.head, arrival->head)) {
		counts_plain(core->options.counts, PLAIN_MALFORMED);
		return;
	}
	inquiry.session = sessions_find(&core->sessions, &arrival->route);
	if (!allow_by_name(core->options.allow, arrival->user, arrival->key, &inquiry.adapter)) {
		refuse_revoked(core, &inquiry);
		return;
	}
	/* A list read again may have given the same key another number. */
	if (inquiry.session != NULL && inquiry.session->adapter != inquiry.adapter.id) {
		sessions_close(&core->sessions, inquiry.session);
		inquiry.session = NULL;
	}
	if (inquiry.session != NULL)
		inquiry.session->seen_ms = now_ms;
	dispatch(core, &inquiry);
}

void core_delivered(struct core *core, struct flight *flight, bool ok, int64_t now_ms)
{
	struct tip1 head = { .type = TIP1_ACK, .code = TIP1_STORED, .seq = flight->seq,
			     .msg_id = flight->key.tip_id };

	if (ok) {
		recent_add(&core->recent, &flight->key, flight->digest);
		counts_latency(core->options.counts, (double)(now_ms - flight->since_ms) / 1000.0);
	} else {
		head.type = TIP1_NACK;
		head.code = TIP1_BROKER_DOWN;
		head.arg = (uint32_t)core->options.retry_ms;
	}
	counts_add(core->options.counts, flight->key.adapter, ok ? COUNT_STORED : COUNT_RETRY);
	acknowledge(core, &flight->route, &head);
	flights_remove(&core->flights, flight);
}

static void freeze_or_thaw(struct core *core, int64_t now_ms)
{
	int64_t age = flights_age(&core->flights, now_ms);
	int load = core->options.hooks.load(core->options.hooks.arg);
	bool frozen = load > FREEZE_LOAD || age > FREEZE_AGE_MS;

	if (frozen != core->sessions.frozen)
		log_event(frozen ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, frozen ? "gateway.frozen" : "gateway.thawed",
			  "detail", frozen ? "the broker is behind: no new credit" : "credit is given again", NULL);
	core->sessions.frozen = frozen;
	atomic_store(&core->busy, frozen || core->leaving);
	counts_gauge(core->options.counts, GAUGE_FROZEN, frozen);
	counts_gauge(core->options.counts, GAUGE_OLDEST, (double)age / 1000.0);
	counts_gauge(core->options.counts, GAUGE_IN_FLIGHT, (double)core->flights.n);
	counts_gauge(core->options.counts, GAUGE_SESSIONS, (double)core->sessions.n);
}

void core_tick(struct core *core, int64_t now_ms)
{
	size_t left = core->sessions.n; /* this runs at each turn, and nearly all places are free */

	freeze_or_thaw(core, now_ms);
	for (size_t i = 0; i < SESSIONS_MAX && left > 0; i++) {
		struct session *session = &core->sessions.items[i];
		if (!session->used)
			continue;
		left--;
		if (now_ms - session->seen_ms > core->options.silence_ms) {
			sessions_close(&core->sessions, session);
		} else if (sessions_grant(&core->sessions, session)) {
			struct tip1 head = { .type = TIP1_CREDIT, .limit = session->limit };
			send_to(core, &session->route, &head, slice_of("", 0));
		}
	}
}

void core_leave(struct core *core)
{
	const struct tip1 head = { .type = TIP1_GOAWAY, .arg = (uint32_t)core->options.retry_ms };

	core->leaving = true;
	atomic_store(&core->busy, true);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (core->sessions.items[i].used)
			send_to(core, &core->sessions.items[i].route, &head, slice_of("", 0));
}

void core_welcome(struct core *core, const char *welcome)
{
	core->options.welcome = welcome;
	for (size_t i = 0; i < SESSIONS_MAX && !core->leaving; i++)
		if (core->sessions.items[i].used)
			send_welcome(core, &core->sessions.items[i].route, core->sessions.items[i].limit);
}

size_t core_in_flight(const struct core *core)
{
	return core->flights.n;
}

bool core_busy(const struct core *core)
{
	return atomic_load(&core->busy);
}
