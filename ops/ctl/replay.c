/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/replay.h"

#include <inttypes.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define MS_PER_DAY 86400000ll

const char *replay_topic(const struct parked *parked)
{
	for (const struct topic_reader *reader = topic_readers; reader->stage; reader++)
		if (slice_equal(parked->origin_topic, slice_str(reader->topic)))
			return reader->topic;
	return NULL;
}

static void add_header(struct replay_note *note, const char *name, struct slice value)
{
	note->headers[note->out.n_headers++] = (struct kafka_header){ name, value };
}

/* What was parked for lack of headers gets none by being replayed: it would be another record. */
static bool had_tip_id(const struct parked *parked)
{
	return parked->has_tip_id && !slice_equal(parked->reason, slice_str(REASON_RECORD_HEADERS));
}

void replay_note_build(struct replay_note *note, const struct kafka_record *record, const struct parked *parked,
		       const char *topic)
{
	struct slice key, header;

	memset(note, 0, sizeof *note);
	snprintf(note->from, sizeof note->from, "%" PRId64, parked->offset);
	snprintf(note->replays, sizeof note->replays, "%" PRId64, parked->replays + 1);
	if (!kafka_record_header(record, HEADER_ORIGIN_KEY, &key))
		key = record->key;
	note->out = (struct kafka_outgoing){
		.topic = topic,
		.key = key,
		.value = record->value,
		.value_null = record->value_null,
		.headers = note->headers,
		.timestamp_ms = (int64_t)clock_day() * MS_PER_DAY,
	};
	if (had_tip_id(parked) && kafka_record_header(record, HEADER_TIP_ID, &header))
		add_header(note, HEADER_TIP_ID, header);
	if (parked->day >= 0 && kafka_record_header(record, HEADER_DAY, &header))
		add_header(note, HEADER_DAY, header);
	add_header(note, HEADER_PARKED_FROM, slice_str(note->from));
	add_header(note, HEADER_REPLAYS, slice_str(note->replays));
}

int64_t replay_parked_from(const struct kafka_record *record)
{
	return parked_number(record, HEADER_PARKED_FROM);
}
