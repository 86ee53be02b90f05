/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection: which parked records a command is about: tip ids (operands), --reason, --stage, --since and --until (days
 * on which the tip was first seen), all of which must hold, and --limit.
 */
#ifndef TIPLINE_OPS_CTL_SELECTION_H
#define TIPLINE_OPS_CTL_SELECTION_H

#include "ops/ctl/ctl.h"
#include "ops/ctl/parked.h"

#define SELECTION_TIPS_MAX 10000

struct selection {
	struct tip_id *tips; /* sorted; owned */
	size_t n_tips;
	const char *reason, *stage; /* borrowed; NULL: any */
	int64_t since, until;       /* days, both included; -1: open */
	size_t limit;               /* 0: none */
	bool *met;                  /* beside each of `tips`: a record of it was taken; owned */
};

/* ERR_USAGE names what is wrong. Release it in any case. */
int selection_read(struct selection *selection, const struct ctl *ctl, struct err *err);
/* Something narrows it down. */
bool selection_given(const struct selection *selection);
bool selection_holds(const struct selection *selection, const struct parked *parked);
/* The same, and remembers that the tip was met. */
bool selection_take(struct selection *selection, const struct parked *parked);
/* A new list of the tip ids that were given and not met, as text. */
json_t *selection_unmet(const struct selection *selection);
void selection_release(struct selection *selection);

#endif
