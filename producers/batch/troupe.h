/* SPDX-License-Identifier: Apache-2.0 */
/*
 * troupe: the members of teams that conflicted tips name, from a staff file: `team: [{forename, surname, rank, number,
 * nickname, handle}]`. Strings live until troupe_release.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_TROUPE_H
#define TIPLINE_PRODUCERS_BATCH_TROUPE_H

#include <stddef.h>

#include "ops/runtime/err.h"
#include "ops/runtime/yaml.h"
#include "schema/token.h"

#define TROUPE_MAX 256

struct member {
	const char *team;
	struct staff staff;
};

struct troupe {
	struct yaml *yaml;
	struct member members[TROUPE_MAX];
	size_t n;
};

int troupe_load(struct troupe *troupe, const char *path, struct err *err);
/* A member of the team, the `turn`-th in turn; NULL when it has none. */
const struct staff *troupe_find(const struct troupe *troupe, const char *team, size_t turn);
void troupe_release(struct troupe *troupe);

#endif
