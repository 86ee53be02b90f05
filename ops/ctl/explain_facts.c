/* SPDX-License-Identifier: Apache-2.0 */
/* What an opened record or an opened case says, as facts. */
#include <string.h>

#include "ops/ctl/explain.h"
#include "schema/hex.h"
#include "schema/record_json.h"

#define STAGE_NAME_MAX 64
#define TERM_MAX 60 /* bytes of the text shown for one place */

static json_t *text_of(struct slice text)
{
	return json_stringn(text.len ? (const char *)text.data : "", text.len) ?: json_string("(not UTF-8)");
}

static json_t *hex_of(const uint8_t *data, size_t len)
{
	char hex[2 * HASH_BYTES + 1];

	hex_encode(hex, data, len);
	return json_string(hex);
}

void explain_step(struct explain *explain, const struct record_step *step)
{
	char name[STAGE_NAME_MAX + 1];
	json_t *row;

	if (step->stage.len == 0 || step->stage.len > STAGE_NAME_MAX)
		return;
	memcpy(name, step->stage.data, step->stage.len);
	name[step->stage.len] = '\0';
	row = explain_stage(explain, name);
	json_object_set_new(row, "day", ctl_date(step->day));
	explain_fact(row, "version", text_of(step->version));
	explain_fact(row, "configuration", hex_of(step->configuration, CONFIGURATION_BYTES));
}

/* Bytes start to end of the narrative, not longer than reads well; null when that is no place in it. */
static json_t *term_of(const char *narrative, size_t start, size_t end)
{
	size_t len = narrative ? strlen(narrative) : 0;

	if (!narrative || start >= end || end > len)
		return json_null();
	end = end - start > TERM_MAX ? start + TERM_MAX : end;
	while (end > start && ((uint8_t)narrative[end] & 0xc0) == 0x80)
		end--;
	return json_stringn(narrative + start, end - start) ?: json_null();
}

static void add_evidence(struct explain *explain, json_t *rule, size_t start, size_t end, const char *narrative)
{
	json_array_append_new(explain->evidence,
			      json_pack("{s:o, s:I, s:I, s:o}", "rule", rule, "start", (json_int_t)start, "end",
					(json_int_t)end, "text", term_of(narrative, start, end)));
}

static json_t *label_of(const struct label *label)
{
	struct buf name = BUF_INIT;
	json_t *text;

	buf_append_str(&name, category_names[label->category]);
	if (label->subcode.len > 0) {
		buf_append_byte(&name, '/');
		buf_append_slice(&name, label->subcode);
	}
	text = text_of(buf_slice(&name));
	buf_release(&name);
	return text;
}

static void add_classification(struct explain *explain, const struct record *record)
{
	const struct classification *c = &record->classification;
	json_t *body = json_loadb((const char *)record->body.data, record->body.len, 0, NULL);
	const char *narrative = json_string_value(json_object_get(body, "narrative"));

	for (size_t i = 0; i < c->n_labels; i++)
		json_array_append_new(explain->labels, json_pack("{s:o, s:o}", "label", label_of(&c->labels[i]), "score",
								 ctl_share(c->labels[i].score)));
	for (size_t i = 0; i < c->n_evidence; i++)
		add_evidence(explain, text_of(c->evidence[i].rule), c->evidence[i].start, c->evidence[i].end, narrative);
	explain_fact(explain->facts, "risk", ctl_share(c->risk));
	explain_fact(explain->facts, "out_of_scope", ctl_share(c->out_of_scope));
	explain_fact(explain->facts, "refer_to", c->refer_to.len ? text_of(c->refer_to) : json_null());
	explain_fact(explain->facts, "lexicon_hash", hex_of(c->lexicon_hash, HASH_BYTES));
	explain->sight |= SIGHT_SCORES | (narrative ? SIGHT_TEXT : 0);
	json_decref(body);
}

void explain_link(struct explain *explain, const struct link *link)
{
	json_t *reasons = json_array();
	char hex[TIP_ID_HEX];

	for (size_t bit = 0; bit < LINK_REASONS; bit++)
		if (link->reasons & 1u << bit)
			json_array_append_new(reasons, json_string(link_reason_names[bit]));
	tip_id_hex(&link->tip_id, hex);
	json_array_append_new(explain->links,
			      json_pack("{s:s, s:o, s:s, s:o}", "tip_id", hex, "score", ctl_share(link->score), "strength",
					link->strong ? "strong" : "weak", "by", reasons));
}

static void add_routing(struct explain *explain, const struct routing *routing)
{
	json_t *teams = json_array();

	for (size_t i = 0; i < routing->n_teams; i++)
		json_array_append_new(teams, text_of(routing->teams[i]));
	explain_fact(explain->facts, "outcome", json_string(outcome_names[routing->outcome]));
	explain_fact(explain->facts, "priority", json_string(priority_names[routing->priority]));
	explain_fact(explain->facts, "rule", text_of(routing->rule));
	explain_fact(explain->facts, "policy_hash", hex_of(routing->policy_hash, HASH_BYTES));
	explain_fact(explain->facts, "teams", teams);
	explain_fact(explain->facts, "conflict", json_boolean(routing->conflict));
	explain->sight |= SIGHT_TEAMS;
}

void explain_record(struct explain *explain, const struct record *record)
{
	char hex[TIP_ID_HEX];

	explain_fact(explain->facts, "channel", json_string(channel_names[record->channel]));
	for (size_t i = 0; i < record->n_steps; i++)
		explain_step(explain, &record->steps[i]);
	/* A later record repeats what an earlier one has; the one with the text comes first. */
	if (record->parts & RECORD_CLASSIFIED && !(explain->sight & SIGHT_SCORES))
		add_classification(explain, record);
	if (record->parts & RECORD_LINKED && !json_object_get(explain->facts, "case_id")) {
		tip_id_hex(&record->case_id, hex);
		explain_fact(explain->facts, "case_id", json_string(hex));
		for (size_t i = 0; i < record->n_links; i++)
			explain_link(explain, &record->links[i]);
	}
	if (record->parts & RECORD_ROUTED)
		add_routing(explain, &record->routing);
}

static void add_case_steps(struct explain *explain, const json_t *steps)
{
	size_t i;
	json_t *item;

	json_array_foreach(steps, i, item) {
		const char *stage = json_string_value(json_object_get(item, "stage"));
		json_t *row = stage ? explain_stage(explain, stage) : NULL;

		if (!row)
			continue;
		explain_fact(row, "day", ctl_date(json_integer_value(json_object_get(item, "day"))));
		explain_fact(row, "version", json_incref(json_object_get(item, "version")));
		explain_fact(row, "configuration", json_incref(json_object_get(item, "configuration")));
	}
}

static void add_case_scores(struct explain *explain, const json_t *casefile)
{
	static const char *const members[] = { "risk", "out_of_scope", "refer_to" };
	const json_t *scores = json_object_get(casefile, "scores");
	const char *narrative = json_string_value(json_object_get(json_object_get(casefile, "tip"), "narrative"));
	size_t i;
	json_t *item;

	json_array_extend(explain->labels, json_object_get(scores, "labels"));
	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
		if (json_object_get(scores, members[k]))
			explain_fact(explain->facts, members[k], json_incref(json_object_get(scores, members[k])));
	json_array_foreach(json_object_get(casefile, "evidence"), i, item) {
		json_int_t start = json_integer_value(json_object_get(item, "start"));
		json_int_t end = json_integer_value(json_object_get(item, "end"));

		if (start >= 0 && end >= start)
			add_evidence(explain, json_incref(json_object_get(item, "rule")), (size_t)start, (size_t)end,
				     narrative);
	}
	explain->sight |= SIGHT_SCORES | (narrative ? SIGHT_TEXT : 0);
}

void explain_case(struct explain *explain, const json_t *casefile)
{
	static const struct {
		const char *member, *fact;
	} members[] = {
		{ "case_id", "case_id" }, { "channel", "channel" }, { "outcome", "outcome" }, { "priority", "priority" },
		{ "teams", "teams" }, { "conflict", "conflict" }, { "conflict_with", "conflict_with" }, { "rule", "rule" },
		{ "reason", "reason" }, { "policy", "policy_hash" }, { "lexicon", "lexicon_hash" },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_object_get(casefile, members[i].member))
			explain_fact(explain->facts, members[i].fact,
				     json_incref(json_object_get(casefile, members[i].member)));
	add_case_steps(explain, json_object_get(casefile, "steps"));
	explain->sight |= SIGHT_TEAMS;
	if (!(explain->sight & SIGHT_SCORES))
		add_case_scores(explain, casefile);
}
