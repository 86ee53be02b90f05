/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/http.h"

#include <strings.h>

#include "ops/runtime/http_listener.h"

#define HTTP_CONNECTIONS_MAX 32
#define HTTP_TIMEOUT_S 10

struct http_server {
	struct http_hooks hooks;
	struct http_listener *listener;
};

static const char *const security_headers[][2] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
};

static void get_metrics(const struct http_hooks *hooks, struct http_reply *reply)
{
	reply->status = 200;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	if (hooks->metrics)
		metrics_write(hooks->metrics, &reply->body);
}

static void get_healthy(const struct http_hooks *hooks, struct http_reply *reply)
{
	(void)hooks;
	http_reply_text(reply, 200, "healthy");
}

static void get_ready(const struct http_hooks *hooks, struct http_reply *reply)
{
	struct buf why = BUF_INIT;

	if (!hooks->ready || hooks->ready(hooks->arg, &why))
		http_reply_text(reply, 200, "ready");
	else
		http_reply_text(reply, 503, why.len ? buf_text(&why) : "not ready");
	buf_release(&why);
}

static void get_status(const struct http_hooks *hooks, struct http_reply *reply)
{
	reply->status = 200;
	reply->type = "application/json";
	if (hooks->status)
		hooks->status(hooks->arg, &reply->body);
	else
		buf_append_str(&reply->body, "{}");
	buf_append_byte(&reply->body, '\n');
}

static const struct route {
	const char *path;
	void (*get)(const struct http_hooks *hooks, struct http_reply *reply);
} routes[] = {
	{ "/metrics", get_metrics },
	{ "/-/healthy", get_healthy },
	{ "/-/ready", get_ready },
	{ "/status", get_status },
};

static const struct route *route_of(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	}
	return NULL;
}

static bool is_loopback_name(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t n = strlen(names[i]);

		if (strncasecmp(host, names[i], n) == 0 && (host[n] == '\0' || host[n] == ':'))
			return true;
	}
	return false;
}

/*
 * A page in an operator's browser can make a name of its own resolve to 127.0.0.1 and read us as its own site (DNS
 * rebinding). On loopback we answer to loopback's names alone.
 */
static bool is_foreign(const struct http_server *server, const struct http_request *request)
{
	return http_listener_is_loopback(server->listener) && request->host && !is_loopback_name(request->host);
}

static bool is_get(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static size_t body_max(void *arg, const char *method, const char *path)
{
	(void)arg;
	(void)path;
	return is_get(method) ? 0 : HTTP_BODY_UNREAD;
}

static void answer(void *arg, const struct http_request *request, struct http_reply *reply)
{
	const struct http_server *server = arg;
	const struct route *route = route_of(request->path);

	if (!is_get(request->method))
		http_reply_text(reply, 405, "GET and HEAD are all there is here");
	else if (is_foreign(server, request))
		http_reply_text(reply, 403, "not by this name");
	else if (!route)
		http_reply_text(reply, 404, "/metrics, /status, /-/ready and /-/healthy are all there is");
	else
		route->get(&server->hooks, reply);
}

int http_start(struct http_server **out, const char *address, const struct http_hooks *hooks, struct err *err)
{
	struct http_server *server = mem_alloc(sizeof(*server));
	const struct http_listener_options options = {
		.address = address,
		.connections = HTTP_CONNECTIONS_MAX,
		.threads = 1,
		.timeout_s = HTTP_TIMEOUT_S,
		.headers = security_headers,
		.n_headers = sizeof(security_headers) / sizeof(security_headers[0]),
		.allow = "GET, HEAD",
		.body_max = body_max,
		.answer = answer,
		.arg = server,
	};

	server->hooks = *hooks;
	if (http_listener_start(&server->listener, &options, err) < 0) {
		free(server);
		return -1;
	}
	*out = server;
	return 0;
}

const char *http_address(const struct http_server *server)
{
	return http_listener_address(server->listener);
}

void http_stop(struct http_server *server)
{
	if (!server)
		return;
	http_listener_stop(server->listener);
	free(server);
}
