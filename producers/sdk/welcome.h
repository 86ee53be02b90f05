/* SPDX-License-Identifier: Apache-2.0 */
/*
 * welcome: what a gateway says of itself in WELCOME, checked and bounded, with defaults for what it leaves out.
 */
#ifndef TIPLINE_PRODUCERS_SDK_WELCOME_H
#define TIPLINE_PRODUCERS_SDK_WELCOME_H

#include <stdbool.h>

#include "ops/runtime/err.h"
#include "schema/age.h"
#include "schema/tip1.h"

struct welcome {
	size_t max_frame;
	int64_t ack_timeout_ms, ping_ms;
	bool triage_known; /* `triage` is among the recipients it names, or it names none */
};

int welcome_read(struct welcome *welcome, const struct tip1 *head, struct slice json,
		 const struct age_recipient *triage, struct err *err);

#endif
