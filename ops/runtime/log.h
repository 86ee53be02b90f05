/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one logfmt line an event on standard error:
 *     level=warn event=kafka.broker_down program=tipline-classify detail="…"
 *
 * `event` is a stable name, dotted, lower case. Fields are key and value pairs; values are quoted where needed and
 * control characters are escaped, so that no input can forge a line or reach a terminal. There is no timestamp: the
 * journal stamps lines, and a receipt time beside a tip id is exactly what we must not write. Never pass tip content,
 * names of people, addresses of tipsters or exact receipt times.
 */
#ifndef TIPLINE_OPS_RUNTIME_LOG_H
#define TIPLINE_OPS_RUNTIME_LOG_H

#include "ops/runtime/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_open(const char *program, enum log_level least);
void log_set_level(enum log_level least);

/* Fields are `const char *key, const char *value` pairs, ended by NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* One field with a formatted value, the usual case: log_eventf(LOG_LEVEL_INFO, "stage.start", "detail", "%d", n). */
void log_eventf(enum log_level level, const char *event, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void log_err(enum log_level level, const char *event, const struct err *err);
/* "PROGRAM: text" for the person at a terminal, whatever the level; control characters escaped as in a field. */
void log_plain(const char *text);

#endif
