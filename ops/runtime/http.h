/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: the operators' window into a daemon, an http_listener with one thread, on loopback by default:
 *   GET /metrics     Prometheus text
 *   GET /-/healthy   200 while the process can answer
 *   GET /-/ready     200 when the program makes progress, else 503 with the reason as text
 *   GET /status      JSON: what the program says of itself; never tip content
 * Anything else is 404, other methods 405. The hooks run on the listener's thread: what they read must be atomic or
 * locked. http_address tells the port that was bound when 0 was asked for.
 */
#ifndef TIPLINE_OPS_RUNTIME_HTTP_H
#define TIPLINE_OPS_RUNTIME_HTTP_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "ops/runtime/metrics.h"

struct http_hooks {
	const struct metrics *metrics;
	bool (*ready)(void *arg, struct buf *why);    /* appends a reason when false */
	void (*status)(void *arg, struct buf *json);  /* appends one JSON object */
	void *arg;
};

struct http_server;

int http_start(struct http_server **out, const char *address, const struct http_hooks *hooks, struct err *err)
	__attribute__((warn_unused_result));
const char *http_address(const struct http_server *server);
void http_stop(struct http_server *server); /* NULL is allowed */

#endif
