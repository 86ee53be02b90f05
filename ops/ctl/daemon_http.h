/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_http: a daemon's /status as JSON, over libcurl. Bounded in time and size (64 KiB); no redirects, no proxy.
 */
#ifndef TIPLINE_OPS_CTL_DAEMON_HTTP_H
#define TIPLINE_OPS_CTL_DAEMON_HTTP_H

#include <jansson.h>

#include "ops/runtime/err.h"

/* A new object, or NULL with an error. */
json_t *daemon_http_status(const char *address, long timeout_ms, struct err *err);

#endif
