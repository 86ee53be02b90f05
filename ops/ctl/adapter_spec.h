/* SPDX-License-Identifier: Apache-2.0 */
/* adapter_spec: an adapter as the command line spells it, NAME:ID:CHANNEL+CHANNEL. */
#ifndef TIPLINE_OPS_CTL_ADAPTER_SPEC_H
#define TIPLINE_OPS_CTL_ADAPTER_SPEC_H

#include <stdbool.h>

#include "ops/runtime/err.h"
#include "schema/keys_make.h"

/* Splits in place; returns the number of parts, or -1 when there are too many. */
int adapter_spec_split(char *text, char at, char **parts, int max);

/*
 * Takes `text` apart; the name points into it. ERR_USAGE says what is wrong. The name itself is not looked at
 * (keys_site_check_adapters). `numbered`: the number must be there; else NAME:CHANNEL+CHANNEL leaves the id 0.
 */
int adapter_spec_read(char *text, bool numbered, struct keys_site_adapter *adapter, struct err *err);

#endif
