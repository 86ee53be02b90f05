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
#include "producers/sdk/adapter_conf.h"
#include "producers/webform/site.h"

#define LEAVE_MS 5000
#define GAUGES_MS 1000
#define ALLOWED "GET, HEAD, POST"

static const struct conf_key webform_keys[] = {
	{ "form.adapter", CONF_FILE, NULL, 0, 0, NULL,
	  "the form's configuration as an adapter: gateway, keys, spool, as for tip-submit(1)" },
	{ "form.listen", CONF_ADDRESS, "127.0.0.1:8480", 0, 0, NULL,
	  "where the form is served, in plain HTTP, to the proxy or onion service in front" },
	{ "form.pages", CONF_DIR, NULL, 0, 0, NULL, "folder of the pages, style and script" },
	{ "form.organisation", CONF_STRING, NULL, 0, 0, NULL, "who takes the reports, as the pages name it" },
	{ "form.phone", CONF_STRING, NULL, 0, 0, NULL, "the hotline's number, for who would rather phone or has to" },
	{ "form.exit", CONF_STRING, "https://www.bbc.co.uk/weather", 0, 0, NULL,
	  "what \"Exit this page\" opens: a site that anyone might look at" },
	{ "form.connections", CONF_INT, "64", 4, 1000, NULL,
	  "connections served at once, of which a browser may take six; more wait. Each may hold 1 MiB of memory" },
	{ "form.threads", CONF_INT, "4", 1, 32, NULL, "reports that are written to disk at once" },
	{ "form.timeout", CONF_DURATION, "30s", 1000, 600000, NULL, "when a connection that says nothing is closed" },
	{ "http.listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL, "metrics, health and status, for operators" },
	CONF_KEYS_END
};

static const struct conf_key *const webform_tables[] = { webform_keys, NULL };

enum gauge { GAUGE_WAITING, GAUGE_CONNECTED, GAUGE_QUARANTINED, GAUGE_LIST_END, N_GAUGES };

static const struct {
	const char *name, *help;
} gauges[N_GAUGES] = {
	[GAUGE_WAITING] = { "tipline_webform_waiting", "reports in the spool that the gateway has not acknowledged" },
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

/* It becomes a link: a scheme such as javascript: must not stand there. */
static int check_exit(const struct conf *conf, struct err *err)
{
	const char *exit = conf_str(conf, "form.exit");

	if (strncmp(exit, "https://", 8) == 0 || strncmp(exit, "http://", 7) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: form.exit must begin with https:// or http://",
		       conf_where(conf, "form.exit"));
}

/* Each thread has connections of its own. */
static int check_threads(const struct conf *conf, struct err *err)
{
	const long long threads = conf_int(conf, "form.threads"), connections = conf_int(conf, "form.connections");

	if (threads <= connections)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: form.threads is %lld, more than form.connections, %lld: a thread serves "
		       "one connection or more", conf_where(conf, "form.threads"), threads, connections);
}

static int check_form(const struct conf *conf, struct err *err)
{
	return check_exit(conf, err) || check_threads(conf, err) ? -1 : 0;
}

static int check_adapter(const char *path, struct err *err)
{
	struct conf *conf;

	if (conf_load(&conf, path, adapter_conf_tables, err))
		return -1;
	int rc = adapter_conf_check(conf, err);
	conf_free(conf);
	return rc;
}

static int webform_check(const struct program_call *call, struct err *err)
{
	struct pages *pages;

	if (check_form(call->conf, err) || pages_open(&pages, conf_str(call->conf, "form.pages"), err))
		return -1;
	pages_free(pages);
	return check_adapter(conf_str(call->conf, "form.adapter"), err);
}

static bool hook_ready(void *arg, struct buf *why)
{
	const struct webform *webform = arg;

	if (tipline_ready(webform->tipline, 0) == TIPLINE_OK)
		return true;
	buf_append_str(why, tipline_error());
	return false;
}

static void hook_status(void *arg, struct buf *json)
{
	const struct webform *webform = arg;
	struct tipline_stats stats;

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
		{ "quarantined", stats.quarantined },
		{ "recipients_epoch", stats.recipients_epoch },
		{ "uptime_s", (uint64_t)(clock_mono_ms() - webform->started_ms) / 1000 },
	};
	buf_printf(json, "{\"name\":\"tipline-webform\",\"version\":\"%s\",\"ready\":%s,\"connected\":%s", TIPLINE_VERSION,
		   tipline_ready(webform->tipline, 0) == TIPLINE_OK ? "true" : "false", stats.connected ? "true" : "false");
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

	if (check_form(conf, err) || pages_open(&webform->pages, conf_str(conf, "form.pages"), err))
		return -1;
	code = tipline_open(&webform->tipline, conf_str(conf, "form.adapter"));
	if (code != TIPLINE_OK)
		return error_of(code, err);
	open_metrics(webform);
	if (open_form(webform, err))
		return -1;
	const struct http_hooks hooks = { webform->metrics, hook_ready, hook_status, webform };
	return http_start(&webform->http, conf_str(conf, "http.listen"), &hooks, err);
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

static void loop(struct webform *webform)
{
	struct pollfd wake = { .fd = signals_fd(), .events = POLLIN };

	program_notify("READY=1");
	while (!signals_stop_requested()) {
		(void)poll(&wake, 1, GAUGES_MS);
		(void)signals_reload_requested(); /* nothing is read again: a list of recipients comes from the gateway */
		set_gauges(webform);
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
		"can open neither: it looks at their shape, signs the frame, keeps it in the spool of "
		"libtipline, and only then answers that the report is kept. libtipline submits it to the gateway "
		"until that has acknowledged it. When there is no list that is valid today, the form is not "
		"shown, and people are asked to phone.\n"
		"\n"
		"A browser without JavaScript is given a plain form, which says that it is not sealed in the "
		"browser. What it sends is sealed here, before it is written anywhere, and wiped.\n"
		"\n"
		"No cookie is set, nothing is loaded from elsewhere, and nothing of a request is logged: no "
		"address, no time, no page. Let the proxy in front do the same (nginx: access_log off; error_log "
		"/dev/null crit), speak TLS, and take bodies of 2 MiB whole into its memory, never to disk, "
		"before it passes them on (client_max_body_size 2m; client_body_buffer_size 2m), so that slow "
		"clients hold its connections and not the few here. Answers may quote a plain report, at up to 3 MiB, "
		"and must not reach its disk either (proxy_max_temp_file_size 0). An onion service needs no proxy. "
		"The script needs a secure context: https, or an onion address in Tor Browser.\n"
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
	.conf_tables = webform_tables,
	.secrets = true,
	.check = webform_check,
	.run = webform_run,
};
