/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/policy.h"

/* The gravest first: where several rules decide, the one that protects most sets the outcome. */
static const int gravity[N_OUTCOMES] = {
	[OUTCOME_SAFEGUARD] = 4, [OUTCOME_INVESTIGATE] = 3, [OUTCOME_ASSESS] = 2, [OUTCOME_REFER] = 1,
	[OUTCOME_RECORD] = 0,
};

struct decider {
	struct match_facts facts;
	const struct policy_rule *rules[POLICY_RULES_MAX]; /* those that decided, the gravest first */
	size_t n_rules;
};

static void add_rule(struct decider *decider, const struct policy_rule *rule)
{
	size_t at = decider->n_rules++;

	if (at > 0 && gravity[rule->outcome] > gravity[decider->rules[0]->outcome]) {
		memmove(&decider->rules[1], &decider->rules[0], at * sizeof(decider->rules[0]));
		at = 0;
	}
	decider->rules[at] = rule;
}

static bool ask(struct decider *decider, const struct policy_rule *rule)
{
	bool any = false;

	if (!match_set_holds(&rule->match, &decider->facts))
		return false;
	for (size_t i = 0; i < rule->n_children; i++) {
		if (!ask(decider, &rule->children[i]))
			continue;
		any = true;
		if (!rule->children[i].go_on)
			break;
	}
	if (!any)
		add_rule(decider, rule);
	return true;
}

static void add_team(struct policy_decision *decision, const char *team)
{
	for (size_t i = 0; i < decision->n_teams; i++)
		if (strcmp(decision->teams[i], team) == 0)
			return;
	if (decision->n_teams < TEAMS_MAX)
		decision->teams[decision->n_teams++] = team;
}

static bool said_before(const struct decider *decider, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(decider->rules[i]->reason, decider->rules[at]->reason) == 0)
			return true;
	return false;
}

static void explain(const struct decider *decider, struct arena *arena, struct policy_decision *decision)
{
	struct buf rule = BUF_INIT, reason = BUF_INIT;

	for (size_t i = 0; i < decider->n_rules; i++) {
		if (rule.len + strlen(decider->rules[i]->path) < POLICY_RULE_TEXT_MAX) {
			buf_append_str(&rule, i ? " + " : "");
			buf_append_str(&rule, decider->rules[i]->path);
		}
		if (said_before(decider, i))
			continue;
		buf_append_str(&reason, i ? " " : ""); /* each is a sentence */
		buf_append_str(&reason, decider->rules[i]->reason);
	}
	decision->rule = arena_str(arena, buf_text(&rule), rule.len);
	decision->reason = arena_str(arena, buf_text(&reason), reason.len);
	buf_release(&rule);
	buf_release(&reason);
}

void policy_decide(const struct policy *policy, const struct record *record, struct arena *arena,
		   struct policy_decision *decision)
{
	struct decider decider = { .n_rules = 0 };

	match_facts_init(&decider.facts, record);
	ask(&decider, &policy->root);
	*decision = (struct policy_decision){ .outcome = decider.rules[0]->outcome,
					      .priority = decider.rules[0]->priority };
	for (size_t i = 0; i < decider.n_rules; i++) {
		const struct policy_rule *rule = decider.rules[i];

		if (rule->priority < decision->priority)
			decision->priority = rule->priority;
		for (size_t j = 0; j < rule->n_teams; j++)
			add_team(decision, rule->teams[j]);
	}
	explain(&decider, arena, decision);
}

struct team_walk {
	int (*each)(void *arg, const char *team, struct err *err);
	void *arg;
	const struct policy *policy;
};

/* Whether a rule before `until`, in the order of the walk, names the team already. `*met` is set at `until`. */
static bool named_before(const struct policy_rule *rule, const char *team, const char *until, bool *met)
{
	for (size_t i = 0; i < rule->n_teams && !*met; i++) {
		if (rule->teams[i] == until)
			*met = true;
		else if (strcmp(rule->teams[i], team) == 0)
			return true;
	}
	for (size_t i = 0; i < rule->n_children && !*met; i++)
		if (named_before(&rule->children[i], team, until, met))
			return true;
	return false;
}

static int walk_team(const struct team_walk *walk, const char *team, struct err *err)
{
	bool met = false;

	if (named_before(&walk->policy->root, team, team, &met))
		return 0;
	return walk->each(walk->arg, team, err);
}

static int walk_rule(const struct team_walk *walk, const struct policy_rule *rule, struct err *err)
{
	for (size_t i = 0; i < rule->n_teams; i++)
		if (walk_team(walk, rule->teams[i], err) < 0)
			return -1;
	for (size_t i = 0; i < rule->n_children; i++)
		if (walk_rule(walk, &rule->children[i], err) < 0)
			return -1;
	return 0;
}

int policy_each_team(const struct policy *policy, int (*each)(void *arg, const char *team, struct err *err),
		     void *arg, struct err *err)
{
	const struct team_walk walk = { each, arg, policy };

	if (walk_rule(&walk, &policy->root, err) < 0 || walk_team(&walk, policy->oversight, err) < 0)
		return -1;
	return policy->alternate[0] ? walk_team(&walk, policy->alternate, err) : 0;
}
