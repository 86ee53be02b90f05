/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parked_act: putting parked records back, once each (desk.h), for whoever does it without an operator's command line.
 */
#ifndef TIPLINE_OPS_CTL_PARKED_ACT_H
#define TIPLINE_OPS_CTL_PARKED_ACT_H

#include "ops/ctl/ctl.h"

/* All that are open with this reason and stage, in the name of `by`. `n`: how many were. The broker is open. */
int parked_put_back(struct ctl *ctl, const char *reason, const char *stage, const char *by, size_t *n,
		    struct err *err);

#endif
