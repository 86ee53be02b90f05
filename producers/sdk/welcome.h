/* SPDX-License-Identifier: Apache-2.0 */
/*
 * welcome: what a gateway says of itself in WELCOME, checked and bounded, with defaults for what it leaves out.
 * The list of recipients is found and not judged: that is trust.h's.
 */
#ifndef TIPLINE_PRODUCERS_SDK_WELCOME_H
#define TIPLINE_PRODUCERS_SDK_WELCOME_H

#include "ops/runtime/err.h"
#include "schema/tip1.h"

struct welcome {
	size_t max_frame;
	int64_t ack_timeout_ms, ping_ms;
	struct slice recipients; /* the signed list as it came, borrowed from `json`; empty when there is none */
};

int welcome_read(struct welcome *welcome, const struct tip1 *head, struct slice json, struct err *err);

#endif
