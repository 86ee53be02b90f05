/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster: the members of teams that conflicted tips name, from a staff file: `team: [{forename, surname, rank, number,
 * nickname, handle}]`. Strings live until roster_release.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_ROSTER_H
#define TIPLINE_PRODUCERS_BATCH_ROSTER_H

#include <stddef.h>

#include "ops/runtime/err.h"
#include "ops/runtime/yaml.h"
#include "schema/token.h"

#define ROSTER_MAX 256

struct member {
	const char *team;
	struct staff staff;
};

struct roster {
	struct yaml *yaml;
	struct member members[ROSTER_MAX];
	size_t n;
};

int roster_load(struct roster *roster, const char *path, struct err *err);
/* A member of the team, the `turn`-th in turn; NULL when it has none. */
const struct staff *roster_find(const struct roster *roster, const char *team, size_t turn);
void roster_release(struct roster *roster);

#endif
