/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads SUBMITs of adapters over TIP/1; writes tip.sealed; parks nothing: what it refuses stays with the adapter.
 */
#include "producers/gateway/gateway.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/file_watch.h"
#include "ops/runtime/http.h"
#include "ops/runtime/kafka.h"
#include "ops/runtime/log.h"
#include "ops/runtime/signals.h"
#include "producers/gateway/announce.h"
#include "producers/gateway/core.h"
#include "producers/gateway/endpoint.h"
#include "producers/gateway/publisher.h"
#include "producers/gateway/status.h"
#include "schema/fingerprint.h"
#include "schema/frame.h"
#include "schema/keys.h"

#define TICK_MS 200
#define WATCH_MS 1000
#define LEAVE_MS 10000
#define SILENCE_PINGS 10
#define MESSAGES_A_TURN 256

_Static_assert(FRAME_MAX == 1054820, "the default of max_frame follows FRAME_MAX");

static const struct conf_key gateway_keys[] = {
	{ "listen", CONF_ADDRESS, NULL, 0, 0, NULL, "where adapters connect" },
	{ "keys.curve", CONF_SECRET, NULL, 0, 0, NULL, "the gateway's transport key pair" },
	{ "keys.adapters", CONF_FILE, NULL, 0, 0, NULL, "allow-list of adapters; read again when it changes" },
	{ "http.listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL, "metrics, health and status" },
	{ "window", CONF_INT, "128", 1, 200, NULL, "tips an adapter may send ahead of answers" },
	{ "max_frame", CONF_SIZE, "1054820", 16384, FRAME_MAX, NULL, "largest frame in bytes" },
	{ "ack_timeout", CONF_DURATION, "45s", 1000, 600000, NULL, "when adapters stop waiting for an answer" },
	{ "ping", CONF_DURATION, "2s", 100, 60000, NULL, "how often adapters ask whether the gateway lives" },
	{ "retry", CONF_DURATION, "1s", 10, 60000, NULL, "when adapters try a tip again that was sent back" },
	{ "recent", CONF_INT, "65536", 1, 16777216, NULL, "acknowledged tips remembered to recognise repeats" },
	{ "publish.queue", CONF_INT, "8192", 16, 1000000, NULL, "tips that may wait for the broker" },
	{ "publish.linger", CONF_DURATION, "0ms", 0, 1000, NULL,
	  "how long to wait for more to send along; what comes while the broker answers goes together anyway" },
	{ "publish.timeout", CONF_DURATION, "30s", 1000, 600000, NULL, "when a tip is sent back; before ack_timeout" },
	CONF_KEYS_END
};

static const struct conf_key *const gateway_tables[] = { gateway_keys, announce_keys, kafka_conf_keys, NULL };

struct gateway {
	const struct conf *conf;
	struct allow *allow;
	struct metrics *metrics;
	struct counts *counts;
	struct core *core;
	struct endpoint endpoint;
	struct publisher publisher;
	struct status status;
	struct http_server *http;
	struct announce announce;
	int wake;
	struct file_watch watched[2]; /* the list of adapters, the list of recipients */
	int64_t watched_ms;
};

static int hook_send(void *arg, const struct route *route, const struct tip1 *head, struct slice payload)
{
	struct gateway *gateway = arg;
	return endpoint_send(&gateway->endpoint, route, head, payload);
}

static int hook_publish(void *arg, struct flight *flight, struct slice frame, struct err *err)
{
	struct gateway *gateway = arg;
	return publisher_publish(&gateway->publisher, flight, frame, err);
}

static int hook_load(void *arg)
{
	struct gateway *gateway = arg;
	return publisher_load(&gateway->publisher);
}

static int open_core(struct gateway *gateway, struct err *err)
{
	const struct conf *conf = gateway->conf;

	gateway->metrics = metrics_new();
	gateway->counts = counts_new(gateway->metrics);
	counts_adapters(gateway->counts, gateway->allow);
	if (announce_load(&gateway->announce, conf, err))
		return -1;
	announce_look(&gateway->announce, gateway->counts);
	struct core_options options = {
		.hooks = { hook_send, hook_publish, hook_load, gateway },
		.allow = gateway->allow,
		.counts = gateway->counts,
		.window = (size_t)conf_int(conf, "window"),
		.max_flights = (size_t)conf_int(conf, "publish.queue"),
		.recent = (size_t)conf_int(conf, "recent"),
		.max_frame = (size_t)conf_int(conf, "max_frame"),
		.ack_timeout_ms = (int)conf_int(conf, "ack_timeout"),
		.retry_ms = (int)conf_int(conf, "retry"),
		.silence_ms = SILENCE_PINGS * (int)conf_int(conf, "ping"),
		.welcome = buf_text(&gateway->announce.welcome),
	};
	tip_id_random(&options.boot);
	gateway->core = core_new(&options);
	gateway->publisher.core = gateway->core;
	gateway->publisher.counts = gateway->counts;
	return 0;
}

static int open_endpoint(struct gateway *gateway, struct err *err)
{
	struct curve_pair curve;
	struct endpoint_options options = { .listen = conf_str(gateway->conf, "listen"), .curve = &curve,
					    .allow = gateway->allow, .counts = gateway->counts,
					    .max_frame = (size_t)conf_int(gateway->conf, "max_frame") };
	char address[300];

	if (keys_load_curve(&curve, conf_str(gateway->conf, "keys.curve"), err))
		return -1;
	int rc = endpoint_open(&gateway->endpoint, &options, err);
	mem_wipe(&curve, sizeof(curve));
	if (rc == 0) {
		endpoint_address(&gateway->endpoint, address, sizeof(address));
		log_event(LOG_LEVEL_INFO, "gateway.listen", "address", address, NULL);
	}
	return rc;
}

static void add_name(void *arg, const char *name)
{
	struct buf *names = arg;

	buf_append_str(names, names->len > 0 ? "," : "");
	buf_append_json(names, name, strlen(name));
}

static void add_adapter(void *arg, const struct adapter *adapter)
{
	adapter_names(adapter, add_name, arg);
}

/* Whoever rotates a key waits until /status names it. */
static void name_keys(struct gateway *gateway, bool current)
{
	char name[FINGERPRINT_NAME];
	struct buf names = BUF_INIT;

	fingerprint_name(name, "triage", slice_of(gateway->announce.list.to.triage.key, AGE_KEY_BYTES));
	add_name(&names, name);
	allow_each(gateway->allow, add_adapter, &names);
	status_keys(&gateway->status, current, &names);
}

static int open_http(struct gateway *gateway, struct err *err)
{
	status_init(&gateway->status, gateway->core, gateway->counts, &gateway->publisher.refusal);
	name_keys(gateway, true);
	const struct http_hooks hooks = { gateway->metrics, status_ready, status_write, &gateway->status };
	return http_start(&gateway->http, conf_str(gateway->conf, "http.listen"), &hooks, err);
}

static int check_timeouts(const struct conf *conf, struct err *err)
{
	if (conf_int(conf, "publish.timeout") < conf_int(conf, "ack_timeout"))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: publish.timeout (%lld ms) must be less than ack_timeout (%lld ms), or "
		       "adapters send again too early: lower the first or raise the second",
		       conf_where(conf, "publish.timeout"), (long long)conf_int(conf, "publish.timeout"),
		       (long long)conf_int(conf, "ack_timeout"));
}

static int open_all(struct gateway *gateway, struct err *err)
{
	/* Before they are read: a change in between is seen at the next look. */
	file_watch_begin(&gateway->watched[0], conf_str(gateway->conf, "keys.adapters"));
	file_watch_begin(&gateway->watched[1], conf_str(gateway->conf, "keys.recipients"));
	gateway->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gateway->wake < 0)
		return err_errno(err, "eventfd");
	if (check_timeouts(gateway->conf, err) || keys_begin(err) ||
	    allow_new(&gateway->allow, conf_str(gateway->conf, "keys.adapters"), err) || open_core(gateway, err) ||
	    publisher_open(&gateway->publisher, gateway->conf, gateway->wake, err) || open_endpoint(gateway, err) ||
	    open_http(gateway, err))
		return -1;
	return 0;
}

static void close_all(struct gateway *gateway)
{
	http_stop(gateway->http);
	status_release(&gateway->status);
	for (size_t i = 0; i < 2; i++)
		file_watch_end(&gateway->watched[i]);
	publisher_close(&gateway->publisher); /* reports what is left to core, which still answers adapters */
	endpoint_close(&gateway->endpoint);
	core_free(gateway->core);
	counts_free(gateway->counts);
	metrics_free(gateway->metrics);
	allow_free(gateway->allow);
	announce_release(&gateway->announce);
	if (gateway->wake >= 0)
		close(gateway->wake);
}

/* Once a second. A file that is put in place by a rename is taken up without a signal. */
static bool files_changed(struct gateway *gateway)
{
	int64_t now = clock_mono_ms();
	bool changed = false;

	if (now - gateway->watched_ms < WATCH_MS)
		return false;
	gateway->watched_ms = now;
	for (size_t i = 0; i < 2; i++)
		changed = file_watch_changed(&gateway->watched[i]) || changed;
	return changed;
}

static bool is_taken_up(int result, struct err *err)
{
	if (result == 0)
		return true;
	log_err(LOG_LEVEL_ERROR, "gateway.reload_failed", err);
	err_clear(err);
	return false;
}

/*
 * A file that cannot be read leaves in force what it said before: an editing slip must not stop intake. Nor must it
 * hold back what the other file says, an adapter revoked or recipients renewed.
 */
static void reload(struct gateway *gateway)
{
	struct err err = ERR_INIT;
	const bool allowed = is_taken_up(allow_reload(gateway->allow, &err), &err);
	const bool announced = is_taken_up(announce_load(&gateway->announce, gateway->conf, &err), &err);

	if (allowed)
		counts_adapters(gateway->counts, gateway->allow);
	if (announced)
		core_welcome(gateway->core, buf_text(&gateway->announce.welcome));
	name_keys(gateway, allowed && announced && announce_is_current(&gateway->announce));
	if (allowed && announced)
		log_event(LOG_LEVEL_INFO, "gateway.reloaded", NULL);
}

static int serve(struct gateway *gateway, struct err *err)
{
	struct arrival arrival;
	int64_t now = clock_mono_ms();

	for (int i = 0; i < MESSAGES_A_TURN && endpoint_receive(&gateway->endpoint, &arrival); i++)
		core_receive(gateway->core, &arrival, now);
	return publisher_serve(&gateway->publisher, err);
}

static void wait_for_work(struct gateway *gateway)
{
	uint64_t count;
	zmq_pollitem_t items[] = {
		{ .socket = gateway->endpoint.socket, .events = ZMQ_POLLIN },
		{ .fd = gateway->wake, .events = ZMQ_POLLIN },
		{ .fd = signals_fd(), .events = ZMQ_POLLIN },
	};
	(void)zmq_poll(items, 3, TICK_MS);
	if (items[1].revents != 0)
		while (read(gateway->wake, &count, sizeof(count)) > 0)
			;
}

static int turn(struct gateway *gateway, struct err *err)
{
	wait_for_work(gateway);

	const bool changed = files_changed(gateway), asked = signals_reload_requested();

	if (changed || asked || announce_due(&gateway->announce))
		reload(gateway);
	if (serve(gateway, err))
		return -1;
	core_tick(gateway->core, clock_mono_ms());
	announce_look(&gateway->announce, gateway->counts);
	return 0;
}

/* New SUBMITs are sent back; those in flight get their answer, for at most ten seconds. */
static int leave(struct gateway *gateway, struct err *err)
{
	int64_t until = clock_mono_ms() + LEAVE_MS;

	program_notify("STOPPING=1");
	core_leave(gateway->core);
	while (core_in_flight(gateway->core) > 0 && clock_mono_ms() < until)
		if (turn(gateway, err))
			return -1;
	return 0;
}

static int loop(struct gateway *gateway, struct err *err)
{
	program_notify("READY=1");
	while (!signals_stop_requested())
		if (turn(gateway, err))
			return -1;
	return leave(gateway, err);
}

int gateway_run(const struct program_call *call, struct err *err)
{
	struct gateway *gateway = mem_alloc(sizeof(*gateway));

	gateway->conf = call->conf;
	gateway->wake = -1;
	int rc = signals_install(err);
	if (rc == 0)
		rc = open_all(gateway, err);
	if (rc == 0)
		rc = loop(gateway, err);
	close_all(gateway);
	free(gateway);
	return rc;
}

int gateway_check(const struct program_call *call, struct err *err)
{
	struct allow *allow;
	struct curve_pair curve;
	struct announce announce = { .welcome = BUF_INIT };

	if (check_timeouts(call->conf, err) || keys_begin(err) ||
	    allow_new(&allow, conf_str(call->conf, "keys.adapters"), err))
		return -1;
	allow_free(allow);
	int rc = announce_load(&announce, call->conf, err);
	if (rc == 0)
		announce_look(&announce, NULL);
	announce_release(&announce);
	if (rc == 0)
		rc = keys_load_curve(&curve, conf_str(call->conf, "keys.curve"), err);
	mem_wipe(&curve, sizeof(curve));
	return rc;
}

const struct program gateway_program = {
	.name = "tipline-gateway",
	.section = "8",
	.summary = "take sealed tips from adapters and publish them",
	.synopsis = "",
	.description =
		"Adapters connect over ZeroMQ with CURVE and are known by their transport key alone, which must "
		"stand in the allow-list. Each tip's signature is checked; the tip is published to tip.sealed and "
		"acknowledged when the broker has reported that it is kept, never before. An adapter keeps a tip "
		"until then.\n"
		"\n"
		"The gateway holds no key that opens a tip. It writes no log line and no metric that ties a tip to "
		"an adapter, an address or a time.\n"
		"\n"
		"It hands adapters the site's signed list of recipients (tipline-recipients(5)), which it cannot change: each "
		"adapter asks whether the site's root key signed it. Of a list that has expired or soon will it warns, in its "
		"log at the start, at each reload and each day, and by tipline_gateway_recipients_end_seconds. One that is put "
		"in place before its first day is taken up on that day; until then the one before it is handed out, and the "
		"log says so (gateway.recipients_kept).\n"
		"\n"
		"The allow-list and the list of recipients are looked at once a second, and read again when one changed or "
		"on SIGHUP: an adapter that was taken off or marked revoked is refused with its next message, and connected "
		"adapters are handed the list at once. Its messages and its attempts to connect again, like those of any "
		"key that is not on the list, are counted in tipline_gateway_revoked_total (\"revoked\" in /status) and said "
		"in the log: gateway.revoked once for each connection that stood, gateway.not_admitted at most once a "
		"minute.\n"
		"\n"
		"SIGTERM sends adapters away, waits at most ten seconds for what is in flight, and ends.",
	.examples = "  tipline-gateway --config gateway.yaml --check\n"
		    "  tipline-gateway --config gateway.yaml",
	.conf_tables = gateway_tables,
	.secrets = true,
	.check = gateway_check,
	.run = gateway_run,
};
