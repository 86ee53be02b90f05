/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl explain TIP: what each stage decided about a tip, when, by which rule and as what it ran.
 */
#include "ops/ctl/explain.h"

#include <string.h>

static const char *const stage_order[] = { "gateway", "classify", "dedupe", "route", "sink" };

void explain_init(struct explain *explain, struct ctl *ctl)
{
	*explain = (struct explain){ .ctl = ctl, .arena = arena_new(1u << 16), .facts = json_object(),
				     .stages = json_array(), .labels = json_array(), .evidence = json_array(),
				     .links = json_array(), .parked = json_array(), .looked = json_array(),
				     .hidden = json_array() };
}

void explain_release(struct explain *explain)
{
	json_t *const lists[] = { explain->facts, explain->stages, explain->labels, explain->evidence, explain->links,
				  explain->parked, explain->looked, explain->hidden };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_decref(lists[i]);
	if (explain->ring)
		bus_ring_free(explain->ring);
	identity_set_release(&explain->holder);
	arena_free(explain->arena);
}

json_t *explain_stage(struct explain *explain, const char *stage)
{
	size_t i;
	json_t *row;

	json_array_foreach(explain->stages, i, row)
		if (strcmp(json_string_value(json_object_get(row, "stage")), stage) == 0)
			return row;
	row = json_pack("{s:s, s:n, s:n, s:n, s:n, s:n}", "stage", stage, "day", "version", "configuration", "where",
			"decided");
	json_array_append_new(explain->stages, row);
	return row;
}

void explain_fact(json_t *object, const char *name, json_t *value)
{
	const json_t *there = json_object_get(object, name);

	if (there && !json_is_null(there))
		json_decref(value);
	else
		json_object_set_new(object, name, value);
}

void explain_looked(struct explain *explain, const char *where, json_int_t records, json_int_t found,
		    const char *remark)
{
	json_array_append_new(explain->looked, json_pack("{s:s, s:I, s:I, s:s?}", "where", where, "read", records,
							 "found", found, "remark", remark));
	explain->found = explain->found || found > 0;
}

void explain_hidden(struct explain *explain, const char *what, const char *needs)
{
	json_array_append_new(explain->hidden, json_pack("{s:s, s:s}", "what", what, "needs", needs));
}

static int open_keys(struct explain *explain, struct err *err)
{
	const char *bus = program_value(explain->ctl->call, "bus-key", NULL);
	const char *identity = program_value(explain->ctl->call, "identity", NULL);

	if (keys_begin(err) < 0)
		return -1;
	if (bus && keys_load_bus(&explain->ring, bus, err) < 0)
		return ctl_file_error("--bus-key", bus, err);
	if (identity && identity_set_load(&explain->holder, identity, err) < 0)
		return ctl_file_error("--identity", identity, err);
	return 0;
}

/* One word for where the tip is now, and a sentence for what that means. */
static void conclude(struct explain *explain)
{
	const char *state = "unknown", *means = "nothing here has it: either no such tip was accepted, or it was before "
						"what tip.sealed still keeps (90 days) and is not in this store";

	if (explain->stored) {
		state = "stored";
		means = "it has come to the end: its teams can open it";
	} else if (explain->parked_open) {
		state = "parked";
		means = "it cannot go on as it is: see the reason";
	} else if (explain->waits_for) {
		state = "in-flight";
		means = "it waits for the stage named; `tipctl status` shows whether that is up";
	} else if (explain->discarded) {
		state = "discarded";
		means = "it was parked and given up by an operator: `tipctl parked list --state discarded` says why";
	} else if (explain->found) {
		state = "passed";
		means = "every stage that was looked at has passed it on; what became of it is behind what could be looked at";
	} else if (explain->in_doubt) {
		means = "what could be looked at does not have it, but not everything could be: see the remarks";
	}
	json_object_set_new(explain->facts, "state", json_string(state));
	json_object_set_new(explain->facts, "means",
			    json_sprintf("%s%s", means, explain->two_tips ? "; another tip with this id and other content "
					 "came later and was parked (id-conflict): the stages are those of the first" : ""));
	if (explain->waits_for && !explain->stored)
		json_object_set_new(explain->facts, "waits_for", json_string(explain->waits_for));
}

static void decided(struct explain *explain, const char *stage, const struct buf *text)
{
	size_t i;
	json_t *row;

	json_array_foreach(explain->stages, i, row) /* not one that is not known to have passed it */
		if (strcmp(json_string_value(json_object_get(row, "stage")), stage) == 0)
			json_object_set_new(row, "decided", json_string(buf_text(text)));
}

static const char *fact(const struct explain *explain, const char *name)
{
	return json_string_value(json_object_get(explain->facts, name));
}

/* The label with the highest score; NULL when there is none. */
static const json_t *highest(const json_t *labels)
{
	const json_t *best = NULL;
	size_t i;
	json_t *label;

	json_array_foreach(labels, i, label)
		if (!best || json_number_value(json_object_get(label, "score")) >
				     json_number_value(json_object_get(best, "score")))
			best = label;
	return best;
}

/* The answer of each stage in a few words, where it is known. */
static void tell_decisions(struct explain *explain)
{
	const json_t *label = highest(explain->labels);
	struct buf text = BUF_INIT;

	if (json_string_value(json_object_get(label, "label"))) {
		buf_printf(&text, "%s %.3f", json_string_value(json_object_get(label, "label")),
			   json_number_value(json_object_get(label, "score")));
		decided(explain, "classify", &text);
		buf_clear(&text);
	}
	if (fact(explain, "case_id")) {
		size_t n = json_array_size(explain->links);

		buf_printf(&text, "%zu link%s", n, n == 1 ? "" : "s");
		decided(explain, "dedupe", &text);
		buf_clear(&text);
	}
	if (fact(explain, "outcome") && fact(explain, "priority")) {
		buf_printf(&text, "%s, %s", fact(explain, "outcome"), fact(explain, "priority"));
		decided(explain, "route", &text);
	}
	buf_release(&text);
}

static bool passed(const struct explain *explain, const char *stage)
{
	size_t i;
	json_t *row;

	json_array_foreach(explain->stages, i, row)
		if (strcmp(json_string_value(json_object_get(row, "stage")), stage) == 0)
			return true;
	return false;
}

/* What nobody has decided yet is not hidden; and a tip that did not come as far as route went to no team. */
static void tell_what_is_hidden(struct explain *explain)
{
	const bool routed = passed(explain, "route");

	if (routed && !(explain->sight & SIGHT_TEAMS))
		explain_hidden(explain, "teams, and whether there is a conflict of interest",
			       "--identity of a team it went to, or --bus-key with the key of case.routed");
	if (!passed(explain, "classify"))
		return;
	if (!(explain->sight & SIGHT_SCORES))
		explain_hidden(explain, "labels, scores, places in the text, lexicon",
			       routed ? "--identity of a team it went to, or --bus-key" : "--bus-key");
	if (!(explain->sight & SIGHT_TEXT))
		explain_hidden(explain, "the words that were matched",
			       routed ? "--identity of a team it went to, or --bus-key while the records between stages "
					"are kept" : "--bus-key while the records between stages are kept");
}

/* Where another tip came under the same id and was parked, the rows are those of the one that came first. */
static void settle_rows(struct explain *explain)
{
	size_t i;
	json_t *row;

	json_array_foreach(explain->stages, i, row) {
		const json_t *first = json_object_get(row, EXPLAIN_FIRST);

		if (first && explain->two_tips)
			json_object_update(row, (json_t *)(uintptr_t)first);
		json_object_del(row, EXPLAIN_FIRST);
	}
}

/* In the order of a tip's way, whatever the order in which they were found. */
static json_t *in_order(const json_t *stages)
{
	json_t *sorted = json_array(), *row;
	size_t i;

	for (size_t k = 0; k < sizeof(stage_order) / sizeof(stage_order[0]); k++)
		json_array_foreach(stages, i, row)
			if (strcmp(json_string_value(json_object_get(row, "stage")), stage_order[k]) == 0)
				json_array_append(sorted, row);
	return sorted;
}

static json_t *value_of(struct explain *explain)
{
	static const char *const first[] = { "tip_id", "state", "means", "waits_for", "case_id" };
	json_t *value = json_object();

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (json_object_get(explain->facts, first[i]))
			json_object_set(value, first[i], json_object_get(explain->facts, first[i]));
	json_object_update_missing(value, explain->facts);
	json_object_set_new(value, "stages", in_order(explain->stages));
	json_object_set(value, "labels", explain->labels);
	json_object_set(value, "evidence", explain->evidence);
	json_object_set(value, "links", explain->links);
	json_object_set(value, "parked", explain->parked);
	json_object_set(value, "not_shown", explain->hidden);
	json_object_set(value, "looked_at", explain->looked);
	return value;
}

static int explain_tip(struct explain *explain, struct err *err)
{
	struct ctl *ctl = explain->ctl;
	const char *team;

	if (ctl_team(ctl, &team, err) < 0 || ctl_day(ctl, "since", &explain->since, err) < 0 ||
	    open_keys(explain, err) < 0 ||
	    explain_find_id(ctl, ctl->argv[0], explain->since, &explain->tip_id, err) < 0)
		return -1;
	tip_id_hex(&explain->tip_id, explain->hex);
	json_object_set_new(explain->facts, "tip_id", json_string(explain->hex));
	explain_peek(explain);
	explain_topics(explain);
	explain_store(explain);
	if (team)
		explain_team_topic(explain, team);
	conclude(explain);
	settle_rows(explain);
	tell_decisions(explain);
	tell_what_is_hidden(explain);
	return 0;
}

int ctl_explain(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct explain explain;
	int result;

	explain_init(&explain, ctl);
	result = explain_tip(&explain, err);
	if (result == 0) {
		out->value = value_of(&explain);
		out->status = explain.found ? 0 : 1;
	}
	explain_release(&explain);
	return result;
}
