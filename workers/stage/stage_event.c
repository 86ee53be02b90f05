/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_event.h"

#include <string.h>

#include "schema/reason.h"
#include "schema/topics.h"

#define MS_PER_DAY 86400000ll

void stage_intake_init(struct stage_intake *intake, const struct stage *stage, struct bus_ring *ring,
		       struct arena *arena)
{
	memset(intake, 0, sizeof(*intake));
	intake->stage = stage;
	intake->ring = ring;
	intake->arena = arena;
}

void stage_intake_wipe(struct stage_intake *intake)
{
	buf_clear(&intake->plain);
}

void stage_intake_release(struct stage_intake *intake)
{
	buf_release(&intake->plain);
}

static uint32_t day_of_timestamp(int64_t ms)
{
	int64_t day = ms / MS_PER_DAY;

	return ms > 0 && day <= UINT32_MAX ? (uint32_t)day : 0;
}

/* Decimal digits only; -1 for anything else. */
static int read_day(struct slice text, uint32_t *day)
{
	uint64_t v = 0;

	if (!text.len || text.len > 10)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		v = 10 * v + (uint64_t)(text.data[i] - '0');
	}
	if (v > UINT32_MAX)
		return -1;
	*day = (uint32_t)v;
	return 0;
}

/* The header's, which a replayed record keeps; else the timestamp's. */
static uint32_t day_of(const struct kafka_record *record)
{
	struct slice text;
	uint32_t day;

	if (kafka_record_header(record, HEADER_DAY, &text) && read_day(text, &day) == 0)
		return day;
	return day_of_timestamp(record->timestamp_ms);
}

static int header_tip_id(const struct kafka_record *record, struct tip_id *id)
{
	struct slice text;

	if (!kafka_record_header(record, HEADER_TIP_ID, &text))
		return -1;
	return tip_id_parse(id, (const char *)text.data, text.len);
}

void stage_identity_read(struct stage_identity *identity, const struct kafka_record *record)
{
	struct frame frame;

	memset(identity, 0, sizeof(*identity));
	identity->day = day_of(record);
	identity->known = true;
	if (!header_tip_id(record, &identity->tip_id))
		return;
	if (record->key.len && !tip_id_parse(&identity->tip_id, (const char *)record->key.data, record->key.len))
		return;
	if (!frame_parse(&frame, record->value, NULL)) {
		identity->tip_id = frame.tip_id;
		return;
	}
	identity->known = false;
}

static int refuse(struct err *err, const char *reason, const char *text)
{
	return err_set(err, ERR_DATA, reason, "%s", text);
}

static int check_shape(const struct stage *stage, const struct kafka_record *record, struct tip_id *id,
		       struct err *err)
{
	size_t most = stage->input == STAGE_READS_FRAMES ? FRAME_MAX : KAFKA_MESSAGE_MAX;

	if (record->value_null)
		return refuse(err, REASON_RECORD_NULL, "no value");
	if (record->headers_cut)
		return refuse(err, REASON_RECORD_HEADERS, "too many headers");
	if (header_tip_id(record, id))
		return refuse(err, REASON_RECORD_HEADERS, "no valid " HEADER_TIP_ID " header");
	if (record->value.len > most)
		return refuse(err, REASON_TOO_LARGE, "the value is too large");
	return 0;
}

static int open_record(struct stage_intake *intake, const struct kafka_record *in, const struct tip_id *id,
		       struct err *err)
{
	if (bus_open(&intake->plain, intake->ring, in->topic, id, in->value, err) ||
	    record_decode(&intake->record, buf_slice(&intake->plain), intake->arena, err))
		return -1;
	if (!tip_id_equal(&intake->record.tip_id, id))
		return refuse(err, REASON_RECORD_SHAPE, "the record is another tip's");
	return 0;
}

int stage_event_open(struct event *event, struct stage_intake *intake, const struct kafka_record *record,
		     struct err *err)
{
	memset(event, 0, sizeof(*event));
	stage_intake_wipe(intake);
	if (check_shape(intake->stage, record, &event->tip_id, err))
		return -1;
	event->origin = (struct origin){ record->topic, record->partition, record->offset };
	event->value = record->value;
	event->arena = intake->arena;
	if (intake->stage->input == STAGE_READS_FRAMES) {
		event->day = day_of(record);
		return 0;
	}
	if (open_record(intake, record, &event->tip_id, err))
		return -1;
	event->record = &intake->record;
	event->day = intake->record.day;
	return 0;
}
