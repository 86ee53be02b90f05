/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/policy.h"

#include "ops/runtime/file.h"
#include "ops/runtime/nearest.h"
#include "schema/digest.h"

struct loader {
	struct policy *policy;
	struct err *err;
};

static const char *const rule_keys[] = { "name",     "match",	 "outcome", "team",   "teams",
					 "priority", "reason",	 "continue", "routes", NULL };
static const char *const file_keys[] = { "conflict", "policy", NULL };
static const char *const conflict_keys[] = { "team", "alternate", NULL };

static int read_rule(struct loader *loader, struct policy_rule *rule, const struct policy_rule *parent,
		     const struct yaml_node *node, int depth);

/* A team's name becomes part of a topic's and of a file's. */
static int read_team(char team[TEAM_NAME_MAX], const struct yaml_node *node, struct err *err)
{
	const char *text = yaml_scalar(node);
	size_t len = text ? strlen(text) : 0;

	if (len == 0 || len >= TEAM_NAME_MAX || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return yaml_error(node, err, "a team's name is 1 to %d of a-z, 0-9 and '-'", TEAM_NAME_MAX - 1);
	memcpy(team, text, len + 1);
	return 0;
}

static int read_teams(struct loader *loader, struct policy_rule *rule, const struct yaml_node *map)
{
	const struct yaml_node *one = yaml_get(map, "team"), *many = yaml_get(map, "teams");

	if (one && many)
		return yaml_error(many, loader->err, "either 'team' or 'teams', not both");
	if (one) {
		rule->n_teams = 1;
		return read_team(rule->teams[0], one, loader->err);
	}
	if (!many)
		return 0;
	if (yaml_kind(many) != YAML_LIST || yaml_count(many) == 0 || yaml_count(many) > TEAMS_MAX)
		return yaml_error(many, loader->err, "a list of 1 to %d teams is wanted here", TEAMS_MAX);
	rule->n_teams = yaml_count(many);
	for (size_t i = 0; i < rule->n_teams; i++)
		if (read_team(rule->teams[i], yaml_at(many, i), loader->err) < 0)
			return -1;
	return 0;
}

/* An index into a table of names; -1 with an error. */
static int read_name(const struct yaml_node *node, const char *const *names, size_t n, const char *what,
		     struct err *err)
{
	const char *text = yaml_scalar(node);
	int at = text ? taxonomy_find(names, n, text, strlen(text)) : -1;
	char hint[NEAREST_HINT_MAX];

	if (at >= 0)
		return at;
	nearest_hint(hint, text ? text : "", names, n);
	return yaml_error(node, err, "'%s' is not %s%s", text ? text : "", what, hint);
}

/* Outcome, priority, teams and reason, which children inherit. */
static int read_answer(struct loader *loader, struct policy_rule *rule, const struct yaml_node *map)
{
	const struct yaml_node *outcome = yaml_get(map, "outcome"), *priority = yaml_get(map, "priority");
	const struct yaml_node *reason = yaml_get(map, "reason");
	int at;

	if (outcome) {
		at = read_name(outcome, outcome_names, N_OUTCOMES, "an outcome", loader->err);
		if (at < 0)
			return -1;
		rule->outcome = (enum outcome)at;
	}
	if (priority) {
		at = read_name(priority, priority_names, N_PRIORITIES, "a priority", loader->err);
		if (at < 0)
			return -1;
		rule->priority = (enum priority)at;
	}
	if (reason) {
		if (!yaml_scalar(reason) || !*yaml_scalar(reason))
			return yaml_error(reason, loader->err, "a sentence is wanted here");
		free(rule->reason);
		rule->reason = mem_strdup(yaml_scalar(reason));
	}
	return read_teams(loader, rule, map);
}

static int read_path(struct loader *loader, struct policy_rule *rule, const struct policy_rule *parent,
		     const struct yaml_node *map)
{
	const struct yaml_node *node = yaml_get(map, "name");
	const char *text = node ? yaml_scalar(node) : NULL;
	struct buf path = BUF_INIT;

	if (!text || !*text || strlen(text) > POLICY_NAME_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text))
		return yaml_error(node ? node : map, loader->err, "a rule needs a name: 1 to %d of a-z, 0-9 and '-'",
				  POLICY_NAME_MAX);
	if (parent)
		buf_printf(&path, "%s/", parent->path);
	buf_append_str(&path, text);
	rule->name = mem_strdup(text);
	rule->path = mem_strdup(buf_text(&path));
	buf_release(&path);
	return 0;
}

static int read_match(struct loader *loader, struct policy_rule *rule, const struct policy_rule *parent,
		      const struct yaml_node *map)
{
	const struct yaml_node *match = yaml_get(map, "match"), *go_on = yaml_get(map, "continue");

	if (!parent && (match || go_on))
		return yaml_error(match ? match : go_on, loader->err,
				  "the root takes every tip: no 'match', no 'continue'");
	if (parent && !match)
		return yaml_error(map, loader->err, "a rule below the root needs 'match'");
	if (match && match_set_read(&rule->match, match, loader->err) < 0)
		return -1;
	return go_on ? yaml_bool(go_on, &rule->go_on, loader->err) : 0;
}

static int check_siblings(struct loader *loader, const struct policy_rule *rule, const struct yaml_node *list)
{
	for (size_t i = 0; i < rule->n_children; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(rule->children[i].name, rule->children[j].name) == 0)
				return yaml_error(yaml_at(list, i), loader->err, "a second rule named '%s' here",
						  rule->children[i].name);
	return 0;
}

static int read_children(struct loader *loader, struct policy_rule *rule, const struct yaml_node *list, int depth)
{
	if (yaml_kind(list) != YAML_LIST)
		return yaml_error(list, loader->err, "a list of rules is wanted here");
	if (depth >= POLICY_DEPTH_MAX || loader->policy->n_rules + yaml_count(list) > POLICY_RULES_MAX)
		return yaml_error(list, loader->err, "more than %d rules, or deeper than %d", POLICY_RULES_MAX,
				  POLICY_DEPTH_MAX);
	rule->children = mem_alloc(yaml_count(list) * sizeof(*rule->children) + 1);
	for (size_t i = 0; i < yaml_count(list); i++)
		if (read_rule(loader, &rule->children[rule->n_children++], rule, yaml_at(list, i), depth + 1) < 0)
			return -1;
	return check_siblings(loader, rule, list);
}

static int read_rule(struct loader *loader, struct policy_rule *rule, const struct policy_rule *parent,
		     const struct yaml_node *node, int depth)
{
	const struct yaml_node *routes;

	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, loader->err, "a rule is wanted here");
	if (yaml_only_keys(node, rule_keys, loader->err) < 0)
		return -1;
	loader->policy->n_rules++;
	if (parent) {
		rule->outcome = parent->outcome;
		rule->priority = parent->priority;
		rule->reason = mem_strdup(parent->reason);
		memcpy(rule->teams, parent->teams, sizeof(rule->teams));
		rule->n_teams = parent->n_teams;
	}
	if (read_path(loader, rule, parent, node) < 0 || read_match(loader, rule, parent, node) < 0 ||
	    read_answer(loader, rule, node) < 0)
		return -1;
	routes = yaml_get(node, "routes");
	return routes ? read_children(loader, rule, routes, depth) : 0;
}

/* The default must be whole and must end with a human. */
static int read_root(struct loader *loader, const struct yaml_node *node)
{
	struct policy_rule *root = &loader->policy->root;
	static const char *const needed[] = { "outcome", "priority", "reason" };

	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, loader->err, "the root rule is wanted here");
	if (yaml_only_keys(node, rule_keys, loader->err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!yaml_get(node, needed[i]))
			return yaml_error(node, loader->err, "the root needs '%s'", needed[i]);
	if (!yaml_get(node, "team") && !yaml_get(node, "teams"))
		return yaml_error(node, loader->err, "the root needs 'team'");
	if (read_rule(loader, root, NULL, node, 0) < 0)
		return -1;
	if (root->outcome != OUTCOME_ASSESS)
		return yaml_error(yaml_get(node, "outcome"), loader->err,
				  "the root is where uncertain tips end: its outcome must be 'assess'");
	if (root->n_teams != 1 || strcmp(root->teams[0], ASSESSMENT_TEAM) != 0)
		return yaml_error(node, loader->err, "the root is where uncertain tips end: its team must be '%s'",
				  ASSESSMENT_TEAM);
	return 0;
}

static int read_conflict(struct loader *loader, const struct yaml_node *node)
{
	const struct yaml_node *alternate;

	if (yaml_kind(node) != YAML_MAP || !yaml_get(node, "team"))
		return yaml_error(node, loader->err,
				  "'conflict' needs 'team': where tips go that name a team's member");
	if (yaml_only_keys(node, conflict_keys, loader->err) < 0 ||
	    read_team(loader->policy->oversight, yaml_get(node, "team"), loader->err) < 0)
		return -1;
	alternate = yaml_get(node, "alternate");
	if (!alternate)
		return 0;
	if (read_team(loader->policy->alternate, alternate, loader->err) < 0)
		return -1;
	if (strcmp(loader->policy->alternate, loader->policy->oversight) == 0)
		return yaml_error(alternate, loader->err, "the alternate must be another team");
	return 0;
}

static int read_file(struct loader *loader, const struct yaml *yaml, const char *name)
{
	const struct yaml_node *top = yaml_root(yaml), *conflict, *root;

	if (!top || yaml_kind(top) != YAML_MAP)
		return err_set(loader->err, ERR_CONFIG, NULL, "%s:1: a policy is wanted here: 'conflict' and 'policy'", name);
	if (yaml_only_keys(top, file_keys, loader->err) < 0)
		return -1;
	conflict = yaml_get(top, "conflict");
	root = yaml_get(top, "policy");
	if (!conflict || !root)
		return yaml_error(top, loader->err, "'conflict' and 'policy' are both needed");
	return read_conflict(loader, conflict) < 0 ? -1 : read_root(loader, root);
}

int policy_parse(struct policy **out, const char *name, struct slice text, struct err *err)
{
	struct policy *policy = mem_alloc(sizeof(*policy));
	struct loader loader = { policy, err };
	struct yaml *yaml = NULL;
	int rc = -1;

	if (yaml_parse(&yaml, name, (const char *)text.data, text.len, err) == 0)
		rc = read_file(&loader, yaml, name);
	yaml_free(yaml);
	if (rc < 0) {
		policy_free(policy);
		return -1;
	}
	digest_hash(policy->hash, text);
	*out = policy;
	return 0;
}

int policy_load(struct policy **out, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, POLICY_FILE_MAX, err);

	if (rc == 0)
		rc = policy_parse(out, path, buf_slice(&text), err);
	buf_release(&text);
	return rc;
}

static void rule_release(struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->n_children; i++)
		rule_release(&rule->children[i]);
	free(rule->children);
	free(rule->name);
	free(rule->path);
	free(rule->reason);
	match_set_release(&rule->match);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	rule_release(&policy->root);
	free(policy);
}
