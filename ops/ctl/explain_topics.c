/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the topics have of a tip, in the order of its way. A tip can be there more than once (retries, replays), so its
 * partition is read to the end of this moment, from the oldest record that is kept or from the day it came, if known.
 */
#include <inttypes.h>
#include <string.h>

#include "ops/ctl/explain.h"
#include "ops/ctl/parked.h"
#include "ops/ctl/topic_scan.h"
#include "schema/frame.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define MS_PER_DAY 86400000ll

struct place {
	const char *topic, *writer, *reader; /* the stages on both sides */
	const char *decided;                 /* said of the writer when nothing better is known */
	bool by_case;                        /* keyed by the case's id, else by the tip's */
};

/* The order is that of a tip's way, so that a tip that moves while this reads is met further on. */
static const struct place places[] = {
	{ TOPIC_SEALED, "gateway", "classify", "accepted", false },
	{ TOPIC_CLASSIFIED, "classify", "dedupe", "classified", false },
	{ TOPIC_LINKED, "dedupe", "route", "linked", true },
	{ TOPIC_ROUTED, "route", "sink", "routed", true },
};

struct search {
	struct explain *explain;
	const struct place *place;
	json_int_t looked, found;
	int32_t partition; /* where the last one lies */
	int64_t offset;
	struct err sealed; /* why one did not open */
	struct resolutions resolutions; /* what was done about what is parked */
};

static bool is_wanted(const struct explain *explain, const struct kafka_record *record)
{
	struct slice id;

	if (!kafka_record_header(record, HEADER_TIP_ID, &id))
		return false;
	return slice_equal(id, slice_str(explain->hex));
}

static void open_record(struct search *search, const struct kafka_record *kafka)
{
	struct explain *explain = search->explain;
	struct record *record = arena_alloc(explain->arena, sizeof(*record));
	struct buf plain = BUF_INIT;

	if (bus_open(&plain, explain->ring, kafka->topic, &explain->tip_id, kafka->value, &search->sealed) == 0 &&
	    record_decode(record, buf_slice(&plain), explain->arena, &search->sealed) == 0)
		explain_record(explain, record);
	buf_release(&plain);
}

static void tell_gateway(json_t *row, const struct kafka_record *record)
{
	struct frame frame;
	char text[40];

	if (frame_parse(&frame, record->value, NULL) < 0)
		return;
	snprintf(text, sizeof(text), "accepted from adapter %u", frame.adapter);
	explain_fact(row, "decided", json_string(text));
}

static int note_place(void *arg, const struct kafka_record *record, struct err *err)
{
	struct search *search = arg;
	json_t *row;
	char where[64];

	(void)err;
	search->looked++;
	if (!is_wanted(search->explain, record))
		return 0;
	search->found++;
	search->partition = record->partition;
	search->offset = record->offset;
	row = explain_stage(search->explain, search->place->writer);
	snprintf(where, sizeof(where), "%s %" PRId32 "/%" PRId64, record->topic, record->partition, record->offset);
	json_object_set_new(row, "where", json_string(where));
	json_object_set_new(row, "day", ctl_date(record->timestamp_ms / MS_PER_DAY));
	explain_fact(row, EXPLAIN_FIRST, json_pack("{s:O, s:O}", "where", json_object_get(row, "where"), "day",
						   json_object_get(row, "day")));
	if (search->place == places)
		tell_gateway(row, record);
	else if (search->explain->ring)
		open_record(search, record);
	explain_fact(row, "decided", json_string(search->place->decided));
	return 0;
}

/* Whether the stage behind has yet to take the tip. */
static bool waits(const struct search *search)
{
	int64_t next;
	char group[64];

	snprintf(group, sizeof(group), GROUP_PREFIX "%s", search->place->reader);
	if (kafka_admin_committed(search->explain->ctl->kafka, group, search->place->topic, search->partition, &next,
				  NULL) < 0)
		return false;
	return search->offset >= next;
}

/* A clock of another machine may be a little behind, hence the day before. */
static int scan(const struct explain *explain, const char *topic, const char *key, struct search *search,
		int (*each)(void *arg, const struct kafka_record *record, struct err *err), struct err *err)
{
	const struct topic_scan scan = { .ctl = explain->ctl, .topic = topic, .key = key && *key ? key : NULL,
					 .since = explain->since - 1, .found = &search->found };

	return topic_scan(&scan, each, search, err);
}

static void look_at(struct explain *explain, const struct place *place)
{
	struct search search = { .explain = explain, .place = place };
	const char *key = place->by_case ? explain->case_hex : explain->hex;
	struct err err = ERR_INIT;

	if (scan(explain, place->topic, key, &search, note_place, &err) < 0) {
		explain->in_doubt = true;
		explain_looked(explain, place->topic, search.looked, search.found, err.text);
		return;
	}
	if (search.found && waits(&search))
		explain->waits_for = place->reader;
	explain_looked(explain, place->topic, search.looked, search.found,
		       search.sealed.kind ? search.sealed.text : NULL);
}

static int note_parked(void *arg, const struct kafka_record *record, struct err *err)
{
	static const char *const members[] = { "reason", "stage", "state", "attempts", "means", "todo", "resolved_by",
					       "resolved_because" };
	struct search *search = arg;
	struct parked parked;
	json_t *row, *shown;

	(void)err;
	search->looked++;
	if (!is_wanted(search->explain, record))
		return 0;
	search->found++;
	parked_read(&parked, record, &search->resolutions);
	row = parked_row(record, &parked);
	search->explain->parked_open |= parked_is_open(&parked);
	search->explain->discarded |= parked.state == PARKED_DISCARDED;
	search->explain->two_tips |= slice_equal(parked.reason, slice_str(REASON_ID_CONFLICT));
	shown = json_pack("{s:o}", "day", ctl_date(record->timestamp_ms / MS_PER_DAY));
	json_object_set_new(shown, "came_from", json_sprintf("%.*s %" PRId64 "/%" PRId64, (int)parked.origin_topic.len,
							      (const char *)parked.origin_topic.data,
							      parked_number(record, HEADER_ORIGIN_PARTITION),
							      parked_number(record, HEADER_ORIGIN_OFFSET)));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_set(shown, members[i], json_object_get(row, members[i]));
	json_array_append_new(search->explain->parked, shown);
	json_decref(row);
	return 0;
}

static void look_at_parked(struct explain *explain)
{
	struct search search = { .explain = explain };
	struct err err = ERR_INIT;
	struct kafka_admin *kafka = explain->ctl->kafka;
	int result = resolutions_load(&search.resolutions, kafka, &err);

	if (result == 0)
		result = scan(explain, TOPIC_PARKED, NULL, &search, note_parked, &err);
	resolutions_release(&search.resolutions);
	explain->in_doubt = explain->in_doubt || result < 0;
	explain_looked(explain, TOPIC_PARKED, search.looked, search.found, result < 0 ? err.text : NULL);
}

void explain_topics(struct explain *explain)
{
	if (!explain->ctl->kafka) {
		explain->in_doubt = true;
		explain_looked(explain, "topics", 0, 0, explain->ctl->no_kafka.text);
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		look_at(explain, &places[i]);
	look_at_parked(explain);
}
