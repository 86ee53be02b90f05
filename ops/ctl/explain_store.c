/* SPDX-License-Identifier: Apache-2.0 */
/* What the store has of a tip, and what an identity opens of it; the same case as a team's own topic has it. */
#include <string.h>

#include "ops/ctl/explain.h"
#include "ops/ctl/topic_scan.h"
#include "schema/topics.h"

struct row_search {
	struct explain *explain;
	json_int_t looked;
	bool met;
};

/* Not the teams and not the conflict: see explain.h. */
static int note_row(void *arg, const struct store_tip *tip)
{
	struct row_search *search = arg;
	struct explain *explain = search->explain;
	char hex[TIP_ID_HEX];

	search->looked++;
	search->met = explain->stored = true;
	tip_id_hex(&tip->case_id, hex);
	explain_fact(explain->facts, "day", ctl_date(tip->day));
	explain_fact(explain->facts, "case_id", json_string(hex));
	explain_fact(explain->facts, "channel", json_string(channel_names[tip->channel]));
	explain_fact(explain->facts, "outcome", json_string(outcome_names[tip->outcome]));
	explain_fact(explain->facts, "priority", json_string(priority_names[tip->priority]));
	explain_fact(explain->facts, "rule", json_string(tip->rule));
	explain_fact(explain->facts, "policy_hash", json_string(tip->policy_hash));
	return 1;
}

static int note_step(void *arg, const struct record_step *step)
{
	explain_step(arg, step);
	return 0;
}

static int note_link(void *arg, const struct link *link)
{
	explain_link(arg, link);
	return 0;
}

/* NULL: it went on; else a remark. */
static const char *open_case(struct explain *explain, struct slice sealed)
{
	struct buf plain = BUF_INIT;
	json_t *casefile = NULL;
	const char *remark = NULL;

	if (age_open(&plain, explain->holder.items, explain->holder.n, sealed, NULL) < 0)
		remark = "the case does not open with this identity";
	else if (!(casefile = json_loadb((const char *)plain.data, plain.len, 0, NULL)))
		remark = "the case opens, but is no case file";
	else
		explain_case(explain, casefile);
	json_decref(casefile);
	buf_release(&plain);
	return remark;
}

static const char *open_stored(struct explain *explain)
{
	struct buf sealed = BUF_INIT;
	const char *remark = NULL;

	if (explain->holder.n && store_sealed_case(explain->ctl->store, &explain->tip_id, &sealed, NULL) > 0)
		remark = open_case(explain, buf_slice(&sealed));
	buf_release(&sealed);
	return remark;
}

static int note_peek(void *arg, const struct store_tip *tip)
{
	struct explain *explain = arg;

	if (explain->since < (int64_t)tip->day)
		explain->since = tip->day;
	tip_id_hex(&tip->case_id, explain->case_hex);
	return 1;
}

void explain_peek(struct explain *explain)
{
	const struct store_filter of_tip = { .tip_id = &explain->tip_id };

	if (explain->ctl->store)
		(void)store_each_tip(explain->ctl->store, &of_tip, note_peek, explain, NULL);
}

void explain_store(struct explain *explain)
{
	struct store *store = explain->ctl->store;
	struct store_filter of_tip = { .tip_id = &explain->tip_id };
	struct row_search search = { .explain = explain };
	bool linked = json_array_size(explain->links) > 0;
	const char *remark = NULL;
	struct err err = ERR_INIT;

	if (!store) {
		explain_looked(explain, "store", 0, 0, "there is none here: key `store`, or --store FILE");
		return;
	}
	if (store_each_tip(store, &of_tip, note_row, &search, &err) < 0 ||
	    (search.met && store_each_step(store, &explain->tip_id, note_step, explain, &err) < 0) ||
	    (search.met && !linked && store_each_link(store, &explain->tip_id, note_link, explain, &err) < 0)) {
		explain->in_doubt = true;
		explain_looked(explain, "store", search.looked, search.met, err.text);
		return;
	}
	if (search.met) {
		remark = open_stored(explain);
		explain_fact(explain_stage(explain, "sink"), "where", json_string("store"));
		explain_fact(explain_stage(explain, "sink"), "decided", json_string("stored"));
	}
	explain_looked(explain, "store", search.looked, search.met, remark);
}

struct team_search {
	struct explain *explain;
	json_int_t looked, found;
	const char *remark;
};

static int note_case(void *arg, const struct kafka_record *record, struct err *err)
{
	struct team_search *search = arg;
	struct slice id;

	(void)err;
	search->looked++;
	if (!kafka_record_header(record, HEADER_TIP_ID, &id) || !slice_equal(id, slice_str(search->explain->hex)))
		return 0;
	search->found++;
	search->remark = open_case(search->explain, record->value);
	return 0;
}

void explain_team_topic(struct explain *explain, const char *team)
{
	struct team_search search = { .explain = explain };
	struct err err = ERR_INIT;
	char topic[sizeof(TOPIC_TEAM_PREFIX) + TEAM_NAME_MAX];

	snprintf(topic, sizeof(topic), TOPIC_TEAM_PREFIX "%.*s", TEAM_NAME_MAX, team);
	if (!explain->holder.n) {
		explain_looked(explain, topic, 0, 0, "not looked at: without an --identity a team's topic is not searched");
		return;
	}
	const struct topic_scan scan = { .ctl = explain->ctl, .topic = topic, .since = explain->since - 1 };

	if (!explain->ctl->kafka || topic_scan(&scan, note_case, &search, &err) < 0) {
		explain->in_doubt = true;
		explain_looked(explain, topic, search.looked, search.found, *err.text ? err.text : "no broker answers");
		return;
	}
	explain_looked(explain, topic, search.looked, search.found, search.remark);
}
