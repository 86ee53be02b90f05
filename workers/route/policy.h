/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the tree of rules that says what happens to a tip, in the manner of Alertmanager's routing tree.
 *
 * A rule that matches asks its children in order; the first that matches decides in its place, and one with
 * `continue` lets its later siblings be asked too. Where several rules decide, all their teams get the tip, the
 * gravest outcome and the most urgent priority hold. The root matches everything and must go to a human: outcome
 * assess, team assessment. A policy whose root could archive is refused, as is an unknown key, a team's name that
 * could not be a topic's, and a rule named twice among its siblings. Errors say file:line. Immutable after loading.
 */
#ifndef TIPLINE_WORKERS_ROUTE_POLICY_H
#define TIPLINE_WORKERS_ROUTE_POLICY_H

#include "schema/record.h"
#include "workers/route/policy_match.h"

#define POLICY_DEPTH_MAX 8
#define POLICY_RULES_MAX 512
#define POLICY_NAME_MAX 48      /* of a rule */
#define POLICY_RULE_TEXT_MAX 500 /* of all paths that decided; those that do not fit are left out */
#define POLICY_FILE_MAX (1u << 20)
#define ASSESSMENT_TEAM "assessment"

struct policy_rule {
	char *name, *path, *reason; /* path: "root/risk/child" */
	struct match_set match;     /* empty: everything */
	enum outcome outcome;
	enum priority priority;
	char teams[TEAMS_MAX][TEAM_NAME_MAX];
	size_t n_teams;
	bool go_on; /* continue */
	struct policy_rule *children;
	size_t n_children;
};

struct policy {
	struct policy_rule root;
	char oversight[TEAM_NAME_MAX];  /* where conflicted tips go */
	char alternate[TEAM_NAME_MAX];  /* and where when oversight is itself conflicted; "" when nowhere */
	uint8_t hash[HASH_BYTES];       /* BLAKE2b-256 of the file */
	size_t n_rules;
};

struct policy_decision { /* strings lie in the policy or the arena */
	enum outcome outcome;
	enum priority priority;
	const char *teams[TEAMS_MAX];
	size_t n_teams;
	const char *rule;   /* paths of the rules that decided, joined by " + ", the one that set the outcome first */
	const char *reason; /* their reasons, in the same order, joined by "; " */
};

int policy_load(struct policy **out, const char *path, struct err *err) __attribute__((warn_unused_result));
/* `name` stands for the file in messages. */
int policy_parse(struct policy **out, const char *name, struct slice text, struct err *err)
	__attribute__((warn_unused_result));
void policy_free(struct policy *policy);

void policy_decide(const struct policy *policy, const struct record *record, struct arena *arena,
		   struct policy_decision *decision);

/* Every team that the policy can send to, each once, oversight and alternate too. Stops at -1. */
int policy_each_team(const struct policy *policy, int (*each)(void *arg, const char *team, struct err *err),
		     void *arg, struct err *err);

#endif
