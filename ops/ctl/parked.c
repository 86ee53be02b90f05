/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl parked list and show: what stages put aside on tip.parked, with the reason, what to do about it, and what was
 * done. Reads headers only; the sealed values stay sealed.
 */
#include "ops/ctl/parked.h"

#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/selection.h"
#include "ops/runtime/number.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define STATE_ALL "all"

static struct slice slice_of_header(const struct kafka_record *record, const char *name)
{
	struct slice value;

	return kafka_record_header(record, name, &value) ? value : slice_of(NULL, 0);
}

static json_t *text_of(struct slice value)
{
	if (!value.data)
		return json_null();
	return json_stringn((const char *)value.data, value.len) ?: json_string("(not UTF-8)");
}

int64_t parked_number(const struct kafka_record *record, const char *name)
{
	struct slice value = slice_of_header(record, name);
	char text[20] = "";
	int64_t n;

	if (!value.len || value.len >= sizeof text)
		return -1;
	memcpy(text, value.data, value.len);
	return strlen(text) == value.len && number_int(text, &n) == NUMBER_OK && n >= 0 ? n : -1;
}

static json_t *number_or_null(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

void parked_read(struct parked *parked, const struct kafka_record *record, const struct resolutions *all)
{
	struct slice id = slice_of_header(record, HEADER_TIP_ID);

	memset(parked, 0, sizeof *parked);
	parked->offset = record->offset;
	parked->has_tip_id = id.len && tip_id_parse(&parked->tip_id, (const char *)id.data, id.len) == 0;
	parked->reason = slice_of_header(record, HEADER_REASON);
	parked->stage = slice_of_header(record, HEADER_STAGE);
	parked->origin_topic = slice_of_header(record, HEADER_ORIGIN_TOPIC);
	parked->day = parked_number(record, HEADER_DAY);
	parked->replays = parked_number(record, HEADER_REPLAYS);
	if (parked->replays < 0)
		parked->replays = 0;
	if (all)
		parked->resolved = resolutions_find(all, parked->offset, parked->has_tip_id ? &parked->tip_id : NULL);
	parked->state = parked->resolved ? parked->resolved->state : PARKED_OPEN;
}

bool parked_is_open(const struct parked *parked)
{
	return parked->state == PARKED_OPEN || parked->state == PARKED_REPLAYING;
}

/* What was done about it: by whom, why, on which day. */
static void add_resolved(json_t *row, const struct resolved *resolved)
{
	const char *by = resolved ? resolved->by : NULL, *because = resolved ? resolved->because : NULL;

	json_object_set_new(row, "resolved_day", resolved ? ctl_date(resolved->day) : json_null());
	json_object_set_new(row, "resolved_by", by ? json_string(by) : json_null());
	json_object_set_new(row, "resolved_because", because ? json_string(because) : json_null());
}

json_t *parked_row(const struct kafka_record *record, const struct parked *parked)
{
	json_t *row = json_object();
	const struct reason *reason = reason_find((const char *)parked->reason.data, parked->reason.len);

	json_object_set_new(row, "tip_id", text_of(slice_of_header(record, HEADER_TIP_ID)));
	json_object_set_new(row, "reason", text_of(parked->reason));
	json_object_set_new(row, "stage", text_of(parked->stage));
	json_object_set_new(row, "state", json_string(parked_state_names[parked->state]));
	json_object_set_new(row, "origin_topic", text_of(parked->origin_topic));
	json_object_set_new(row, "origin_partition", number_or_null(parked_number(record, HEADER_ORIGIN_PARTITION)));
	json_object_set_new(row, "origin_offset", number_or_null(parked_number(record, HEADER_ORIGIN_OFFSET)));
	json_object_set_new(row, "day", parked->day < 0 ? json_null() : ctl_date(parked->day));
	json_object_set_new(row, "attempts", number_or_null(parked_number(record, HEADER_ATTEMPTS)));
	json_object_set_new(row, "replays", json_integer(parked->replays));
	json_object_set_new(row, "offset", json_integer(record->offset));
	json_object_set_new(row, "bytes", json_integer((json_int_t)record->value.len));
	json_object_set_new(row, "means", reason ? json_string(reason->means) : json_null());
	json_object_set_new(row, "todo", reason ? json_string(reason->todo) : json_null());
	add_resolved(row, parked->resolved);
	return row;
}

struct gather {
	const struct selection *selection;
	const struct resolutions *all;
	uint32_t states; /* a bit each */
	json_t *rows;
};

static int gather_one(void *arg, const struct kafka_record *record, struct err *err)
{
	struct gather *gather = arg;
	struct parked parked;

	(void)err;
	parked_read(&parked, record, gather->all);
	if (!(gather->states & 1u << parked.state) || !selection_holds(gather->selection, &parked))
		return 0;
	json_array_append_new(gather->rows, parked_row(record, &parked));
	return gather->selection->limit && json_array_size(gather->rows) >= gather->selection->limit;
}

static int read_states(const struct ctl *ctl, uint32_t *states, struct err *err)
{
	const char *wanted = program_value(ctl->call, "state", parked_state_names[PARKED_OPEN]);
	const char *names[N_PARKED_STATES + 1];

	*states = (1u << N_PARKED_STATES) - 1;
	if (strcmp(wanted, STATE_ALL) == 0)
		return 0;
	for (uint32_t i = 0; i < N_PARKED_STATES; i++) {
		*states = 1u << i;
		if (strcmp(wanted, parked_state_names[i]) != 0)
			continue;
		if (i == PARKED_OPEN) /* an interrupted replay is not over */
			*states |= 1u << PARKED_REPLAYING;
		return 0;
	}
	memcpy(names, parked_state_names, sizeof parked_state_names);
	names[N_PARKED_STATES] = STATE_ALL;
	return ctl_no_such("state", wanted, names, N_PARKED_STATES + 1, err);
}

static int gather_rows(struct ctl *ctl, struct gather *gather, struct err *err)
{
	struct resolutions all = { 0 };
	int result = resolutions_load(&all, ctl->kafka, err);

	gather->all = &all;
	if (result == 0)
		result = kafka_admin_scan(ctl->kafka, TOPIC_PARKED, NULL, gather_one, gather, err);
	gather->all = NULL;
	resolutions_release(&all);
	return result;
}

struct tally {
	const char *reason;
	const struct resolutions *all;
	size_t n;
};

static int count_one(void *arg, const struct kafka_record *record, struct err *err)
{
	struct tally *tally = arg;
	struct parked parked;

	(void)err;
	parked_read(&parked, record, tally->all);
	tally->n += parked_is_open(&parked) && slice_equal(parked.reason, slice_str(tally->reason));
	return 0;
}

int parked_count(struct kafka_admin *kafka, const char *reason, size_t *n, struct err *err)
{
	struct resolutions all = { 0 };
	struct tally tally = { .reason = reason, .all = &all };
	int result = resolutions_load(&all, kafka, err);

	if (result == 0)
		result = kafka_admin_scan(kafka, TOPIC_PARKED, NULL, count_one, &tally, err);
	resolutions_release(&all);
	*n = tally.n;
	return result;
}

int ctl_parked_list(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "tip_id", "TIP", false }, { "day", "DAY", false }, { "reason", "REASON", false }, { "stage", "STAGE", false },
		{ "state", "STATE", false }, { "origin_topic", "FROM", false }, { "origin_partition", "PART", true },
		{ "origin_offset", "OFFSET", true }, { "replays", "REPLAYS", true }, { NULL, NULL, false }
	};
	static const struct ctl_column with_deeds[] = {
		{ "tip_id", "TIP", false }, { "day", "DAY", false }, { "reason", "REASON", false }, { "stage", "STAGE", false },
		{ "state", "STATE", false }, { "resolved_day", "ON", false }, { "resolved_by", "BY", false },
		{ "resolved_because", "BECAUSE", false }, { "replays", "REPLAYS", true }, { NULL, NULL, false }
	};
	struct selection selection;
	struct gather gather = { .selection = &selection, .rows = json_array() };
	int result;

	out->value = gather.rows;
	result = selection_read(&selection, ctl, err);
	if (result == 0)
		result = read_states(ctl, &gather.states, err);
	out->columns = gather.states & (1u << PARKED_REPLAYED | 1u << PARKED_DISCARDED) ? with_deeds : columns;
	if (result == 0)
		result = gather_rows(ctl, &gather, err);
	if (!json_array_size(gather.rows))
		out->note = selection_given(&selection) || program_given(ctl->call, "state") ?
				    "nothing parked matches" :
				    "nothing is parked (--state all shows what was replayed or discarded)";
	selection_release(&selection);
	return result;
}

int ctl_parked_show(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct selection selection;
	struct gather gather = { .selection = &selection, .states = (1u << N_PARKED_STATES) - 1, .rows = json_array() };
	int result;

	out->value = json_pack("{s:s, s:o}", "tip_id", ctl->argv[0], "parked", gather.rows);
	result = selection_read(&selection, ctl, err);
	if (result == 0)
		result = gather_rows(ctl, &gather, err);
	selection_release(&selection);
	if (result < 0)
		return -1;
	if (!json_array_size(gather.rows))
		return err_set(err, ERR_DATA, NULL, "no parked record of tip %.64s", ctl->argv[0]);
	if (!ctl->json && json_array_size(gather.rows) == 1) { /* one reads better as lines than as one long row */
		json_t *row = json_incref(json_array_get(gather.rows, 0));

		json_decref(out->value);
		out->value = row;
	}
	return 0;
}
