/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_match: the conditions a rule of the policy can set. Each is a row of one table: its name in the file, how
 * its value is read, and what it asks of a tip. policy.yaml describes them for those who write policies.
 *
 * A condition that cannot be answered (the tip's document does not parse) does not hold, so that no rule takes a tip
 * on a guess; the tip ends in the default, with a human.
 */
#ifndef TIPLINE_WORKERS_ROUTE_POLICY_MATCH_H
#define TIPLINE_WORKERS_ROUTE_POLICY_MATCH_H

#include "ops/runtime/yaml.h"
#include "schema/record.h"
#include "workers/route/match_facts.h"

#define MATCHERS_MAX 24
#define MATCH_LIST_MAX 32

struct match_kind;

struct match_label {
	uint8_t category;
	char subcode[MATCH_WORD_MAX]; /* "": the category itself */
};

struct matcher {
	const struct match_kind *kind;
	double number;
	bool yes;
	uint32_t bits; /* of channels */
	struct match_label *labels; /* owned */
	char (*words)[MATCH_WORD_MAX]; /* owned */
	size_t n;
};

struct match_set { /* all must hold */
	struct matcher items[MATCHERS_MAX];
	size_t n;
};

/* `map` is the value of `match:`. Conditions that need the document come last: it is read only if they decide. */
int match_set_read(struct match_set *set, const struct yaml_node *map, struct err *err);
void match_set_release(struct match_set *set);
bool match_set_holds(const struct match_set *set, struct match_facts *facts);

#endif
