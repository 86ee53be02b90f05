/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_http: a daemon's /status as JSON, over libcurl. Bounded in time and size (64 KiB); no redirects, no proxy.
 */
#ifndef TIPLINE_OPS_CTL_DAEMON_HTTP_H
#define TIPLINE_OPS_CTL_DAEMON_HTTP_H

#include <jansson.h>

#include "ops/runtime/err.h"

struct daemon_request {
	const char *address; /* "": nobody is asked */
	json_t *status;      /* owned by the caller; an object, or NULL when `why` says why not */
	struct err why;
};

/* A new object, or NULL with an error. */
json_t *daemon_http_status(const char *address, long timeout_ms, struct err *err);

/*
 * Asks all at once, so that none waits for another; over in `timeout_ms` at the latest. Sets `status` or `why` of each.
 * 1: one of the `n_watch` descriptors became readable first, and what had not answered by then was given up; else 0.
 */
int daemon_http_all(struct daemon_request *requests, size_t n, long timeout_ms, const int *watch, size_t n_watch);

#endif
