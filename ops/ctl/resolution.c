/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/resolution.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define VERSION 1

static const char *const kind_names[N_RESOLUTIONS] = { "intent", "replayed", "discarded" };
const char *const parked_state_names[N_PARKED_STATES] = { "open", "replaying", "replayed", "discarded" };

enum parked_state parked_state_after(enum parked_state state, enum resolution_kind kind)
{
	static const enum parked_state next[N_PARKED_STATES][N_RESOLUTIONS] = {
		[PARKED_OPEN] = { PARKED_REPLAYING, PARKED_REPLAYED, PARKED_DISCARDED },
		[PARKED_REPLAYING] = { PARKED_REPLAYING, PARKED_REPLAYED, PARKED_DISCARDED },
		[PARKED_REPLAYED] = { PARKED_REPLAYED, PARKED_REPLAYED, PARKED_REPLAYED },
		[PARKED_DISCARDED] = { PARKED_DISCARDED, PARKED_DISCARDED, PARKED_DISCARDED },
	};

	return next[state][kind];
}

static void write_text(struct buf *out, const char *name, const char *text)
{
	if (!*text)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_append_json(out, text, strlen(text));
}

void resolution_write(struct buf *out, const struct resolution *resolution)
{
	char hex[TIP_ID_HEX];

	buf_printf(out, "{\"v\":%d,\"what\":\"%s\",\"parked\":%" PRId64, VERSION, kind_names[resolution->kind],
		   resolution->parked);
	if (resolution->has_tip_id) {
		tip_id_hex(&resolution->tip_id, hex);
		write_text(out, "tip_id", hex);
	}
	buf_printf(out, ",\"day\":%" PRIu32, resolution->day);
	write_text(out, "by", resolution->by);
	write_text(out, "because", resolution->because);
	write_text(out, "topic", resolution->topic);
	for (size_t i = 0; i < resolution->n_from; i++)
		buf_printf(out, "%s%" PRId64, i ? "," : ",\"from\":[", resolution->from[i]);
	buf_append_str(out, resolution->n_from ? "]}" : "}");
}

/* false when there is a member of another type, or a text too long. Absent reads as "". */
static bool read_text(char *out, size_t max, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	size_t len = json_string_length(value);

	out[0] = '\0';
	if (!value)
		return true;
	if (!json_is_string(value) || len > max)
		return false;
	memcpy(out, json_string_value(value), len + 1);
	return true;
}

static bool read_from(struct resolution *resolution, const json_t *list)
{
	size_t i;
	json_t *value;

	resolution->n_from = json_array_size(list);
	if (resolution->n_from > RESOLUTION_PARTITIONS_MAX || (list && !json_is_array(list)))
		return false;
	json_array_foreach((json_t *)(uintptr_t)list, i, value) {
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return false;
		resolution->from[i] = json_integer_value(value);
	}
	return true;
}

static bool read_kind(struct resolution *resolution, const json_t *object)
{
	const char *what = json_string_value(json_object_get(object, "what"));

	for (int i = 0; what && i < N_RESOLUTIONS; i++) {
		resolution->kind = (enum resolution_kind)i;
		if (strcmp(what, kind_names[i]) == 0)
			return true;
	}
	return false;
}

static bool read_members(struct resolution *resolution, const json_t *object)
{
	const json_t *parked = json_object_get(object, "parked"), *day = json_object_get(object, "day");
	char hex[TIP_ID_HEX];

	if (!read_kind(resolution, object) || !json_is_integer(parked) || json_integer_value(parked) < 0 ||
	    !json_is_integer(day) || json_integer_value(day) < 0 || json_integer_value(day) > UINT32_MAX)
		return false;
	resolution->parked = json_integer_value(parked);
	resolution->day = (uint32_t)json_integer_value(day);
	if (!read_text(hex, TIP_ID_HEX - 1, object, "tip_id"))
		return false;
	resolution->has_tip_id = *hex;
	if (*hex && tip_id_parse(&resolution->tip_id, hex, strlen(hex)) < 0)
		return false;
	return read_text(resolution->by, RESOLUTION_TEXT_MAX, object, "by") &&
	       read_text(resolution->because, RESOLUTION_TEXT_MAX, object, "because") &&
	       read_text(resolution->topic, RESOLUTION_TOPIC_MAX, object, "topic") &&
	       read_from(resolution, json_object_get(object, "from"));
}

int resolution_read(struct resolution *resolution, struct slice text, struct err *err)
{
	json_t *object = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *version = json_object_get(object, "v");
	int result = 0;

	memset(resolution, 0, sizeof *resolution);
	if (json_is_integer(version) && json_integer_value(version) > VERSION)
		result = err_set(err, ERR_DATA, "resolution-later", "a later release of tipctl wrote it: use that one");
	else if (!json_is_integer(version) || json_integer_value(version) != VERSION ||
		 !read_members(resolution, object))
		result = err_set(err, ERR_DATA, NULL, "it is no resolution");
	json_decref(object);
	return result;
}
