/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_rotate: one function a kind of key. Each goes on from where an interrupted one ended, and adds to `out` what it
 * did: {"key","epoch","state","fingerprint"} rows. `name` is a team's or adapter's, "" else.
 */
#ifndef TIPLINE_OPS_CTL_KEYS_ROTATE_H
#define TIPLINE_OPS_CTL_KEYS_ROTATE_H

#include "ops/ctl/key_move.h"

int keys_rotate_bus(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);
int keys_rotate_triage(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);
int keys_rotate_linkage(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);
int keys_rotate_team(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);
int keys_rotate_adapter(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);

/* Ends the overlap of an adapter's former keys; ends the adapter. */
int keys_retire_adapter(struct key_site *site, const char *name, struct err *err);
int keys_revoke_adapter(struct key_site *site, const char *name, struct err *err);

/* The programs that hold bus keys, NULL ended. */
struct bus_holder {
	const char *stage, *program;
	bool seals, derived; /* writes records; has the key of case.routed alone */
};
extern const struct bus_holder bus_holders[];

#endif
