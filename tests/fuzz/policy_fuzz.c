/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: whatever one says, a tip goes to a team, with a rule to show for it. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/record_sample.h"
#include "workers/route/policy.h"

static bool is_team(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len < TEAM_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static int team_holds(void *arg, const char *team, struct err *err)
{
	size_t *n = arg;

	(void)err;
	FUZZ_HOLDS(is_team(team));
	(*n)++;
	return 0;
}

static void decision_holds(const struct policy *policy, const struct record *record, struct arena *arena)
{
	struct policy_decision decision;

	policy_decide(policy, record, arena, &decision);
	FUZZ_HOLDS(decision.n_teams >= 1 && decision.n_teams <= TEAMS_MAX);
	for (size_t i = 0; i < decision.n_teams; i++)
		FUZZ_HOLDS(is_team(decision.teams[i]));
	FUZZ_HOLDS(decision.outcome < N_OUTCOMES && decision.priority < N_PRIORITIES);
	FUZZ_HOLDS(strncmp(decision.rule, policy->root.path, strlen(policy->root.path)) == 0 &&
		   strlen(decision.rule) <= POLICY_RULE_TEXT_MAX);
}

static void policy_holds(const struct policy *policy, struct arena *arena)
{
	struct record record;
	size_t n_teams = 0;
	struct err err = ERR_INIT;

	FUZZ_HOLDS(policy->root.outcome == OUTCOME_ASSESS && policy->n_rules <= POLICY_RULES_MAX);
	FUZZ_HOLDS(strcmp(policy->oversight, policy->alternate) != 0);
	FUZZ_HOLDS(policy_each_team(policy, team_holds, &n_teams, &err) == 0 && n_teams >= 1);
	sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED, 1, arena);
	decision_holds(policy, &record, arena);
	record.classification.risk = 1;
	record.body = slice_str("not JSON");
	decision_holds(policy, &record, arena);
	memset(&record, 0, sizeof(record));
	decision_holds(policy, &record, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(4096);
	struct policy *policy;
	struct err err = ERR_INIT;

	if (policy_parse(&policy, "policy.yaml", slice_of(data, size), &err) == 0) {
		fuzz_success_holds(&err);
		policy_holds(policy, arena);
		policy_free(policy);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(err.kind == ERR_CONFIG && strncmp(err.text, "policy.yaml", 11) == 0);
	}
	arena_free(arena);
	return 0;
}
