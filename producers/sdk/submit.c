/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/submit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "producers/sdk/submit_state.h"

#define TICK_MS 250
#define TROUBLE_MS 1000
#define PONGS_MISSED_MAX 3
#define LEAVE_MS 10000

static const char *const state_names[N_SUBMIT_STATES] = { "waiting", "greeting", "open", "leaving", "stopped" };

void submit_enter(struct submit *submit, enum submit_state state, int64_t now)
{
	atomic_store(&submit->state, (int)state);
	submit->since_ms = now;
}

static void stop_until(struct submit *submit, int64_t until_ms)
{
	wire_close(&submit->wire);
	submit->until_ms = until_ms;
	submit_enter(submit, SUBMIT_STOPPED, clock_mono_ms());
}

/* Another gateway may have the newer list: only when all were in vain is there nothing left to try. False then. */
static bool try_another(struct submit *submit)
{
	if (++submit->refusals < submit->options.n_gateways) {
		submit_restart(submit, "refused here, another gateway is tried", 0);
		return true;
	}
	submit->refusals = 0;
	return false;
}

static void stop_for_now(struct submit *submit)
{
	struct err err = ERR_INIT;

	window_clear(&submit->window);
	if (feed_rewind(&submit->feed, &err))
		submit_spool_failed(submit, &err);
	else
		stop_until(submit, clock_mono_ms() + submit->options.stopped_ms);
}

void submit_told_to_stop(struct submit *submit, uint16_t code)
{
	log_event(LOG_LEVEL_ERROR, "submit.stopped", "detail", tip1_code_find(code)->word, NULL);
	if (try_another(submit))
		return;
	stop_for_now(submit);
	atomic_store(&submit->refused_list, NULL);
	atomic_store(&submit->told_to_stop, true);
	submit->options.progress(submit->options.arg); /* whoever waits need not wait for the clock */
}

void submit_distrust(struct submit *submit, const struct err *why)
{
	const char *code = recipients_refusal(why);

	log_event(LOG_LEVEL_ERROR, "submit.recipients_refused", "gateway", submit->options.gateways[submit->endpoint],
		  "reason", code, "detail", why->text, NULL);
	if (try_another(submit))
		return;
	stop_for_now(submit);
	atomic_store(&submit->told_to_stop, false);
	atomic_store(&submit->refused_list, code);
	submit->options.progress(submit->options.arg);
}

void submit_spool_failed(struct submit *submit, const struct err *err)
{
	log_event(LOG_LEVEL_ERROR, "spool.failed", "detail", err->text, NULL);
	atomic_store(&submit->spool_broken, true);
	stop_until(submit, INT64_MAX);
}

/* Between 0 and the bound, evenly: adapters that lost one gateway together do not come back together. */
static int64_t jitter(int64_t bound)
{
	struct tip_id random;
	tip_id_random(&random);
	return (int64_t)(be64_read(random.bytes) % (uint64_t)(bound + 1));
}

static int64_t backoff(const struct submit *submit)
{
	int64_t bound = submit->options.backoff_min_ms;
	for (unsigned i = 0; i < submit->attempts && bound < submit->options.backoff_max_ms; i++)
		bound *= 2;
	if (bound > submit->options.backoff_max_ms)
		bound = submit->options.backoff_max_ms;
	return jitter(bound);
}

/* The session is over: new socket, next endpoint, everything in the spool again. */
void submit_restart(struct submit *submit, const char *why, int64_t least_ms)
{
	struct err err = ERR_INIT;
	int64_t now = clock_mono_ms();

	log_event(LOG_LEVEL_INFO, "submit.reconnect", "state", state_names[atomic_load(&submit->state)], "detail", why,
		  NULL);
	wire_close(&submit->wire);
	submit->endpoint = (submit->endpoint + 1) % submit->options.n_gateways;
	submit->until_ms = now + least_ms + backoff(submit);
	submit->attempts++;
	atomic_fetch_add(&submit->reconnects, 1);
	window_clear(&submit->window);
	submit_enter(submit, SUBMIT_WAITING, now);
	if (feed_rewind(&submit->feed, &err))
		submit_spool_failed(submit, &err);
}

/* What time brings, by state. */

static void tick_waiting(struct submit *submit, int64_t now)
{
	struct err err = ERR_INIT;
	const struct submit_options *options = &submit->options;
	struct wire_options wire = { .address = options->gateways[submit->endpoint], .curve = &options->curve,
				     .gateway_key = options->gateway_key, .queue = 2 * WINDOW_MAX };
	if (now < submit->until_ms)
		return;
	window_clear(&submit->window);
	submit->greeted = false;
	submit->blocked = true;
	submit_enter(submit, SUBMIT_GREETING, now);
	if (wire_open(&submit->wire, &wire, &err))
		submit_restart(submit, err.text, 0);
}

/* With a wrong public key the handshake fails without a word: all that is seen is that nothing more comes. */
static const char *no_welcome(const struct submit *submit)
{
	if (submit->greeted)
		return "no welcome: the gateway took the connection and is silent";
	if (submit->wire.reached)
		return "something answers at the gateway's address, but not as this gateway: the address (gateway) or the "
		       "gateway's public key (keys.gateway) may be wrong";
	return "nobody answers at the gateway's address: is the gateway up, and the address (gateway) right?";
}

static void tick_greeting(struct submit *submit, int64_t now)
{
	if (wire_refused(&submit->wire)) {
		submit_told_to_stop(submit, TIP1_REVOKED);
		return;
	}
	if (!submit->greeted && wire_connected(&submit->wire))
		submit_send_hello(submit);
	if (now - submit->since_ms >= TROUBLE_MS)
		atomic_store(&submit->trouble, no_welcome(submit)); /* whoever gives up before greet_ms hears it too */
	if (now - submit->since_ms < submit->options.greet_ms)
		return;
	submit_restart(submit, no_welcome(submit), 0);
}

static void ping(struct submit *submit, int64_t now)
{
	if (now - submit->pinged_ms < submit->welcome.ping_ms)
		return;
	submit->pinged_ms = now;
	submit->pongs_missed++;
	submit_send_head(submit, TIP1_PING);
}

static void tick_open(struct submit *submit, int64_t now)
{
	if (!wire_connected(&submit->wire))
		submit_restart(submit, "connection lost", 0);
	else if (window_age(&submit->window, now) > submit->welcome.ack_timeout_ms)
		submit_restart(submit, "acknowledgement is late", 0);
	else if (submit->pongs_missed > PONGS_MISSED_MAX)
		submit_restart(submit, "pings are not answered", 0);
	else
		ping(submit, now);
	submit_pump(submit, now);
}

static void tick_leaving(struct submit *submit, int64_t now)
{
	if (submit->window.in_flight > 0 && now - submit->since_ms < LEAVE_MS && wire_connected(&submit->wire))
		return;
	submit_send_head(submit, TIP1_BYE);
	submit_restart(submit, "the gateway is leaving", submit->leave_retry_ms);
}

/* The list may allow this adapter again by now: whoever mended it should not have to start adapters anew. */
static void tick_stopped(struct submit *submit, int64_t now)
{
	if (now >= submit->until_ms)
		submit_restart(submit, "trying again after a stop", 0);
}

static void (*const ticks[N_SUBMIT_STATES])(struct submit *, int64_t) = {
	[SUBMIT_WAITING] = tick_waiting, [SUBMIT_GREETING] = tick_greeting, [SUBMIT_OPEN] = tick_open,
	[SUBMIT_LEAVING] = tick_leaving, [SUBMIT_STOPPED] = tick_stopped,
};

/* A row that is due but has no credit, or no connection, waits for that and not for the clock. */
static long wait_ms(const struct submit *submit)
{
	int64_t now = clock_mono_ms(), due = now + TICK_MS;
	int64_t delayed = submit->blocked ? -1 : window_wake(&submit->window);
	int state = atomic_load(&submit->state);

	if ((state == SUBMIT_WAITING || state == SUBMIT_STOPPED) && submit->until_ms < due)
		due = submit->until_ms;
	if (state == SUBMIT_OPEN && delayed >= 0 && delayed < due)
		due = delayed;
	return due > now ? (long)(due - now) : 0;
}

static void wait_for_work(struct submit *submit)
{
	zmq_pollitem_t items[3] = {
		{ .fd = submit->wake, .events = ZMQ_POLLIN },
		{ .socket = submit->wire.socket, .events = (short)(ZMQ_POLLIN | (submit->blocked ? ZMQ_POLLOUT : 0)) },
		{ .socket = submit->wire.monitor, .events = ZMQ_POLLIN },
	};
	/* Only a handshake can be refused. */
	int n = submit->wire.socket == NULL ? 1 : atomic_load(&submit->state) == SUBMIT_GREETING ? 3 : 2;
	uint64_t count;

	(void)zmq_poll(items, n, wait_ms(submit));
	submit->blocked = submit->blocked && !(items[1].revents & ZMQ_POLLOUT);
	if (items[0].revents != 0 && read(submit->wake, &count, sizeof(count)) > 0)
		feed_poke(&submit->feed);
}

static void turn(struct submit *submit)
{
	struct err err = ERR_INIT;
	if (submit->wire.socket != NULL)
		submit_receive(submit);
	ticks[atomic_load(&submit->state)](submit, clock_mono_ms());
	if (submit->feed.n_finished > 0) {
		if (feed_flush(&submit->feed, &err))
			submit_spool_failed(submit, &err);
		submit->options.progress(submit->options.arg);
	}
}

static void *run(void *arg)
{
	struct submit *submit = arg;
	while (!atomic_load(&submit->stopping)) {
		wait_for_work(submit);
		turn(submit);
	}
	if (submit->wire.socket != NULL)
		submit_send_head(submit, TIP1_BYE);
	return NULL;
}

int submit_start(struct submit **out, const struct submit_options *options, struct err *err)
{
	struct submit *submit = mem_alloc(sizeof(*submit));

	submit->options = *options;
	if (wire_init(&submit->wire, err)) {
		free(submit);
		return -1;
	}
	submit->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	feed_init(&submit->feed, options->spool);
	window_clear(&submit->window);
	tip_id_random(&submit->instance);
	int rc = submit->wake < 0 ? errno : pthread_create(&submit->thread, NULL, run, submit);
	if (rc != 0) {
		errno = rc;
		rc = err_errno(err, "the submitting thread");
		wire_release(&submit->wire);
		if (submit->wake >= 0)
			close(submit->wake);
		free(submit);
		return rc;
	}
	*out = submit;
	return 0;
}

void submit_poke(struct submit *submit)
{
	const uint64_t one = 1;
	if (write(submit->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		BUG("eventfd: %s", strerror(errno));
}

void submit_stats(struct submit *submit, struct submit_stats *stats)
{
	/* Before the state: why a session ended is said after it has. */
	stats->stopped = atomic_load(&submit->told_to_stop);
	stats->refused_list = atomic_load(&submit->refused_list);
	int state = atomic_load(&submit->state);
	stats->stored = atomic_load(&submit->stored);
	stats->duplicate = atomic_load(&submit->duplicate);
	stats->refused = atomic_load(&submit->refused);
	stats->resubmitted = atomic_load(&submit->resubmitted);
	stats->reconnects = atomic_load(&submit->reconnects);
	stats->connected = state == SUBMIT_OPEN || state == SUBMIT_LEAVING;
	stats->trouble = atomic_load(&submit->trouble);
	stats->telling = atomic_load(&submit->telling);
	stats->broken = atomic_load(&submit->spool_broken);
}

void submit_stop(struct submit *submit)
{
	if (submit == NULL)
		return;
	atomic_store(&submit->stopping, true);
	submit_poke(submit);
	pthread_join(submit->thread, NULL);
	wire_release(&submit->wire);
	feed_release(&submit->feed);
	close(submit->wake);
	mem_wipe(submit, sizeof(*submit));
	free(submit);
}
