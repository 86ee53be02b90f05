/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_park.h"

#include <inttypes.h>
#include <string.h>

#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/stage/emit.h"
#include "workers/stage/stage_event.h"

#define REPLAYS_DIGITS 10

const char *stage_park_reason(const struct err *why)
{
	const struct reason *reason = why->reason ? reason_find(why->reason, strlen(why->reason)) : NULL;

	return reason ? reason->code : REASON_STAGE_REFUSED;
}

static void add_header(struct stage_park_note *note, const char *name, const char *value)
{
	note->headers[note->out.n_headers++] = (struct kafka_header){ name, slice_str(value) };
}

/* What is not a short number is foreign: the note could get too large to write, and readers take headers as text. */
static bool is_count(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > 0 && text.len <= REPLAYS_DIGITS;
}

void stage_park_note_build(struct stage_park_note *note, const struct kafka_record *record, const char *stage,
			   const char *reason, unsigned attempts)
{
	struct stage_identity identity;
	struct slice replays;

	stage_identity_read(&identity, record);
	memset(note, 0, sizeof(*note));
	snprintf(note->partition, sizeof(note->partition), "%" PRId32, record->partition);
	snprintf(note->offset, sizeof(note->offset), "%" PRId64, record->offset);
	snprintf(note->day, sizeof(note->day), "%" PRIu32, identity.day);
	snprintf(note->attempts, sizeof(note->attempts), "%u", attempts);
	note->out = (struct kafka_outgoing){
		.topic = TOPIC_PARKED,
		.key = record->key,
		.value = record->value,
		.value_null = record->value_null,
		.headers = note->headers,
		.timestamp_ms = emit_timestamp_ms(),
	};
	add_header(note, HEADER_REASON, reason);
	add_header(note, HEADER_STAGE, stage);
	add_header(note, HEADER_ORIGIN_TOPIC, record->topic);
	add_header(note, HEADER_ORIGIN_PARTITION, note->partition);
	add_header(note, HEADER_ORIGIN_OFFSET, note->offset);
	add_header(note, HEADER_DAY, note->day);
	add_header(note, HEADER_ATTEMPTS, note->attempts);
	if (kafka_record_header(record, HEADER_REPLAYS, &replays) && is_count(replays))
		note->headers[note->out.n_headers++] = (struct kafka_header){ HEADER_REPLAYS, replays };
	if (!identity.known)
		return;
	tip_id_hex(&identity.tip_id, note->tip_id);
	note->out.key = slice_str(note->tip_id);
	add_header(note, HEADER_TIP_ID, note->tip_id);
	if (!slice_equal(record->key, note->out.key))
		note->headers[note->out.n_headers++] = (struct kafka_header){ HEADER_ORIGIN_KEY, record->key };
}
