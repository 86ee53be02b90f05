/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route
 *
 * Reads   tip.linked
 * Writes  case.routed  the record without the tip's body and tokens, with what was decided and the case sealed to its
 *                      teams; key: case id
 *         team.NAME    the same sealed case, for each team it goes to; key: case id
 * Parks   team-unknown nobody who could take the tip is free of a conflict of interest
 *
 * The policy decides outcome, teams and priority. Then the tip's keyed tokens are held against the staff register of
 * each team it would go to. If any of them meets, the tip goes to the oversight team alone, and to none of the
 * others: a team that is not itself named sits down the corridor from the one that is. The outcome stands; the reason
 * says that there is a conflict. If the oversight team's register meets too, the policy's alternate takes the tip; if
 * there is none, or it is named as well, the tip is parked, still sealed, until the policy names somebody.
 *
 * A list of tokens that was cut could hide a name, so it counts as a conflict with every team that has a register but
 * oversight: somebody must read the tip. Oversight's alternate does not take it: it is asked when a member of oversight
 * is named already, and whom else such a tip names nobody knows.
 *
 * Each team has a register, or "none" by the word of its configuration; two teams never share a recipient, since the
 * one that is passed over would open what the other gets. A tip whose tokens were made with another linkage key than
 * a register stops the stage: nobody can tell whom it names, and nothing is lost (conflict.h says what to do then).
 */
#include "workers/route/route.h"

#include "schema/age.h"
#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/route/casefile.h"
#include "workers/route/policy.h"
#include "workers/route/teams.h"

#define CONFLICT_REASON "a member of a team it would go to may be named in it: "

static const struct conf_key keys[] = {
	{ "policy", CONF_FILE, NULL, 0, 0, NULL, "the rules that decide where a tip goes (policy.yaml)" },
	{ "teams.*.recipient", CONF_FILE, "", 0, 0, NULL, "the team's public key: its cases are sealed to it" },
	{ "teams.*.register", CONF_PATH, "", 0, 0, NULL,
	  "the team's staff register as keyed tokens: a tip that names one of them goes to oversight; "
	  "'none' for a team without one, of whom nothing is kept away" },
	CONF_KEYS_END,
};

struct route {
	struct policy *policy;
	struct team_list teams;
	const struct conf *conf;
	bool trying;
	struct buf plain, sealed; /* reused, wiped */
	struct metric *outcomes[N_OUTCOMES], *conflicts;
};

struct destination { /* where one tip goes */
	const struct team *teams[TEAMS_MAX];
	size_t n;
	const char *conflict_with[TEAMS_MAX];
	size_t n_conflict_with;
};

/* Opening. */

static void route_close(void *state)
{
	struct route *route = state;

	if (!route)
		return;
	team_list_release(&route->teams);
	policy_free(route->policy);
	buf_release(&route->plain);
	buf_release(&route->sealed);
	free(route);
}

static int load(struct route **out, const struct conf *conf, struct err *err)
{
	struct route *route = mem_alloc(sizeof(*route));

	route->conf = conf;
	if (policy_load(&route->policy, conf_str(conf, "policy"), err) < 0 ||
	    team_list_load(&route->teams, route->policy, conf, err) < 0) {
		route_close(route);
		return -1;
	}
	*out = route;
	return 0;
}

static int route_check(const struct conf *conf, struct err *err)
{
	struct route *route;

	if (load(&route, conf, err) < 0)
		return -1;
	route_close(route);
	return 0;
}

static int route_open(void **state, const struct stage_env *env, struct err *err)
{
	struct route *route;

	if (load(&route, env->conf, err) < 0)
		return -1;
	route->trying = env->trying;
	for (int i = 0; i < N_OUTCOMES; i++) {
		char labels[64];

		snprintf(labels, sizeof(labels), "outcome=\"%s\"", outcome_names[i]);
		route->outcomes[i] = metrics_counter(env->metrics, "tipline_route_outcomes_total", labels,
						     "tips routed, by outcome");
	}
	route->conflicts = metrics_counter(env->metrics, "tipline_route_conflicts_total", "",
					   "tips sent to oversight for a conflict of interest");
	*state = route;
	return 0;
}

/* Handling. */

static const struct team *find_team(const struct route *route, const char *name)
{
	return team_list_find(&route->teams, name);
}

/* Oversight, or its alternate; NULL when neither can take the tip. */
static const struct team *free_of_conflict(const struct route *route, const struct token_list *tokens)
{
	const struct team *team = find_team(route, route->policy->oversight);

	if (!staff_register_meets(&team->staff, tokens))
		return team;
	if (!route->policy->alternate[0])
		return NULL;
	team = find_team(route, route->policy->alternate);
	return staff_register_conflicts(&team->staff, tokens) ? NULL : team;
}

/* -1 when nobody can take the tip. */
static int find_destination(const struct route *route, const struct policy_decision *decision,
			    const struct token_list *tokens, struct destination *to)
{
	*to = (struct destination){ .n = 0 };
	for (size_t i = 0; i < decision->n_teams; i++) {
		const struct team *team = find_team(route, decision->teams[i]);

		to->teams[to->n++] = team;
		if (staff_register_conflicts(&team->staff, tokens))
			to->conflict_with[to->n_conflict_with++] = team->name;
	}
	if (to->n_conflict_with == 0)
		return 0;
	to->n = 1;
	to->teams[0] = free_of_conflict(route, tokens);
	return to->teams[0] ? 0 : -1;
}

static void fill_routing(const struct route *route, const struct policy_decision *decision,
			 const struct destination *to, struct routing *routing)
{
	*routing = (struct routing){ .outcome = (uint8_t)decision->outcome, .priority = (uint8_t)decision->priority,
				     .conflict = to->n_conflict_with > 0, .rule = slice_str(decision->rule) };
	memcpy(routing->policy_hash, route->policy->hash, HASH_BYTES);
	for (size_t i = 0; i < to->n; i++)
		routing->teams[routing->n_teams++] = slice_str(to->teams[i]->name);
}

static const char *reason_of(const struct policy_decision *decision, bool conflict, struct arena *arena)
{
	size_t head = strlen(CONFLICT_REASON), len = strlen(decision->reason);
	char *text;

	if (!conflict)
		return decision->reason;
	text = arena_alloc(arena, head + len + 1);
	memcpy(text, CONFLICT_REASON, head);
	memcpy(text + head, decision->reason, len + 1);
	return text;
}

/* One file for all the teams. With --try the document itself, since a sealed one is never the same twice. */
static struct slice seal_case(struct route *route, const struct casefile *casefile, const struct destination *to)
{
	struct age_recipient recipients[TEAMS_MAX];

	buf_clear(&route->plain);
	buf_clear(&route->sealed);
	casefile_write(&route->plain, casefile);
	if (route->trying)
		return buf_slice(&route->plain);
	for (size_t i = 0; i < to->n; i++)
		recipients[i] = to->teams[i]->recipient;
	age_shuffle(recipients, to->n);
	age_seal(&route->sealed, recipients, to->n, buf_slice(&route->plain));
	buf_clear(&route->plain);
	return buf_slice(&route->sealed);
}

/* Every register that could be asked, so that a wrong one shows with the first tip and not with the first it fails. */
static int check_keys(const struct route *route, const struct token_list *tokens, struct err *err)
{
	for (size_t i = 0; i < route->teams.n; i++)
		if (!staff_register_can_judge(&route->teams.items[i].staff, tokens))
			return err_set(err, ERR_CONFIG, NULL,
				       "%s: the register was made with another linkage key than the tip's tokens; build "
				       "it anew, and append the one of the old key while tips of that are on their way",
				       route->teams.items[i].register_path);
	return 0;
}

static enum verdict route_handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct route *route = state;
	struct record record = *in->record;
	struct policy_decision decision;
	struct destination to;
	struct casefile casefile = { .record = &record };

	if (check_keys(route, &in->record->tokens, err) < 0)
		return VERDICT_FATAL;
	policy_decide(route->policy, in->record, in->arena, &decision);
	if (find_destination(route, &decision, &in->record->tokens, &to) < 0) {
		err_set(err, ERR_DATA, REASON_TEAM_UNKNOWN,
			"no team that could take it is free of a conflict of interest");
		return VERDICT_PARK;
	}
	fill_routing(route, &decision, &to, &record.routing);
	casefile.reason = reason_of(&decision, record.routing.conflict, in->arena);
	casefile.step = in->step;
	casefile.conflict_with = to.conflict_with;
	casefile.n_conflict_with = to.n_conflict_with;
	record.sealed_case = seal_case(route, &casefile, &to);
	record.parts |= RECORD_ROUTED;
	record.body = slice_of(NULL, 0);
	record.tokens = (struct token_list){ .n = 0 };
	emit_record(out, TOPIC_ROUTED, &record.case_id, &record);
	for (size_t i = 0; i < to.n; i++)
		emit_bytes(out, to.teams[i]->topic, &record.case_id, &record.tip_id, record.sealed_case);
	metric_add(route->outcomes[decision.outcome], 1);
	if (record.routing.conflict)
		metric_add(route->conflicts, 1);
	return VERDICT_DONE;
}

/* Keys while it runs: the teams' recipients and registers. The policy is configuration, and taken up by a start. */

static void key_paths(void *state, void (*each)(void *arg, const char *path), void *arg)
{
	const struct route *route = state;

	team_list_paths(&route->teams, each, arg);
}

static int key_reload(void *state, struct err *err)
{
	struct route *route = state;
	struct team_list fresh = { .n = 0 };

	if (team_list_load(&fresh, route->policy, route->conf, err) < 0)
		return -1;
	team_list_release(&route->teams);
	route->teams = fresh;
	return 0;
}

static void key_names(void *state, void (*each)(void *arg, const char *name), void *arg)
{
	const struct route *route = state;

	team_list_names(&route->teams, each, arg);
}

static const struct stage_key_files key_files = { key_paths, key_reload, key_names };

static void route_status(void *state, struct buf *json)
{
	const struct route *route = state;

	buf_append_str(json, ",\"outcomes\":{");
	for (int i = 0; i < N_OUTCOMES; i++)
		buf_printf(json, "%s\"%s\":%.0f", i ? "," : "", outcome_names[i], metric_value(route->outcomes[i]));
	buf_printf(json, "},\"conflicts\":%.0f,\"rules\":%zu,\"teams\":%zu", metric_value(route->conflicts),
		   route->policy->n_rules, route->teams.n);
}

const struct stage route_stage = {
	.name = "route",
	.topic_in = TOPIC_LINKED,
	.topic_out = TOPIC_ROUTED,
	.input = STAGE_READS_RECORDS,
	.summary = "decide what happens to a tip, and seal it to the teams that shall read it",
	.description =
		"Reads tip.linked. Asks the policy for outcome, teams and priority, holds the tip's keyed tokens "
		"against the staff registers of those teams, and seals the case to them, or to the oversight team "
		"alone when one of their members may be named. Writes case.routed, without the tip's text and tokens, "
		"and the sealed case to the topic of each team. "
		"Parks a tip that nobody free of conflict could take (team-unknown). "
		"Stops at a tip whose tokens were made with another linkage key than a register.",
	.keys = keys,
	.bus_key = true,
	.key_files = &key_files,
	.check = route_check,
	.open = route_open,
	.handle = route_handle,
	.status = route_status,
	.close = route_close,
};
