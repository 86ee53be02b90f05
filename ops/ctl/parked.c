/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl parked: what stages put aside on tip.parked, with the reason and what to do about it. Reads headers only;
 * the sealed values stay sealed.
 */
#include "ops/ctl/parked.h"

#include <stdlib.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "schema/reason.h"
#include "schema/topics.h"

static json_t *text_of(const struct kafka_record *record, const char *name)
{
	struct slice value;

	if (!kafka_record_header(record, name, &value))
		return json_null();
	return json_stringn((const char *)value.data, value.len) ?: json_string("(not UTF-8)");
}

static json_t *number_of(const struct kafka_record *record, const char *name)
{
	struct slice value;
	char text[24] = "", *end;
	long long n;

	if (!kafka_record_header(record, name, &value) || !value.len || value.len >= sizeof text)
		return json_null();
	memcpy(text, value.data, value.len);
	n = strtoll(text, &end, 10);
	return *end ? json_null() : json_integer(n);
}

int64_t parked_day(const struct kafka_record *record)
{
	json_t *number = number_of(record, HEADER_DAY);
	int64_t day = json_is_integer(number) ? json_integer_value(number) : -1;

	json_decref(number);
	return day;
}

json_t *parked_row(const struct kafka_record *record)
{
	json_t *row = json_object();
	const struct reason *reason;
	const char *code;

	json_object_set_new(row, "tip_id", text_of(record, HEADER_TIP_ID));
	json_object_set_new(row, "reason", text_of(record, HEADER_REASON));
	json_object_set_new(row, "stage", text_of(record, HEADER_STAGE));
	json_object_set_new(row, "origin_topic", text_of(record, HEADER_ORIGIN_TOPIC));
	json_object_set_new(row, "origin_partition", number_of(record, HEADER_ORIGIN_PARTITION));
	json_object_set_new(row, "origin_offset", number_of(record, HEADER_ORIGIN_OFFSET));
	json_object_set_new(row, "day", parked_day(record) < 0 ? json_null() : ctl_date(parked_day(record)));
	json_object_set_new(row, "attempts", number_of(record, HEADER_ATTEMPTS));
	json_object_set_new(row, "offset", json_integer(record->offset));
	json_object_set_new(row, "bytes", json_integer((json_int_t)record->value.len));
	code = json_string_value(json_object_get(row, "reason"));
	reason = code ? reason_find(code, strlen(code)) : NULL;
	json_object_set_new(row, "means", reason ? json_string(reason->means) : json_null());
	json_object_set_new(row, "todo", reason ? json_string(reason->todo) : json_null());
	return row;
}

struct gather {
	json_t *rows;
	const char *member, *wanted; /* only rows whose member is this; NULL: all */
	size_t limit;
};

static int gather_one(void *arg, const struct kafka_record *record, struct err *err)
{
	struct gather *gather = arg;
	json_t *row = parked_row(record);
	const char *value = gather->member ? json_string_value(json_object_get(row, gather->member)) : NULL;

	(void)err;
	if (gather->member && (!value || strcmp(value, gather->wanted) != 0)) {
		json_decref(row);
		return 0;
	}
	json_array_append_new(gather->rows, row);
	return gather->limit && json_array_size(gather->rows) >= gather->limit;
}

int ctl_parked_list(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "tip_id", "TIP", false }, { "day", "DAY", false }, { "reason", "REASON", false }, { "stage", "STAGE", false },
		{ "origin_topic", "FROM", false }, { "origin_partition", "PART", true }, { "origin_offset", "OFFSET", true },
		{ "attempts", "ATTEMPTS", true }, { NULL, NULL, false }
	};
	const char *reason = program_value(ctl->call, "reason", NULL);
	struct gather gather = { json_array(), reason ? "reason" : NULL, reason, 0 };

	out->value = gather.rows;
	out->columns = columns;
	if (ctl_limit(ctl, &gather.limit, err) < 0)
		return -1;
	if (reason && !reason_find(reason, strlen(reason)))
		return err_set(err, ERR_USAGE, "bad-value", "there is no reason code \"%s\"", reason);
	if (kafka_admin_scan(ctl->kafka, TOPIC_PARKED, NULL, gather_one, &gather, err) < 0)
		return -1;
	out->note = json_array_size(gather.rows) ? NULL : "nothing is parked";
	return 0;
}

int ctl_parked_show(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct gather gather = { json_array(), "tip_id", ctl->argv[0], 0 };

	out->value = json_pack("{s:s, s:o}", "tip_id", ctl->argv[0], "parked", gather.rows);
	if (kafka_admin_scan(ctl->kafka, TOPIC_PARKED, NULL, gather_one, &gather, err) < 0)
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
