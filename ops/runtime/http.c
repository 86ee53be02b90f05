/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/runtime/address.h"
#include "ops/runtime/log.h"

#define HTTP_CONNECTIONS_MAX 32
#define HTTP_CONNECTION_MEMORY 16384 /* request line and headers must fit: a few hundred bytes do */
#define HTTP_TIMEOUT_S 10
#define HTTP_BACKLOG 16
#define HTTP_TEXT "text/plain; charset=utf-8"

struct http_server {
	struct http_hooks hooks;
	struct MHD_Daemon *daemon;
	bool loopback;
	char address[NI_MAXHOST + 8];
};

/* What one request is answered with. */
struct reply {
	unsigned status;
	const char *type;
	struct buf body;
};

static const char *const security_headers[][2] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
};

static void reply_text(struct reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = HTTP_TEXT;
	buf_printf(&reply->body, "%s\n", text);
}

static void get_metrics(const struct http_hooks *hooks, struct reply *reply)
{
	reply->status = MHD_HTTP_OK;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	if (hooks->metrics)
		metrics_write(hooks->metrics, &reply->body);
}

static void get_healthy(const struct http_hooks *hooks, struct reply *reply)
{
	(void)hooks;
	reply_text(reply, MHD_HTTP_OK, "healthy");
}

static void get_ready(const struct http_hooks *hooks, struct reply *reply)
{
	struct buf why = BUF_INIT;

	if (!hooks->ready || hooks->ready(hooks->arg, &why))
		reply_text(reply, MHD_HTTP_OK, "ready");
	else
		reply_text(reply, MHD_HTTP_SERVICE_UNAVAILABLE, why.len ? buf_text(&why) : "not ready");
	buf_release(&why);
}

static void get_status(const struct http_hooks *hooks, struct reply *reply)
{
	reply->status = MHD_HTTP_OK;
	reply->type = "application/json";
	if (hooks->status)
		hooks->status(hooks->arg, &reply->body);
	else
		buf_append_str(&reply->body, "{}");
	buf_append_byte(&reply->body, '\n');
}

static const struct route {
	const char *path;
	void (*get)(const struct http_hooks *hooks, struct reply *reply);
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

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/*
 * A page in an operator's browser can make a name of its own resolve to 127.0.0.1 and read us as its own site (DNS
 * rebinding). On loopback we answer to loopback's names alone.
 */
static bool is_foreign(const struct http_server *server, struct MHD_Connection *connection)
{
	const char *host = header(connection, MHD_HTTP_HEADER_HOST);

	return server->loopback && host && !is_loopback_name(host);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strcmp(length, "0") != 0) || header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static void decide(const struct http_server *server, struct MHD_Connection *connection, const char *path,
		   const char *method, struct reply *reply)
{
	const struct route *route = route_of(path);

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		reply_text(reply, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are all there is here");
	else if (has_body(connection))
		reply_text(reply, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
	else if (is_foreign(server, connection))
		reply_text(reply, MHD_HTTP_FORBIDDEN, "not by this name");
	else if (!route)
		reply_text(reply, MHD_HTTP_NOT_FOUND, "/metrics, /status, /-/ready and /-/healthy are all there is");
	else
		route->get(&server->hooks, reply);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct reply *reply)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	for (size_t i = 0; i < sizeof(security_headers) / sizeof(security_headers[0]); i++)
		MHD_add_response_header(response, security_headers[i][0], security_headers[i][1]);
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED || reply->status == MHD_HTTP_CONTENT_TOO_LARGE)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Called once the headers are there; answering at once means that a body is never read. */
/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd calls it so */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct reply reply = { 0, HTTP_TEXT, BUF_INIT };
	enum MHD_Result result;

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	decide(arg, connection, path, method, &reply);
	result = send_reply(connection, &reply);
	buf_release(&reply.body);
	return result;
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *fmt, va_list args)
{
	char text[256];

	(void)arg;
	if (vsnprintf(text, sizeof(text), fmt, args) > 0)
		log_event(LOG_LEVEL_DEBUG, "http.library", "detail", text, NULL);
}

static int listen_on(const struct addrinfo *info)
{
	const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	int saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, HTTP_BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int open_listener(const char *text, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *infos = NULL;
	struct address address;
	char port[8];
	int fd = -1, rc;

	if (address_read(&address, text, err) < 0)
		return -1;
	snprintf(port, sizeof(port), "%u", address.port);
	rc = getaddrinfo(address.host, port, &hints, &infos);
	if (rc != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", text, gai_strerror(rc));
	for (const struct addrinfo *info = infos; info && fd < 0; info = info->ai_next)
		fd = listen_on(info);
	if (fd < 0)
		err_errno(err, "cannot listen on %s", text);
	freeaddrinfo(infos);
	return fd;
}

static int learn_address(struct http_server *server, int fd, struct err *err)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool v6;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return err_errno(err, "cannot tell the port");
	if (getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(err, ERR_SYSTEM, NULL, "cannot tell the port");
	v6 = address.ss_family == AF_INET6;
	snprintf(server->address, sizeof(server->address), "%s%.1000s%s:%.6s", v6 ? "[" : "", host,
		 v6 ? "]" : "", port);
	server->loopback = strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
	return 0;
}

/* The listener's thread takes no signals: they shall wake the program's own. */
static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	struct MHD_Daemon *daemon;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
				  MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX,
				  MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_S,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
				  MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

int http_start(struct http_server **out, const char *address, const struct http_hooks *hooks, struct err *err)
{
	struct http_server *server;
	const int fd = open_listener(address, err);

	if (fd < 0)
		return -1;
	server = mem_alloc(sizeof(*server));
	server->hooks = *hooks;
	if (learn_address(server, fd, err) < 0)
		goto fail;
	server->daemon = start_daemon(server, fd);
	if (!server->daemon) {
		err_set(err, ERR_SYSTEM, NULL, "%s: the HTTP listener did not start", address);
		goto fail;
	}
	*out = server;
	return 0;
fail:
	close(fd);
	free(server);
	return -1;
}

const char *http_address(const struct http_server *server)
{
	return server->address;
}

void http_stop(struct http_server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon); /* joins the thread and closes the socket */
	free(server);
}
