/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals: SIGTERM and SIGINT ask for an orderly stop, SIGHUP for a reload, SIGPIPE is ignored. A second SIGTERM does
 * not hurry: the stop is bounded by the program (10 s), and SIGKILL is always safe.
 *
 * signals_fd() becomes readable when either request arrives, for programs that wait in a poll of their own. It stays
 * so after a request to stop; signals_reload_requested() takes the other kind away. Nobody else reads or closes it;
 * -1 before signals_install. A stop interrupts blocking calls (EINTR). All but signals_install may be called on any
 * thread.
 */
#ifndef TIPLINE_OPS_RUNTIME_SIGNALS_H
#define TIPLINE_OPS_RUNTIME_SIGNALS_H

#include <stdbool.h>

#include "ops/runtime/err.h"

int signals_install(struct err *err);
bool signals_stop_requested(void);
bool signals_reload_requested(void); /* true once for each request */
int signals_fd(void);
void signals_request_stop(void); /* as if SIGTERM had come; async-signal-safe */

#endif
