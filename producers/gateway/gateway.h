/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: the program tipline-gateway: configuration, sockets, broker and operators' window around core.h.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_GATEWAY_H
#define TIPLINE_PRODUCERS_GATEWAY_GATEWAY_H

#include "ops/runtime/program.h"

extern const struct program gateway_program;

/* Everything the configuration names can be read. */
int gateway_check(const struct program_call *call, struct err *err);
/* Runs until SIGTERM. */
int gateway_run(const struct program_call *call, struct err *err);

#endif
