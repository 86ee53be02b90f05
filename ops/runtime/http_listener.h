/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_listener: HTTP/1.1 on one address, on libmicrohttpd: what http (operators) and the public's web form stand on.
 *
 * Each request is answered whole by one hook. The hook of one listener may run on as many threads at once as there are;
 * what it reads must be constant, atomic or locked. While it runs, other connections of its thread wait.
 *
 * A body may be a tip. It is collected in memory that is wiped when the request ends, however it ends: answered,
 * refused, the client gone, the listener stopped. So is the body of a reply, which may quote it. A body over what
 * `body_max` allows is answered with 413 and the connection closed: at once when the client says its length (one that
 * sent Expect: 100-continue has then sent nothing), else when it ends, of which up to HTTP_SKIPPED_MAX bytes are waited
 * for and nothing is kept.
 *
 * No address and no path is logged. `timeout_s` is for a connection on which nothing moves; request line and headers
 * must fit 16 KiB. A request that is not HTTP is answered by the library, without `headers`.
 */
#ifndef TIPLINE_OPS_RUNTIME_HTTP_LISTENER_H
#define TIPLINE_OPS_RUNTIME_HTTP_LISTENER_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define HTTP_TEXT "text/plain; charset=utf-8"

/* Of body_max: this is answered whatever the body is, which is not read; then the connection is closed. For a 405. */
#define HTTP_BODY_UNREAD SIZE_MAX
#define HTTP_SKIPPED_MAX ((size_t)1 << 20)

struct http_request {
	const char *method, *path; /* without the query; %XX decoded */
	const char *type;          /* Content-Type, or NULL */
	const char *host;          /* Host, or NULL */
	const char *fetch_site;    /* Sec-Fetch-Site, or NULL */
	struct slice body;
};

/* Zeroed but for what the hook sets. Strings must live as long as the listener, and `location` be printable ASCII. */
struct http_reply {
	unsigned status;
	const char *type;     /* NULL: no Content-Type */
	const char *location; /* NULL: no Location */
	struct buf body;      /* the listener releases it; left out of the answer to HEAD */
};

/* The strings are static, but `address`, which is read during http_listener_start alone. */
struct http_listener_options {
	const char *address;
	unsigned connections, threads; /* at least 1, and not more threads than connections */
	unsigned timeout_s;
	const char *const (*headers)[2]; /* name and value, on every reply of the hook's and ours */
	size_t n_headers;
	const char *allow; /* what a 405 says in Allow */
	/* The longest body that is read. 0: a request with a body is answered with 413. NULL: always 0. */
	size_t (*body_max)(void *arg, const char *method, const char *path);
	void (*answer)(void *arg, const struct http_request *request, struct http_reply *reply);
	void *arg;
};

struct http_listener;

/* *out is set before the first request is answered, so that `answer` may ask it; NULL after a failure. */
int http_listener_start(struct http_listener **out, const struct http_listener_options *options, struct err *err)
	__attribute__((warn_unused_result));
/* "host:port", with the port that was bound when 0 was asked for. */
const char *http_listener_address(const struct http_listener *listener);
bool http_listener_is_loopback(const struct http_listener *listener);
unsigned http_listener_connections(const struct http_listener *listener); /* that are open now */
/*
 * Takes no more connections, lets hooks that run end and what they answer go out, for at most two seconds, and closes
 * the rest. NULL is allowed.
 */
void http_listener_stop(struct http_listener *listener);

/* A line of text as the reply. */
void http_reply_text(struct http_reply *reply, unsigned status, const char *text);

#endif
