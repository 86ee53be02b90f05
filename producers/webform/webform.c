/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads reports of the public over HTTP; writes sealed, signed frames to the spool of libtipline, which submits them to
 * the gateway; parks nothing: whoever sent what cannot be kept is told at once.
 */
#include "producers/webform/webform.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/http.h"
#include "ops/runtime/log.h"
#include "ops/runtime/signals.h"
#include "producers/webform/form_conf.h"
#include "producers/webform/site.h"

#define LEAVE_MS 5000
#define GAUGES_MS 1000
#define BUSY_AGAIN_MS 60000
#define ALLOWED "GET, HEAD, POST"

enum gauge {
	GAUGE_WAITING, GAUGE_ROOM, GAUGE_CONNECTED, GAUGE_QUARANTINED, GAUGE_LIST_END, GAUGE_CONNECTIONS, N_GAUGES
};

static const struct {
	const char *name, *help;
} gauges[N_GAUGES] = {
	[GAUGE_WAITING] = { "tipline_webform_waiting", "reports in the spool that the gateway has not acknowledged" },
	[GAUGE_ROOM] = { "tipline_webform_room", "how many more reports the spool takes (spool.max_tips)" },
	[GAUGE_CONNECTIONS] = { "tipline_webform_connections",
				"connections of browsers and proxies (form.connections at most)" },
	[GAUGE_CONNECTED] = { "tipline_webform_connected", "1 while a gateway takes reports" },
	[GAUGE_QUARANTINED] = { "tipline_webform_quarantined", "reports that the gateway refused, kept in the spool" },
	[GAUGE_LIST_END] = { "tipline_webform_recipients_end_seconds",
			     "when the list of recipients expires, in Unix time; 0 without one" },
};

struct webform {
	const struct conf *conf;
	struct pages *pages;
	struct tipline *tipline;
	struct metrics *metrics;
	struct metric *gauges[N_GAUGES];
	struct reports reports;
	struct site site;
	struct http_listener *listener;
	struct http_server *http;
	int64_t started_ms;
};

static const struct {
	int code;
	enum err_kind kind;
} kinds[] = {
	{ TIPLINE_ECONFIG, ERR_CONFIG }, { TIPLINE_EIO, ERR_SYSTEM }, { TIPLINE_ENOMEM, ERR_SYSTEM },
};

static int error_of(int code, struct err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].code == code)
			return err_set(err, kinds[i].kind, NULL, "%s", tipline_error());
	return err_set(err, ERR_BUG, NULL, "%s", tipline_error());
}

static int webform_check(const struct program_call *call, struct err *err)
{
	struct pages *pages;

	if (form_conf_check(call->conf, err) || pages_open(&pages, conf_str(call->conf, "form.pages"), err))
		return -1;
	pages_free(pages);
	return 0;
}

static bool hook_ready(void *arg, struct buf *why)
{
	const struct webform *webform = arg;

	return site_is_open(&webform->site, why);
}

static void hook_status(void *arg, struct buf *json)
{
	const struct webform *webform = arg;
	struct tipline_stats stats;
	struct buf why = BUF_INIT;

	tipline_stats(webform->tipline, &stats);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "in", stats.put },
		{ "out", stats.stored + stats.duplicate },
		{ "parked", 0 }, /* a form parks nothing */
		{ "refused", reports_total(&webform->reports, FATE_INVALID) },
		{ "unavailable", reports_total(&webform->reports, FATE_UNAVAILABLE) },
		{ "waiting", stats.waiting },
		{ "room", stats.room },
		{ "quarantined", stats.quarantined },
		{ "turned_away", reports_turned_away(&webform->reports) },
		{ "connections", http_listener_connections(webform->listener) },
		{ "recipients_epoch", stats.recipients_epoch },
		{ "uptime_s", (uint64_t)(clock_mono_ms() - webform->started_ms) / 1000 },
	};
	buf_printf(json, "{\"name\":\"tipline-webform\",\"version\":\"%s\",\"ready\":%s,\"connected\":%s", TIPLINE_VERSION,
		   site_is_open(&webform->site, &why) ? "true" : "false", stats.connected ? "true" : "false");
	buf_release(&why);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_printf(json, ",\"%s\":%llu", numbers[i].name, (unsigned long long)numbers[i].value);
	buf_append_byte(json, '}');
}

static void open_metrics(struct webform *webform)
{
	webform->metrics = metrics_new();
	reports_init(&webform->reports, webform->metrics);
	for (int i = 0; i < N_GAUGES; i++)
		webform->gauges[i] = metrics_gauge(webform->metrics, gauges[i].name, "", gauges[i].help);
}

static void set_gauges(struct webform *webform)
{
	struct tipline_stats stats;

	tipline_stats(webform->tipline, &stats);
	metric_set(webform->gauges[GAUGE_WAITING], (double)stats.waiting);
	metric_set(webform->gauges[GAUGE_ROOM], (double)stats.room);
	metric_set(webform->gauges[GAUGE_CONNECTIONS], http_listener_connections(webform->listener));
	metric_set(webform->gauges[GAUGE_CONNECTED], stats.connected);
	metric_set(webform->gauges[GAUGE_QUARANTINED], (double)stats.quarantined);
	metric_set(webform->gauges[GAUGE_LIST_END],
		   stats.recipients_until ? ((double)stats.recipients_until + 1) * 86400 : 0);
}

static int open_form(struct webform *webform, struct err *err)
{
	const struct conf *conf = webform->conf;

	webform->site = (struct site){
		.pages = webform->pages,
		.tipline = webform->tipline,
		.reports = &webform->reports,
		.organisation = conf_str(conf, "form.organisation"),
		.phone = conf_str(conf, "form.phone"),
		.exit = conf_str(conf, "form.exit"),
	};
	const struct http_listener_options options = {
		.address = conf_str(conf, "form.listen"),
		.connections = (unsigned)conf_int(conf, "form.connections"),
		.threads = (unsigned)conf_int(conf, "form.threads"),
		.timeout_s = (unsigned)(conf_int(conf, "form.timeout") / 1000),
		.headers = site_headers,
		.n_headers = site_n_headers,
		.allow = ALLOWED,
		.body_max = site_body_max,
		.answer = site_answer,
		.arg = &webform->site,
	};
	if (http_listener_start(&webform->listener, &options, err))
		return -1;
	log_event(LOG_LEVEL_INFO, "webform.listen", "address", http_listener_address(webform->listener), NULL);
	if (!http_listener_is_loopback(webform->listener))
		log_event(LOG_LEVEL_WARN, "webform.exposed", "detail", "other machines reach the form in plain HTTP", "todo",
			  "let form.listen be on 127.0.0.1, or let only the TLS proxy reach it", NULL);
	return 0;
}

static int open_all(struct webform *webform, struct err *err)
{
	const struct conf *conf = webform->conf;
	int code;

	if (form_conf_check(conf, err) || pages_open(&webform->pages, conf_str(conf, "form.pages"), err))
		return -1;
	code = tipline_open(&webform->tipline, conf_str(conf, "form.adapter"));
	if (code != TIPLINE_OK)
		return error_of(code, err);
	open_metrics(webform);
	if (open_form(webform, err))
		return -1;
	const struct http_hooks hooks = { webform->metrics, hook_ready, hook_status, webform };
	if (http_start(&webform->http, conf_str(conf, "http.listen"), &hooks, err))
		return -1;
	log_event(LOG_LEVEL_INFO, "webform.operators", "address", http_address(webform->http), NULL);
	return 0;
}

/* The public first: what is being sent is answered, and from then on nothing more comes. */
static void close_all(struct webform *webform)
{
	http_listener_stop(webform->listener);
	http_stop(webform->http);
	(void)tipline_close(webform->tipline, LEAVE_MS); /* what still waits goes out with the next run */
	metrics_free(webform->metrics);
	pages_free(webform->pages);
}

/* Whoever holds all connections keeps everybody else out: a person must know. */
static void look_at_connections(const struct webform *webform, int64_t *again_ms)
{
	const long long most = conf_int(webform->conf, "form.connections");

	if (http_listener_connections(webform->listener) < most || clock_mono_ms() < *again_ms)
		return;
	*again_ms = clock_mono_ms() + BUSY_AGAIN_MS;
	log_event(LOG_LEVEL_WARN, "webform.busy", "detail", "all connections are taken (form.connections), others wait",
		  "todo", "let the proxy in front bound the connections of one client (limit_conn), or raise it", NULL);
}

static void loop(struct webform *webform)
{
	int64_t again_ms = 0;

	struct pollfd wake = { .fd = signals_fd(), .events = POLLIN };

	program_notify("READY=1");
	while (!signals_stop_requested()) {
		(void)poll(&wake, 1, GAUGES_MS);
		(void)signals_reload_requested(); /* nothing is read again: a list of recipients comes from the gateway */
		set_gauges(webform);
		look_at_connections(webform, &again_ms);
		program_notify("WATCHDOG=1");
	}
	program_notify("STOPPING=1");
}

static int webform_run(const struct program_call *call, struct err *err)
{
	struct webform *webform = mem_alloc(sizeof(*webform));

	webform->conf = call->conf;
	webform->started_ms = clock_mono_ms();
	int rc = signals_install(err);
	if (rc == 0)
		rc = open_all(webform, err);
	if (rc == 0)
		loop(webform);
	close_all(webform);
	free(webform);
	return rc;
}

const struct program webform_program = {
	.name = "tipline-webform",
	.section = "8",
	.summary = "serve the public's form and submit what it seals",
	.synopsis = "",
	.description =
		"Serves the pages on which the public reports. The report page carries the site's signed list of "
		"recipients (tipline-recipients(5)) and the public root key; its script verifies the list, seals "
		"the report and any contact details to it in the browser, and sends two age files. This program "
		"cannot open those: it looks at their shape, signs the frame, keeps it in the spool of "
		"libtipline, and only then answers that the report is kept. libtipline submits it to the gateway "
		"until that has acknowledged it. When there is no list that is valid today, or no room in the "
		"spool, the form is not shown, and people are asked to phone: webform.unavailable in the log.\n"
		"\n"
		"A browser without JavaScript is given a plain form, which says that it is not sealed in the "
		"browser. What it sends is sealed here, before it is written anywhere, and wiped.\n"
		"\n"
		"No cookie is set, nothing is loaded from elsewhere, and nothing of a request is logged: no "
		"address, no time, no page. Let the proxy in front do the same (nginx: access_log off; error_log "
		"/dev/null crit), speak TLS, and take bodies of 2 MiB whole into its memory, never to disk, "
		"before it passes them on (client_max_body_size 2m; client_body_buffer_size 2m), so that slow "
		"clients hold its connections and not the few here. Answers may quote a plain report, at up to 3 MiB, "
		"and must not reach its disk either (proxy_max_temp_file_size 0). An onion service needs no proxy; "
		"HiddenServiceMaxStreams bounds what one visitor opens. webform.busy in the log means that all "
		"connections are taken (form.connections). The script needs a secure context: https, or an onion "
		"address in Tor Browser.\n"
		"\n"
		"Anybody may send anything. What is shaped like a tip is kept, though nobody can open it: classify "
		"parks it, as key-unknown, id-mismatch or another reason, and tipctl explain names the adapter that "
		"it came by. Where tipctl keys check misses no key, such tips are nobody's; tipctl parked discard "
		"gives them up. spool.max_tips bounds how many wait, at up to 1.1 MiB each; let the proxy bound how "
		"many come (limit_conn, limit_req).\n"
		"\n"
		"Whoever can change what this program serves can serve another script. Pages, style and script "
		"belong to root and are read once, at the start; their hashes can be compared with those of a "
		"build of the same release.\n"
		"\n"
		"The pages are files in form.pages, to be edited and translated. In them {{organisation}}, "
		"{{phone}} and {{exit}} stand for what the configuration says; report.html has the script by its "
		"hash (integrity), so that a script that was changed alone is not run.\n"
		"\n"
		"SIGTERM answers the reports that have come whole, submits for at most five seconds what waits, and ends. "
		"What the gateway refused stays in the spool's quarantine (tipline_webform_quarantined): while this program "
		"is stopped, tip-submit --config with the adapter's file, --resume and --refused, submits it again.",
	.examples = "  tipline-webform --config webform.yaml --check\n"
		    "  tipline-webform --config webform.yaml",
	.conf_tables = form_conf_tables,
	.secrets = true,
	.check = webform_check,
	.run = webform_run,
};
