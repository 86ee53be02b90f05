/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl parked replay and discard. desk.h says how they keep to once.
 */
#include "ops/ctl/parked_act.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/desk.h"
#include "ops/ctl/replay.h"
#include "ops/ctl/selection.h"
#include "schema/topics.h"

#define BUNDLE 200 /* records between two proofs that the lock is held */
#define N_TOPICS 4

/* A selected record, as far as it must be known before it is read again. */
struct chosen {
	int64_t offset;
	bool has_tip_id;
	struct tip_id tip_id;
	const char *topic; /* where it goes back to; NULL: nowhere */
	json_t *row;       /* borrowed from the output */
	struct desk_send send;
};

/* The highest offset of each partition of a topic, before the first intent: what is replayed stands at or behind it. */
struct ends {
	const char *topic;
	int64_t next[RESOLUTION_PARTITIONS_MAX];
	size_t n;
};

struct act {
	struct ctl *ctl;
	struct selection selection;
	bool discard;
	const struct resolutions *all;
	struct chosen *chosen;
	size_t n, cap;
	size_t over;  /* selected, but replayed or discarded before */
	size_t stuck; /* no stage reads the topic they came from */
	json_t *rows;
	struct ends ends[N_TOPICS];
	size_t n_ends;
};

/* -- choosing ------------------------------------------------------------------------------------------------- */

static json_t *row_of(const struct kafka_record *record, const struct parked *parked)
{
	static const char *const members[] = { "tip_id", "day", "reason", "stage", "origin_topic", "offset" };
	json_t *whole = parked_row(record, parked), *row = json_object();

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_set(row, members[i], json_object_get(whole, members[i]));
	json_decref(whole);
	return row;
}

static int choose_one(void *arg, const struct kafka_record *record, struct err *err)
{
	struct act *act = arg;
	struct parked parked;
	struct chosen *one;

	(void)err;
	parked_read(&parked, record, act->all);
	if (!selection_take(&act->selection, &parked))
		return 0;
	if (!parked_is_open(&parked)) {
		act->over++;
		return 0;
	}
	if (act->n == act->cap) {
		act->cap = act->cap ? 2 * act->cap : 64;
		act->chosen = mem_grow(act->chosen, act->cap * sizeof *act->chosen);
	}
	one = &act->chosen[act->n++];
	*one = (struct chosen){ .offset = parked.offset, .has_tip_id = parked.has_tip_id, .tip_id = parked.tip_id,
				.topic = replay_topic(&parked), .row = row_of(record, &parked) };
	json_array_append_new(act->rows, one->row);
	act->stuck += !act->discard && !one->topic;
	return act->selection.limit && act->n >= act->selection.limit;
}

static int choose(struct act *act, const struct resolutions *all, struct err *err)
{
	int partitions, replication, result;

	if (kafka_admin_topic(act->ctl->kafka, TOPIC_PARKED, &partitions, &replication, err) < 0)
		return -1;
	if (partitions > 1) /* a resolution names an offset alone */
		return err_set(err, ERR_UNAVAILABLE, NULL, TOPIC_PARKED " must have one partition: `tipctl topics check`");
	act->all = all;
	result = kafka_admin_scan(act->ctl->kafka, TOPIC_PARKED, NULL, choose_one, act, err);
	act->all = NULL;
	return result;
}

static const struct tip_id *tip_of(const struct chosen *one)
{
	return one->has_tip_id ? &one->tip_id : NULL;
}

static void say(const struct chosen *one, const char *result)
{
	json_object_set_new(one->row, "result", json_string(result));
}

/* -- replaying ------------------------------------------------------------------------------------------------ */

/* NULL when the broker cannot say. */
static const struct ends *ends_of(struct act *act, const char *topic, struct err *err)
{
	struct ends *ends;
	int partitions, replication;
	int64_t low;

	for (size_t i = 0; i < act->n_ends; i++)
		if (act->ends[i].topic == topic)
			return &act->ends[i];
	ends = &act->ends[act->n_ends];
	if (kafka_admin_topic(act->ctl->kafka, topic, &partitions, &replication, err) < 0)
		return NULL;
	if (!partitions || partitions > RESOLUTION_PARTITIONS_MAX) {
		err_set(err, ERR_UNAVAILABLE, "topic-missing", "topic %s: %s", topic,
			partitions ? "too many partitions" : "is missing: `tipctl topics create` makes it");
		return NULL;
	}
	for (int p = 0; p < partitions; p++)
		if (kafka_admin_watermarks(act->ctl->kafka, topic, p, &low, &ends->next[p], err) < 0)
			return NULL;
	ends->topic = topic;
	ends->n = (size_t)partitions;
	act->n_ends++;
	return ends;
}

static int write_intents(struct act *act, struct desk *desk, struct chosen *bundle, size_t n, struct err *err)
{
	struct resolution resolution;

	for (size_t i = 0; i < n; i++) {
		const struct ends *ends;

		if (!bundle[i].topic)
			continue;
		ends = ends_of(act, bundle[i].topic, err);
		if (!ends)
			return -1;
		desk_resolution(desk, &resolution, RESOLUTION_INTENT, bundle[i].offset, tip_of(&bundle[i]));
		snprintf(resolution.topic, sizeof resolution.topic, "%s", bundle[i].topic);
		memcpy(resolution.from, ends->next, ends->n * sizeof *ends->next);
		resolution.n_from = ends->n;
		if (desk_note(desk, &resolution, err) < 0)
			return -1;
	}
	return desk_flush(desk, err);
}

/* A bundle on its way, and the next of it to be met on tip.parked, whose order it has. */
struct carry {
	struct desk *desk;
	struct chosen *bundle;
	size_t n, next;
};

static int put_back(void *arg, const struct kafka_record *record, struct err *err)
{
	struct carry *carry = arg;
	struct chosen *one = &carry->bundle[carry->next];
	struct replay_note note;
	struct parked parked;

	if (record->offset < one->offset)
		return 0;
	if (record->offset > one->offset)
		return err_set(err, ERR_UNAVAILABLE, NULL, TOPIC_PARKED " offset %" PRId64 " is gone", one->offset);
	parked_read(&parked, record, NULL);
	if (one->topic) {
		replay_note_build(&note, record, &parked, one->topic);
		if (desk_send(carry->desk, &note.out, &one->send, err) < 0)
			return -1;
	}
	return ++carry->next == carry->n;
}

/* Also after a failure, of those that were acknowledged: what is known is written down. */
static int write_replayed(struct desk *desk, struct chosen *bundle, size_t n, struct err *err)
{
	struct resolution resolution;

	for (size_t i = 0; i < n; i++) {
		if (!bundle[i].send.ok)
			continue;
		desk_resolution(desk, &resolution, RESOLUTION_REPLAYED, bundle[i].offset, tip_of(&bundle[i]));
		snprintf(resolution.topic, sizeof resolution.topic, "%s", bundle[i].topic);
		if (desk_note(desk, &resolution, err) < 0)
			return -1;
	}
	return desk_flush(desk, err);
}

static int replay_bundle(struct act *act, struct desk *desk, struct chosen *bundle, size_t n, struct err *err)
{
	struct carry carry = { desk, bundle, n, 0 };
	struct err why = ERR_INIT;
	int64_t from = bundle[0].offset;
	int result;

	if (kafka_lock_prove(desk->lock, err) < 0 || write_intents(act, desk, bundle, n, err) < 0 ||
	    kafka_lock_prove(desk->lock, err) < 0)
		return -1;
	result = kafka_admin_scan(act->ctl->kafka, TOPIC_PARKED, &from, put_back, &carry, &why);
	if (desk_flush(desk, result == 0 ? &why : NULL) < 0)
		result = -1;
	if (write_replayed(desk, bundle, n, result == 0 ? err : NULL) < 0 && result == 0)
		return -1;
	return result < 0 ? err_set(err, why.kind, why.reason, "%s", why.text) : 0;
}

/* -- discarding ----------------------------------------------------------------------------------------------- */

static int discard_bundle(struct act *act, struct desk *desk, struct chosen *bundle, size_t n, struct err *err)
{
	struct resolution resolution;

	(void)act;
	if (kafka_lock_prove(desk->lock, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		desk_resolution(desk, &resolution, RESOLUTION_DISCARDED, bundle[i].offset, tip_of(&bundle[i]));
		if (desk_note(desk, &resolution, err) < 0)
			return -1;
	}
	if (desk_flush(desk, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		bundle[i].send.ok = true;
	return 0;
}

/* -- both ----------------------------------------------------------------------------------------------------- */

static int work(struct act *act, struct desk *desk, struct err *err)
{
	int (*bundle)(struct act *, struct desk *, struct chosen *, size_t, struct err *) =
		act->discard ? discard_bundle : replay_bundle;

	for (size_t i = 0; i < act->n; i += BUNDLE) {
		size_t n = act->n - i < BUNDLE ? act->n - i : BUNDLE;

		if (bundle(act, desk, act->chosen + i, n, err) < 0)
			return err_prefix(err, "after %zu of %zu records (the same command goes on where this ended)", i,
					  act->n);
	}
	return 0;
}

static size_t write_results(const struct act *act, bool dry)
{
	size_t done = 0;

	for (size_t i = 0; i < act->n; i++) {
		const struct chosen *one = &act->chosen[i];

		if (!act->discard && !one->topic)
			say(one, "no stage reads where it came from");
		else if (dry)
			say(one, act->discard ? "would be discarded" : "would be replayed");
		else
			say(one, act->discard ? "discarded" : "replayed");
		done += !dry && one->send.ok;
	}
	return done;
}

static int read_command(struct act *act, struct err *err)
{
	const struct ctl *ctl = act->ctl;
	bool all = program_given(ctl->call, "all");

	if (selection_read(&act->selection, ctl, err) < 0 || desk_check_words(ctl, act->discard, err) < 0)
		return -1;
	if (!all && !selection_given(&act->selection))
		return err_set(err, ERR_USAGE, "bad-value",
			       "which ones? Name tips, --reason, --stage, --since or --until; --all for everything that "
			       "is parked (--dry-run shows what would be done)");
	if (all && selection_given(&act->selection))
		return err_set(err, ERR_USAGE, "bad-value", "--all takes everything: it does not go with a selection");
	return 0;
}

static int rehearse(struct act *act, struct err *err)
{
	struct resolutions all = { 0 };
	int result = resolutions_load(&all, act->ctl->kafka, err);

	if (result == 0)
		result = choose(act, &all, err);
	resolutions_release(&all);
	return result;
}

static const char *note_of(const struct act *act, bool dry)
{
	if (!act->n && act->over)
		return "nothing open matches: what matches was replayed or discarded before";
	if (!act->n)
		return "nothing parked matches";
	if (act->stuck)
		return "where no stage reads the topic a record came from, it stays parked";
	return dry ? "nothing was done" : NULL;
}

/* Tips that were named and are not there: whoever typed them believes that something was done about each. */
static void tell_unmet(const struct act *act, struct ctl_output *out)
{
	const bool cut_short = act->selection.limit && act->n >= act->selection.limit;
	json_t *unmet = cut_short ? json_array() : selection_unmet(&act->selection), *id;
	size_t i;

	out->remarks = json_array();
	json_array_foreach(unmet, i, id) {
		json_array_append_new(out->remarks, json_sprintf("no parked record that matches is of tip %s",
								 json_string_value(id)));
	}
	if (act->n && act->over)
		json_array_append_new(out->remarks, json_sprintf("%zu more that match were replayed or discarded before",
								 act->over));
	out->status = json_array_size(unmet) ? 1 : 0;
	json_object_set_new(out->value, "not_found", unmet);
}

static int act_out(struct act *act, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "tip_id", "TIP", false }, { "day", "DAY", false }, { "reason", "REASON", false }, { "stage", "STAGE", false },
		{ "origin_topic", "FROM", false }, { "result", "RESULT", false }, { NULL, NULL, false }
	};
	const bool dry = program_given(act->ctl->call, "dry-run");
	struct desk desk = { 0 };
	int result = read_command(act, err);
	size_t done;

	if (result == 0 && dry)
		result = rehearse(act, err);
	else if (result == 0) {
		result = desk_open(&desk, act->ctl, err);
		if (result == 0)
			result = choose(act, &desk.all, err);
		if (result == 0)
			result = work(act, &desk, err);
	}
	if (result == 0) {
		done = write_results(act, dry);
		out->value = json_pack("{s:I, s:I, s:I, s:b, s:O}", "selected", (json_int_t)act->n,
				       act->discard ? "discarded" : "replayed", (json_int_t)done,
				       "settled", (json_int_t)desk.settled, "dry_run", dry, "records", act->rows);
		out->columns = columns;
		out->note = note_of(act, dry);
		tell_unmet(act, out);
	}
	desk_close(&desk);
	return result;
}

static int run(struct ctl *ctl, bool discard, struct ctl_output *out, struct err *err)
{
	struct act act = { .ctl = ctl, .discard = discard, .rows = json_array() };
	int result = act_out(&act, out, err);

	json_decref(act.rows);
	free(act.chosen);
	selection_release(&act.selection);
	return result;
}

int parked_put_back(struct ctl *ctl, const char *reason, const char *stage, const char *by, size_t *n,
		    struct err *err)
{
	struct act act = { .ctl = ctl, .selection = { .reason = reason, .stage = stage, .since = -1, .until = -1 },
			   .rows = json_array() };
	struct desk desk = { 0 };
	int result = rehearse(&act, err); /* nobody need wait for the desk where there is nothing to do */

	if (result == 0 && act.n > 0) {
		act.n = 0;
		result = desk_open(&desk, ctl, err);
		desk.by = by;
		if (result == 0)
			result = choose(&act, &desk.all, err);
		if (result == 0)
			result = work(&act, &desk, err);
		desk_close(&desk);
	}
	*n = result == 0 ? act.n : 0;
	json_decref(act.rows);
	free(act.chosen);
	return result;
}

int ctl_parked_replay(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	return run(ctl, false, out, err);
}

int ctl_parked_discard(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	return run(ctl, true, out, err);
}
