/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl cases: what the store tells without a team's identity. The sealed case itself is handed out as the age file
 * it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"

static const struct ctl_column tip_columns[] = {
	{ "tip_id", "TIP", false },	{ "case_id", "CASE", false },	{ "outcome", "OUTCOME", false },
	{ "priority", "PRIORITY", false }, { "teams", "TEAMS", false }, { "links", "LINKS", true },
	{ "rule", "RULE", false },	{ NULL, NULL, false }
};

static json_t *words_of(const char *text)
{
	json_t *list = json_array();

	while (text && *text) {
		size_t len = strcspn(text, " ");

		json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == ' ');
	}
	return list;
}

static json_t *id_of(const struct tip_id *id)
{
	char hex[TIP_ID_HEX];

	tip_id_hex(id, hex);
	return json_string(hex);
}

static json_t *tip_row(const struct store_tip *tip)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:b, s:s, s:I, s:s}", "tip_id", id_of(&tip->tip_id),
			 "case_id", id_of(&tip->case_id), "day", ctl_date(tip->day), "channel",
			 channel_names[tip->channel], "outcome", outcome_names[tip->outcome], "priority",
			 priority_names[tip->priority], "teams", words_of(tip->teams), "conflict", tip->conflict,
			 "rule", tip->rule, "links", (json_int_t)tip->n_links, "policy_hash", tip->policy_hash);
}

static int add_tip(void *arg, const struct store_tip *tip)
{
	json_array_append_new(arg, tip_row(tip));
	return 0;
}

static int add_case(void *arg, const struct store_case *c)
{
	json_array_append_new(arg, json_pack("{s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:o}", "case_id", id_of(&c->case_id),
					     "tips", (json_int_t)c->n_tips, "links", (json_int_t)c->n_links, "priority",
					     priority_names[c->priority], "teams", words_of(c->teams), "outcomes",
					     words_of(c->outcomes), "first_day", ctl_date(c->first_day), "last_day",
					     ctl_date(c->last_day)));
	return 0;
}

static int add_link(void *arg, const struct link *link)
{
	json_array_append_new(arg, json_pack("{s:o, s:o, s:s}", "tip_id", id_of(&link->tip_id), "score",
					     ctl_share(link->score), "strength", link->strong ? "strong" : "weak"));
	return 0;
}

static int filter_of(struct ctl *ctl, struct store_filter *filter, struct err *err)
{
	filter->outcome = program_value(ctl->call, "outcome", NULL);
	if (ctl_limit(ctl, &filter->limit, err) < 0 || ctl_team(ctl, &filter->team, err) < 0)
		return -1;
	if (filter->outcome && taxonomy_find(outcome_names, N_OUTCOMES, filter->outcome, strlen(filter->outcome)) < 0)
		return ctl_no_such("outcome", filter->outcome, outcome_names, N_OUTCOMES, err);
	return 0;
}

int ctl_cases_list(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "case_id", "CASE", false },	 { "tips", "TIPS", true },
						     { "links", "LINKS", true },	 { "priority", "PRIORITY", false },
						     { "outcomes", "OUTCOME", false }, { "teams", "TEAMS", false },
						     { NULL, NULL, false } };
	struct store_filter filter = { 0 };

	out->value = json_array();
	out->columns = columns;
	if (filter_of(ctl, &filter, err) < 0 ||
	    store_each_case(ctl->store, &filter, add_case, out->value, err) < 0)
		return -1;
	out->note = json_array_size(out->value) ? NULL : "no case";
	return 0;
}

int ctl_cases_tips(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct store_filter filter = { 0 };

	out->value = json_array();
	out->columns = tip_columns;
	if (filter_of(ctl, &filter, err) < 0 || store_each_tip(ctl->store, &filter, add_tip, out->value, err) < 0)
		return -1;
	out->note = json_array_size(out->value) ? NULL : "no tip";
	return 0;
}

/* The one tip that `id` names: the tip itself, or the only tip of the case. */
static int one_tip(struct ctl *ctl, const struct tip_id *id, json_t *tips_of_case, struct tip_id *tip_id,
		   struct err *err)
{
	const char *hex;

	*tip_id = *id;
	if (!json_array_size(tips_of_case))
		return 0;
	if (json_array_size(tips_of_case) > 1)
		return err_set(err, ERR_USAGE, "bad-value",
			       "the case has %zu tips: name one (`tipctl cases show %s` lists them)",
			       json_array_size(tips_of_case), ctl->argv[0]);
	hex = json_string_value(json_object_get(json_array_get(tips_of_case, 0), "tip_id"));
	return tip_id_parse(tip_id, hex, strlen(hex));
}

static int no_such_id(const struct ctl *ctl, struct err *err)
{
	return err_set(err, ERR_DATA, NULL, "no tip or case %.64s in the store; `tipctl explain %.64s` tells whether a tip "
		       "of this id is on its way or parked", ctl->argv[0], ctl->argv[0]);
}

static int write_blob(struct ctl *ctl, const struct tip_id *tip_id, bool contact, struct err *err)
{
	struct buf blob = BUF_INIT;
	int found = contact ? store_contact(ctl->store, tip_id, &blob, err) :
			      store_sealed_case(ctl->store, tip_id, &blob, err);

	if (found > 0 && fwrite(blob.data, 1, blob.len, stdout) != blob.len)
		found = err_errno(err, "standard output");
	buf_release(&blob);
	if (found == 0)
		return no_such_id(ctl, err);
	return found < 0 ? -1 : 0;
}

/* What the command line says, before anything is looked up. */
static int read_show(const struct ctl *ctl, struct tip_id *id, struct err *err)
{
	bool sealed = program_given(ctl->call, "sealed"), contact = program_given(ctl->call, "contact");

	if (tip_id_parse(id, ctl->argv[0], strlen(ctl->argv[0])) < 0)
		return err_set(err, ERR_USAGE, "bad-value", "\"%.64s\" is no id: 32 lower-case hex digits",
			       ctl->argv[0]);
	if (sealed && contact)
		return err_set(err, ERR_USAGE, "bad-value", "--sealed or --contact, not both: each is a file of its own");
	if ((sealed || contact) && isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE, "bad-value", "a sealed file is no text for a terminal: send it to a file, "
			       "or to `age -d -i IDENTITY`");
	return 0;
}

int ctl_cases_show(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	bool sealed = program_given(ctl->call, "sealed"), contact = program_given(ctl->call, "contact");
	struct store_filter of_case = { 0 }, of_tip = { 0 };
	json_t *tips = json_array(), *links = json_array(), *one = json_array();
	struct tip_id id, tip_id;
	int result = -1;

	if (read_show(ctl, &id, err) < 0)
		goto done;
	of_case.case_id = &id;
	if (store_each_tip(ctl->store, &of_case, add_tip, tips, err) < 0)
		goto done;
	if (sealed || contact) {
		out->written = true;
		if (one_tip(ctl, &id, tips, &tip_id, err) == 0)
			result = write_blob(ctl, &tip_id, contact, err);
		goto done;
	}
	if (json_array_size(tips)) {
		out->value = json_pack("{s:s, s:O}", "case_id", ctl->argv[0], "tips", tips);
		out->columns = tip_columns;
		result = 0;
		goto done;
	}
	of_tip.tip_id = &id;
	if (store_each_tip(ctl->store, &of_tip, add_tip, one, err) < 0)
		goto done;
	if (!json_array_size(one)) {
		no_such_id(ctl, err);
		goto done;
	}
	out->value = json_incref(json_array_get(one, 0));
	result = store_each_link(ctl->store, &id, add_link, links, err);
	json_object_set(out->value, "links", links);
done:
	json_decref(tips);
	json_decref(links);
	json_decref(one);
	return result;
}

static int add_team(void *arg, const char *team, uint8_t outcome, uint64_t tips)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:I}", "team", team, "outcome", outcome_names[outcome], "tips",
					     (json_int_t)tips));
	return 0;
}

int ctl_cases_summary(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct store_totals totals;
	json_t *teams = json_array();

	if (store_totals(ctl->store, &totals, err) < 0 || store_each_team(ctl->store, add_team, teams, err) < 0)
		return json_decref(teams), -1;
	out->value = json_pack("{s:I, s:I, s:I, s:I, s:o}", "tips", (json_int_t)totals.tips, "cases",
			       (json_int_t)totals.cases, "links", (json_int_t)totals.links, "conflicts",
			       (json_int_t)totals.conflicts, "teams", teams);
	return 0;
}
