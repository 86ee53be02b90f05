/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapter: what the programs of this room share on their way to libtipline: errors, --check, patience.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_ADAPTER_H
#define TIPLINE_PRODUCERS_BATCH_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/runtime/program.h"
#include "producers/sdk/tipline.h"

/* Turns a code of libtipline into an error with its sentence. Returns -1. */
int adapter_error(struct err *err, int code);
/* Is there still something to wait for? 0, or -1 when gateway and adapter refuse each other or the spool has failed. */
int adapter_wait_on(struct tipline *tipline, struct err *err);
/* The exit status of a run that ends while tips wait in the spool, said on standard error when waiting is in vain. */
int adapter_left_waiting(struct tipline *tipline, const char *program);
/* Waits until there is a list of recipients to seal to, but not for long; a stop ends it too. */
int adapter_ready(struct tipline *tipline, struct err *err);
int adapter_open(struct tipline **out, const struct program_call *call, struct err *err);
/* Everything the configuration names can be read. */
int adapter_check(const struct program_call *call, struct err *err);
/* A number from an option, between the bounds; the fallback when it was not given. */
int adapter_number(const struct program_call *call, const char *option, double least, double most, double *value,
		   struct err *err);

#endif
