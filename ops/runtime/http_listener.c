/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/http_listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/runtime/address.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"

#define STOP_MS 2000 /* what is being answered is seen to its end for so long; it takes some ms */
#define HTTP_CONNECTION_MEMORY 16384 /* request line and headers must fit: a few hundred bytes do */

struct http_listener {
	struct http_listener_options options;
	struct MHD_Daemon *daemon;
	bool loopback;
	pthread_mutex_t lock; /* of the next two */
	pthread_cond_t quiet; /* on the monotonic clock: answering is 0 */
	unsigned answering;   /* requests whose hook was called and whose reply is not out yet */
	char address[NI_MAXHOST + 8];
};

/* A request whose headers are read, until it is over. */
struct pending {
	size_t max, len; /* len: of all that came, kept or not */
	bool answered;   /* counted in `answering` */
	struct buf body;
};

void http_reply_text(struct http_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = HTTP_TEXT;
	buf_printf(&reply->body, "%s\n", text);
}

static void release_body(void *arg)
{
	struct buf *body = arg;

	buf_release(body);
	free(body);
}

/* Takes the body, which the library reads from where it is and lets us wipe at the end. */
static struct MHD_Response *response_of(struct http_reply *reply)
{
	struct buf *body = mem_alloc(sizeof(*body));
	struct MHD_Response *response;

	*body = reply->body;
	reply->body = (struct buf)BUF_INIT;
	response = MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->data, release_body, body);
	if (!response)
		release_body(body);
	return response;
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
	return !value || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(const struct http_listener_options *options, const struct http_reply *reply, bool closes,
			struct MHD_Response *response)
{
	const bool not_allowed = reply->status == MHD_HTTP_METHOD_NOT_ALLOWED;
	bool ok = add(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type) &&
		  add(response, MHD_HTTP_HEADER_LOCATION, reply->location) &&
		  add(response, MHD_HTTP_HEADER_ALLOW, not_allowed ? options->allow : NULL) &&
		  add(response, MHD_HTTP_HEADER_CONNECTION, closes ? "close" : NULL);

	for (size_t i = 0; ok && i < options->n_headers; i++)
		ok = add(response, options->headers[i][0], options->headers[i][1]);
	return ok;
}

/* Without all its headers a reply is not safe to send: the connection is closed instead (MHD_NO). */
static enum MHD_Result send_reply(const struct http_listener *listener, struct MHD_Connection *connection,
				  struct http_reply *reply, bool closes)
{
	struct MHD_Response *response = response_of(reply);
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (add_headers(&listener->options, reply, closes, response))
		result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(const struct http_listener *listener, struct MHD_Connection *connection, unsigned status,
			      const char *text)
{
	struct http_reply reply = { 0, NULL, NULL, BUF_INIT };

	http_reply_text(&reply, status, text);
	return send_reply(listener, connection, &reply, true);
}

static enum MHD_Result refuse_length(const struct http_listener *listener, struct MHD_Connection *connection,
				     size_t max)
{
	char text[80];

	if (max == 0)
		return refuse(listener, connection, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
	snprintf(text, sizeof(text), "a request's body has at most %zu bytes here", max);
	return refuse(listener, connection, MHD_HTTP_CONTENT_TOO_LARGE, text);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer(const struct http_listener *listener, struct MHD_Connection *connection,
			      struct http_request *request, bool closes)
{
	struct http_reply reply = { 0, NULL, NULL, BUF_INIT };

	request->type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	request->host = header(connection, MHD_HTTP_HEADER_HOST);
	request->fetch_site = header(connection, "Sec-Fetch-Site");
	listener->options.answer(listener->options.arg, request, &reply);
	if (reply.status == 0)
		BUG("no answer to %s %s", request->method, request->path);
	return send_reply(listener, connection, &reply, closes);
}

/* Content-Length, which the library has seen to be a number. */
static bool is_longer(const char *length, size_t max)
{
	const unsigned long long n = length ? strtoull(length, NULL, 10) : 0;

	return n > max;
}

/* What says where a request ends. */
struct framing {
	unsigned lengths, codings;
	const char *coding;
	bool odd; /* a name with a space, which others may read as without */
};

static enum MHD_Result look(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = arg;

	(void)kind;
	framing->odd |= strpbrk(name, " \t") != NULL;
	framing->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		framing->codings++;
		framing->coding = value;
	}
	return MHD_YES;
}

/* A proxy and we could disagree where such a request ends, and the next begins (RFC 9112, 5.1, 6.1 and 6.3). */
static bool is_ambiguous(struct MHD_Connection *connection)
{
	struct framing framing = { 0, 0, NULL, false };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &framing);
	if (framing.odd || framing.lengths + framing.codings > 1)
		return true;
	return framing.codings && (!framing.coding || strcasecmp(framing.coding, "chunked") != 0);
}

/* The headers are there. After what is answered now a body may come, which nobody reads: the connection is closed. */
static enum MHD_Result begin(const struct http_listener *listener, struct MHD_Connection *connection,
			     struct http_request *request, void **state)
{
	const struct http_listener_options *options = &listener->options;
	const size_t max = options->body_max ? options->body_max(options->arg, request->method, request->path) : 0;
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *coding = header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	struct pending *pending;

	if (max == HTTP_BODY_UNREAD)
		return answer(listener, connection, request, true);
	if (is_longer(length, max) || (coding && max == 0))
		return refuse_length(listener, connection, max);
	if (is_ambiguous(connection))
		return refuse(listener, connection, MHD_HTTP_BAD_REQUEST,
			      "a body has one Content-Length or is chunked here");
	pending = mem_alloc(sizeof(*pending));
	pending->max = max;
	*state = pending;
	return MHD_YES;
}

/*
 * Copies what came and wipes it where it was: the library's buffer, which is not constant and whose bytes are ours once
 * *len says that we took them. The library takes no answer before the end of the body, so one too long is passed over.
 */
static enum MHD_Result collect(struct pending *pending, const char *upload, size_t *len)
{
	if (*len > pending->max + HTTP_SKIPPED_MAX - pending->len)
		return MHD_NO;
	pending->len += *len;
	if (pending->len <= pending->max)
		buf_append(&pending->body, upload, *len);
	else
		buf_release(&pending->body);
	mem_wipe((void *)(uintptr_t)upload, *len); /* NOLINT(performance-no-int-to-ptr): takes the const away */
	*len = 0;
	return MHD_YES;
}

static void count_answering(struct http_listener *listener, int change)
{
	pthread_mutex_lock(&listener->lock);
	listener->answering += (unsigned)change;
	if (listener->answering == 0)
		pthread_cond_broadcast(&listener->quiet);
	pthread_mutex_unlock(&listener->lock);
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd calls it so */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct http_listener *listener = arg;
	struct http_request request = { .method = method, .path = path };
	struct pending *pending = *state;

	(void)version;
	if (!pending)
		return begin(listener, connection, &request, state);
	if (*upload_len)
		return collect(pending, upload, upload_len);
	if (pending->len > pending->max)
		return refuse_length(listener, connection, pending->max);
	request.body = buf_slice(&pending->body);
	pending->answered = true;
	count_answering(listener, 1);
	return answer(listener, connection, &request, false);
}

/* Each request that began ends here, in whatever way. */
static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct pending *pending = *state;

	(void)connection;
	(void)why;
	if (!pending)
		return;
	if (pending->answered)
		count_answering(arg, -1);
	buf_release(&pending->body);
	free(pending);
	*state = NULL;
}

/* The sentence alone: what the library would put into it may be the path that somebody asked for. */
__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *fmt, va_list args)
{
	(void)arg;
	(void)args;
	log_event(LOG_LEVEL_DEBUG, "http.library", "detail", fmt, NULL);
}

static int listen_on(const struct addrinfo *info, unsigned connections)
{
	const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	int saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, (int)connections) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int open_socket(const struct http_listener_options *options, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	const char *text = options->address;
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
		fd = listen_on(info, options->connections);
	if (fd < 0)
		err_errno(err, "cannot listen on %s", text);
	freeaddrinfo(infos);
	return fd;
}

static int learn_address(struct http_listener *listener, int fd, struct err *err)
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
	snprintf(listener->address, sizeof(listener->address), "%s%.1000s%s:%.6s", v6 ? "[" : "", host,
		 v6 ? "]" : "", port);
	listener->loopback = strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
	return 0;
}

/*
 * The listener's threads take no signals: they shall wake the program's own. With poll, for with epoll the library
 * (0.9.75) misses a client's end that comes together with its last bytes, and keeps both until the time-out.
 */
static struct MHD_Daemon *start_daemon(struct http_listener *listener, int fd)
{
	const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	const struct http_listener_options *options = &listener->options;
	struct MHD_Daemon *daemon;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, listener,
				  MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				  MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, options->connections,
				  MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_s,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
				  options->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
				  options->threads, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static struct http_listener *listener_new(const struct http_listener_options *options)
{
	struct http_listener *listener = mem_alloc(sizeof(*listener));
	pthread_condattr_t attributes;

	listener->options = *options;
	listener->options.address = NULL;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&listener->quiet, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&listener->lock, NULL);
	return listener;
}

static void listener_free(struct http_listener *listener)
{
	pthread_cond_destroy(&listener->quiet);
	pthread_mutex_destroy(&listener->lock);
	free(listener);
}

int http_listener_start(struct http_listener **out, const struct http_listener_options *options, struct err *err)
{
	struct http_listener *listener;
	int fd;

	*out = NULL;
	if (options->threads < 1 || options->threads > options->connections)
		BUG("%u threads for %u connections", options->threads, options->connections);
	fd = open_socket(options, err);
	if (fd < 0)
		return -1;
	listener = listener_new(options);
	if (learn_address(listener, fd, err) < 0)
		goto fail;
	*out = listener;
	listener->daemon = start_daemon(listener, fd);
	if (!listener->daemon) {
		err_set(err, ERR_SYSTEM, NULL, "%s: the HTTP listener did not start", options->address);
		goto fail;
	}
	return 0;
fail:
	*out = NULL;
	close(fd);
	listener_free(listener);
	return -1;
}

const char *http_listener_address(const struct http_listener *listener)
{
	return listener->address;
}

unsigned http_listener_connections(const struct http_listener *listener)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

bool http_listener_is_loopback(const struct http_listener *listener)
{
	return listener->loopback;
}

/* Stopping the library drops replies that are not out yet: whoever was to hear "kept" would hear nothing. */
static void finish_answers(struct http_listener *listener)
{
	const int64_t until = clock_mono_ns() + STOP_MS * INT64_C(1000000);
	const struct timespec at = { .tv_sec = until / 1000000000, .tv_nsec = (long)(until % 1000000000) };

	pthread_mutex_lock(&listener->lock);
	while (listener->answering > 0 && pthread_cond_timedwait(&listener->quiet, &listener->lock, &at) == 0)
		;
	pthread_mutex_unlock(&listener->lock);
}

void http_listener_stop(struct http_listener *listener)
{
	int fd;

	if (!listener)
		return;
	fd = MHD_quiesce_daemon(listener->daemon); /* the socket is ours again, but a thread may still poll it */
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR); /* nobody new is let in */
	finish_answers(listener);
	MHD_stop_daemon(listener->daemon); /* joins the threads */
	if (fd >= 0)
		close(fd);
	listener_free(listener);
}
