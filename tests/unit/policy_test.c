/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/digest.h"
#include "workers/route/policy.h"

#define HEAD "conflict: { team: oversight }\n"
#define ROOT \
	"policy:\n  name: root\n  outcome: assess\n  team: assessment\n  priority: normal\n" \
	"  reason: Nobody knows.\n"

static struct policy *parse(const char *text)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(&policy, "p.yaml", slice_str(text), &err) < 0)
		fail_msg("%s", err.text);
	return policy;
}

static void bad_policies_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text, *where;
	} cases[] = {
		{ "", "p.yaml" },
		{ "[]", "p.yaml" },
		{ HEAD, "policy" },
		{ ROOT, "conflict" },
		{ "conflict: {}\n" ROOT, "p.yaml:1: " },
		{ "conflict: { team: oversight, alternate: oversight }\n" ROOT, "p.yaml:1: " },
		{ "conflict: { team: Over/Sight }\n" ROOT, "p.yaml:1: " },
		/* a root that could archive, refer or skip the human */
		{ HEAD "policy:\n  name: root\n  outcome: record\n  team: assessment\n  priority: low\n  reason: No.\n",
		  "p.yaml:4: " },
		{ HEAD "policy:\n  name: root\n  outcome: refer\n  team: assessment\n  priority: low\n  reason: No.\n",
		  "p.yaml:4: " },
		{ HEAD "policy:\n  name: root\n  outcome: assess\n  team: corruption\n  priority: low\n  reason: No.\n",
		  "assessment" },
		{ HEAD "policy:\n  name: root\n  team: assessment\n  priority: low\n  reason: No.\n", "'outcome'" },
		{ HEAD "policy:\n  name: root\n  outcome: assess\n  priority: low\n  reason: No.\n", "'team'" },
		{ HEAD ROOT "  match: { risk: 0.5 }\n", "p.yaml:8: " },
		{ HEAD ROOT "  continue: true\n", "p.yaml:8: " },
		{ HEAD ROOT "  colour: red\n", "p.yaml:8: " },
		/* rules */
		{ HEAD ROOT "  routes:\n    - { name: a }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { match: { risk: 0.5 } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: A b, match: { risk: 0.5 } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: {} }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risks: 0.5 } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 1.5 } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: high } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { label: { of: fraud, min: 0.5 } } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { label: { of: corruption/zzz, min: 0.5 } } }\n",
		  "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { label: { of: corruption } } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { channel: post } }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 }, outcome: forget }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 }, priority: urgent }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 }, teams: [] }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 }, team: a, teams: [b] }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 }, team: ../etc }\n", "p.yaml:9: " },
		{ HEAD ROOT "  routes:\n    - { name: a, match: { risk: 0.5 } }\n    - { name: a, match: { risk: 0.6 } }\n",
		  "p.yaml:10: " },
		{ HEAD ROOT "  routes: nothing\n", "p.yaml:8: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *policy = NULL;
		struct err err = ERR_INIT;

		if (policy_parse(&policy, "p.yaml", slice_str(cases[i].text), &err) == 0)
			fail_msg("case %zu was accepted", i);
		assert_int_equal(err.kind, ERR_CONFIG);
		if (!strstr(err.text, cases[i].where))
			fail_msg("case %zu: '%s' does not say '%s'", i, err.text, cases[i].where);
	}
}

static const char rules[] = HEAD ROOT
	"  routes:\n"
	"    - name: elsewhere\n"
	"      match: { out_of_scope: 0.6, uncertain: 0.4 }\n"
	"      outcome: refer\n"
	"      reason: Not ours.\n"
	"    - name: risk\n"
	"      match: { risk: 0.5 }\n"
	"      outcome: safeguard\n"
	"      team: safeguarding\n"
	"      priority: immediate\n"
	"      reason: At risk.\n"
	"      continue: true\n"
	"      routes:\n"
	"        - name: phone\n"
	"          match: { channel: [phone] }\n"
	"          reason: At risk, by phone.\n"
	"    - name: vague\n"
	"      match: { label: { of: [corruption, discrimination], min: 0.3 }, narrative_below: 40, identified: false, "
	"uncorroborated: true, language: en }\n"
	"      outcome: record\n"
	"      priority: low\n"
	"      reason: Vague.\n"
	"    - name: corruption\n"
	"      match: { label: { of: corruption, min: 0.5 } }\n"
	"      outcome: investigate\n"
	"      team: corruption\n"
	"      reason: Corruption.\n"
	"      continue: true\n"
	"      routes:\n"
	"        - name: theft\n"
	"          match: { label: { of: corruption/theft, min: 0.6 } }\n"
	"          teams: [corruption, theft]\n"
	"          priority: high\n"
	"    - name: discrimination\n"
	"      match: { label: { of: discrimination, min: 0.5 } }\n"
	"      outcome: investigate\n"
	"      team: discrimination\n"
	"      reason: Discrimination.\n";

struct tip_case {
	float corruption, theft, discrimination, risk, out_of_scope;
	int channel;
	const char *body;
	size_t n_links;
	const char *rule, *teams, *reason;
	int outcome, priority;
};

#define LONG "{\"narrative\":\"more than forty bytes of text in this narrative\"}"
#define SHORT "{\"narrative\":\"short\"}"
#define SHORT_NAMED "{\"narrative\":\"short\",\"subjects\":[{\"name\":\"Somebody\"}]}"
#define SHORT_POLISH "{\"narrative\":\"short\",\"language\":\"pl\"}"

static void fill_record(struct record *record, const struct tip_case *tip)
{
	struct classification *c = &record->classification;

	*record = (struct record){ .channel = (uint8_t)tip->channel, .body = slice_str(tip->body) };
	c->labels[0] = (struct label){ CORRUPTION, { NULL, 0 }, tip->corruption };
	c->labels[1] = (struct label){ CORRUPTION, slice_str("theft"), tip->theft };
	c->labels[2] = (struct label){ DISCRIMINATION, { NULL, 0 }, tip->discrimination };
	c->n_labels = 3;
	c->risk = tip->risk;
	c->out_of_scope = tip->out_of_scope;
	record->n_links = tip->n_links;
}

static void check_case(const struct policy *policy, const struct tip_case *tip, size_t n)
{
	struct arena *arena = arena_new(1024);
	struct policy_decision decision;
	struct buf teams = BUF_INIT;
	struct record record;

	fill_record(&record, tip);
	policy_decide(policy, &record, arena, &decision);
	for (size_t i = 0; i < decision.n_teams; i++)
		buf_printf(&teams, "%s%s", i ? "," : "", decision.teams[i]);
	if (strcmp(decision.rule, tip->rule) != 0 || strcmp(buf_text(&teams), tip->teams) != 0 ||
	    strcmp(decision.reason, tip->reason) != 0)
		fail_msg("case %zu: rule '%s', teams '%s', reason '%s'", n, decision.rule, buf_text(&teams), decision.reason);
	assert_int_equal(decision.outcome, tip->outcome);
	assert_int_equal(decision.priority, tip->priority);
	buf_release(&teams);
	arena_free(arena);
}

static void the_tree_decides(void **state)
{
	static const struct tip_case cases[] = {
		{ 0, 0, 0, 0, 0, CHANNEL_WEB, LONG, 0, "root", "assessment", "Nobody knows.", OUTCOME_ASSESS, PRIORITY_NORMAL },
		{ 0, 0, 0, 0.4f, 0.5f, CHANNEL_WEB, LONG, 0, "root", "assessment", "Nobody knows.", OUTCOME_ASSESS,
		  PRIORITY_NORMAL },
		{ 0.3f, 0, 0, 0, 0.6f, CHANNEL_WEB, LONG, 0, "root/elsewhere", "assessment", "Not ours.", OUTCOME_REFER,
		  PRIORITY_NORMAL },
		{ 0.4f, 0, 0, 0, 0.9f, CHANNEL_WEB, LONG, 0, "root", "assessment", "Nobody knows.", OUTCOME_ASSESS,
		  PRIORITY_NORMAL },
		{ 0.6f, 0, 0, 0, 0, CHANNEL_WEB, LONG, 0, "root/corruption", "corruption", "Corruption.", OUTCOME_INVESTIGATE,
		  PRIORITY_NORMAL },
		{ 0.5f, 0.6f, 0, 0, 0, CHANNEL_WEB, LONG, 0, "root/corruption/theft", "corruption,theft", "Corruption.",
		  OUTCOME_INVESTIGATE, PRIORITY_HIGH },
		{ 0.6f, 0, 0.7f, 0, 0, CHANNEL_WEB, LONG, 0, "root/corruption + root/discrimination",
		  "corruption,discrimination", "Corruption. Discrimination.", OUTCOME_INVESTIGATE, PRIORITY_NORMAL },
		{ 0.6f, 0, 0, 0.5f, 0, CHANNEL_WEB, LONG, 0, "root/risk + root/corruption", "safeguarding,corruption",
		  "At risk. Corruption.", OUTCOME_SAFEGUARD, PRIORITY_IMMEDIATE },
		{ 0, 0, 0, 0.5f, 0, CHANNEL_PHONE, LONG, 0, "root/risk/phone", "safeguarding", "At risk, by phone.",
		  OUTCOME_SAFEGUARD, PRIORITY_IMMEDIATE },
		/* the archive: only when every condition holds */
		{ 0.6f, 0, 0, 0, 0, CHANNEL_WEB, SHORT, 0, "root/vague", "assessment", "Vague.", OUTCOME_RECORD, PRIORITY_LOW },
		{ 0.6f, 0, 0, 0, 0, CHANNEL_WEB, SHORT, 1, "root/corruption", "corruption", "Corruption.", OUTCOME_INVESTIGATE,
		  PRIORITY_NORMAL },
		{ 0.6f, 0, 0, 0, 0, CHANNEL_WEB, SHORT_NAMED, 0, "root/corruption", "corruption", "Corruption.",
		  OUTCOME_INVESTIGATE, PRIORITY_NORMAL },
		{ 0.6f, 0, 0, 0, 0, CHANNEL_WEB, SHORT_POLISH, 0, "root/corruption", "corruption", "Corruption.",
		  OUTCOME_INVESTIGATE, PRIORITY_NORMAL },
		{ 0.2f, 0, 0, 0, 0, CHANNEL_WEB, SHORT, 0, "root", "assessment", "Nobody knows.", OUTCOME_ASSESS,
		  PRIORITY_NORMAL },
		/* a document that cannot be read is never archived */
		{ 0.4f, 0, 0, 0, 0, CHANNEL_WEB, "{", 0, "root", "assessment", "Nobody knows.", OUTCOME_ASSESS,
		  PRIORITY_NORMAL },
		/* a safeguard beside an archive stays a safeguard */
		{ 0.6f, 0, 0, 0.9f, 0, CHANNEL_WEB, SHORT, 0, "root/risk + root/vague", "safeguarding,assessment",
		  "At risk. Vague.", OUTCOME_SAFEGUARD, PRIORITY_IMMEDIATE },
	};
	struct policy *policy = parse(rules);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(policy, &cases[i], i);
	policy_free(policy);
}

static void the_gravest_outcome_holds_wherever_it_stands(void **state)
{
	static const char text[] = HEAD ROOT
		"  routes:\n"
		"    - { name: a, match: { risk: 0.1 }, outcome: refer, continue: true, reason: A. }\n"
		"    - { name: b, match: { risk: 0.1 }, outcome: record, continue: true, reason: B. }\n"
		"    - { name: c, match: { risk: 0.1 }, outcome: safeguard, priority: high, continue: true, reason: C. }\n"
		"    - { name: d, match: { risk: 0.1 }, outcome: investigate, priority: low, reason: D. }\n";
	static const struct tip_case tip = { 0, 0, 0, 0.5f, 0, CHANNEL_WEB, LONG, 0,
					     "root/c + root/a + root/b + root/d", "assessment", "C. A. B. D.",
					     OUTCOME_SAFEGUARD, PRIORITY_HIGH };
	struct policy *policy = parse(text);

	(void)state;
	check_case(policy, &tip, 0);
	policy_free(policy);
}

/* One tip, and for each condition a value that holds for it and one that does not. */
static void each_condition_holds_and_fails(void **state)
{
	static const struct {
		const char *holds, *fails;
	} cases[] = {
		{ "label: { of: corruption, min: 0.7 }", "label: { of: corruption, min: 0.71 }" },
		{ "label: { of: [domestic-abuse, corruption/theft], min: 0.6 }", "label: { of: [domestic-abuse], min: 0.1 }" },
		{ "no_label: { of: corruption, below: 0.71 }", "no_label: { of: corruption, below: 0.7 }" },
		{ "risk: 0.2", "risk: 0.21" },
		{ "risk_below: 0.21", "risk_below: 0.2" },
		{ "out_of_scope: 0.3", "out_of_scope: 0.31" },
		{ "out_of_scope_below: 0.31", "out_of_scope_below: 0.3" },
		{ "refer_to: [iopc, \"101\"]", "refer_to: iopc" },
		{ "uncertain: 0.71", "uncertain: 0.7" },
		{ "evidence: 2", "evidence: 3" },
		{ "evidence_below: 3", "evidence_below: 2" },
		{ "corroborated: 1", "corroborated: 2" },
		{ "uncorroborated: false", "uncorroborated: true" },
		{ "words_below: 3", "words_below: 2" },
		{ "channel: [web, phone]", "channel: web" },
		{ "language: [en, cy]", "language: en" },
		{ "relation: [victim]", "relation: [unknown]" },
		{ "narrative_below: 6", "narrative_below: 5" },
		{ "identified: true", "identified: false" },
		{ "risk: 0.2, evidence: 2", "risk: 0.2, evidence: 3" },
	};
	static const struct tip_case tip = { 0.7f, 0.6f, 0, 0.2f, 0.3f, CHANNEL_PHONE,
					     "{\"narrative\":\"short\",\"language\":\"cy\",\"relation\":\"victim\","
					     "\"subjects\":[{\"vehicle\":\"red van\"}]}",
					     2, NULL, NULL, NULL, 0, 0 };
	static struct token tokens[] = { { 1, TOKEN_WORD }, { 2, TOKEN_WORD }, { 3, TOKEN_NAME } };
	struct arena *arena = arena_new(1024);
	struct record record;

	(void)state;
	fill_record(&record, &tip);
	record.classification.refer_to = slice_str("101");
	record.classification.n_evidence = 2;
	record.links[0].strong = true;
	record.tokens = (struct token_list){ .items = tokens, .n = 3 };
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *condition = i % 2 ? cases[i / 2].fails : cases[i / 2].holds;
		struct policy_decision decision;
		struct buf text = BUF_INIT;
		struct policy *policy;

		buf_printf(&text, HEAD ROOT "  routes:\n    - { name: a, match: { %s } }\n", condition);
		policy = parse(buf_text(&text));
		policy_decide(policy, &record, arena, &decision);
		if (strcmp(decision.rule, i % 2 ? "root" : "root/a") != 0)
			fail_msg("'%s' gave %s", condition, decision.rule);
		buf_release(&text);
		policy_free(policy);
	}
	arena_free(arena);
}

static int note_team(void *arg, const char *team, struct err *err)
{
	(void)err;
	buf_printf(arg, "%s ", team);
	return 0;
}

static void every_team_is_named_once(void **state)
{
	struct policy *policy = parse(rules);
	struct buf teams = BUF_INIT;
	uint8_t hash[HASH_BYTES];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(policy_each_team(policy, note_team, &teams, &err), 0);
	assert_string_equal(buf_text(&teams), "assessment safeguarding corruption theft discrimination oversight ");
	digest_hash(hash, slice_str(rules));
	assert_memory_equal(policy->hash, hash, HASH_BYTES);
	buf_release(&teams);
	policy_free(policy);
}

/*
 * The policy that ships: it loads, of every combination of scores none that is clear in scope is archived, and what
 * has no evidence is neither archived nor sent away.
 */
static void the_shipped_policy_archives_nothing_clear(void **state)
{
	static const float scores[] = { 0, 0.25f, 0.45f, 0.55f, 0.75f, 1 };
	const size_t n = sizeof(scores) / sizeof(scores[0]);
	struct arena *arena = arena_new(4096);
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (policy_load(&policy, "workers/route/policy.yaml", &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < 2 * n * n * n * n; i++) {
		struct tip_case tip = { scores[i % n], 0, scores[i / n % n], scores[i / n / n % n], scores[i / n / n / n % n],
					CHANNEL_WEB, LONG, 0, NULL, NULL, NULL, 0, 0 };
		struct policy_decision decision;
		struct record record;

		tip.body = i % 2 ? SHORT : SHORT_NAMED;
		fill_record(&record, &tip);
		record.classification.refer_to = slice_str(i % 3 ? "101" : "999");
		record.classification.n_evidence = i / n / n / n / n;
		policy_decide(policy, &record, arena, &decision);
		assert_true(decision.n_teams > 0);
		if (!record.classification.n_evidence)
			assert_true(decision.outcome != OUTCOME_RECORD && decision.outcome != OUTCOME_REFER);
		if (decision.outcome == OUTCOME_RECORD)
			assert_true(i % 2 == 1 && tip.risk < 0.3f);
		if (tip.risk >= 0.75f && tip.out_of_scope < 0.3f)
			assert_int_equal(decision.outcome, OUTCOME_SAFEGUARD);
	}
	policy_free(policy);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_policies_are_refused_with_their_line),
		cmocka_unit_test(the_tree_decides),
		cmocka_unit_test(the_gravest_outcome_holds_wherever_it_stands),
		cmocka_unit_test(each_condition_holds_and_fails),
		cmocka_unit_test(every_team_is_named_once),
		cmocka_unit_test(the_shipped_policy_archives_nothing_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
