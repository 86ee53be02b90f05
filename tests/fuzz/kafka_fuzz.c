/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign Kafka record as stages and tipctl read it: headers, key, value, timestamp; then as dedupe and the sink
 * handle what opens. The input says how the record is made:
 *     flags | partition u32 | offset u64 | timestamp u64 | number of headers | for each: name, value | key | value
 * Names are an index into what ours are called, or a string. Where FLAG_SEALED is set the value is sealed under the bus
 * key before it is read, or else nothing would ever get past the seal.
 */
#include <jansson.h>

#include "ops/ctl/parked.h"
#include "schema/keys.h"
#include "schema/topics.h"
#include "tests/fuzz/fuzz.h"
#include "workers/dedupe/dedupe.h"
#include "workers/sink/sink.h"
#include "workers/stage/emit.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_event.h"
#include "workers/stage/stage_park.h"

#define NAMES_MAX 32

enum flag { FLAG_NULL = 1, FLAG_SEALED = 2, FLAG_ID_OF_VALUE = 4, FLAG_ROUTED = 8, FLAG_CUT = 16 };

static const char *const names[] = {
	HEADER_TIP_ID, HEADER_DAY, HEADER_REASON, HEADER_STAGE, HEADER_ORIGIN_TOPIC, HEADER_ORIGIN_PARTITION,
	HEADER_ORIGIN_OFFSET, HEADER_ATTEMPTS,
};

static struct bus_ring *ring;

struct world {
	struct arena *arena;
	struct buf value;
	char *texts[NAMES_MAX];
	char id[TIP_ID_HEX];
	size_t n_texts;
	uint8_t flags;
};

static void begin(void)
{
	static const uint8_t key[BUS_KEY_BYTES] = { 1 };
	struct err err = ERR_INIT;

	if (ring)
		return;
	FUZZ_HOLDS(keys_begin(&err) == 0);
	FUZZ_HOLDS(bus_ring_new(&ring, &err) == 0 && bus_ring_add(ring, 1, key, &err) == 0);
}

static const char *take_name(struct world *world, struct slice *input)
{
	const size_t which = fuzz_byte(input);

	if (which < sizeof(names) / sizeof(names[0]) || world->n_texts == NAMES_MAX)
		return names[which % (sizeof(names) / sizeof(names[0]))];
	return world->texts[world->n_texts++] = fuzz_text(fuzz_string(input));
}

static void take_headers(struct world *world, struct kafka_record *record, struct slice *input)
{
	const size_t n = fuzz_byte(input) % (KAFKA_HEADERS_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		const char *name = take_name(world, input);

		record->headers[record->n_headers++] = (struct kafka_header){ name, fuzz_string(input) };
	}
	record->headers_cut = n == KAFKA_HEADERS_MAX && (world->flags & FLAG_CUT);
}

static void seal_value(struct world *world, struct kafka_record *record)
{
	struct slice text;
	struct tip_id id = { { 0 } };
	struct err err = ERR_INIT;

	if (kafka_record_header(record, HEADER_TIP_ID, &text))
		(void)tip_id_parse(&id, (const char *)text.data, text.len);
	FUZZ_HOLDS(bus_seal(&world->value, ring, record->topic, &id, record->value, &err) == 0);
	record->value = buf_slice(&world->value);
}

/* The id that stands in the CBOR of the value, as the header: behind the map's head, the version and the key. */
static void take_id_of_value(struct world *world, struct kafka_record *record)
{
	static const size_t at = 5;
	struct tip_id id;

	if (record->value.len < at + TIP_ID_BYTES || record->n_headers == KAFKA_HEADERS_MAX)
		return;
	memcpy(id.bytes, record->value.data + at, TIP_ID_BYTES);
	tip_id_hex(&id, world->id);
	memmove(&record->headers[1], &record->headers[0], record->n_headers * sizeof(record->headers[0]));
	record->headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(world->id) };
	record->n_headers++;
}

static void make_record(struct world *world, struct kafka_record *record, struct slice input)
{
	world->flags = fuzz_byte(&input);
	*record = (struct kafka_record){ .topic = world->flags & FLAG_ROUTED ? TOPIC_ROUTED : TOPIC_CLASSIFIED };
	record->partition = (int32_t)fuzz_number(&input, 4);
	record->offset = (int64_t)fuzz_number(&input, 8);
	record->timestamp_ms = (int64_t)fuzz_number(&input, 8);
	take_headers(world, record, &input);
	record->key = fuzz_string(&input);
	record->value = input;
	record->value_null = world->flags & FLAG_NULL;
	if (record->value_null)
		record->value = slice_of(NULL, 0);
	if (world->flags & FLAG_ID_OF_VALUE)
		take_id_of_value(world, record);
	if ((world->flags & FLAG_SEALED) && !record->value_null)
		seal_value(world, record);
}

/* A parked record reads as the record it was, however often it is parked. */
static void parking_holds(const struct kafka_record *record)
{
	struct stage_identity first, second;
	struct stage_park_note note;
	struct kafka_record parked = { .topic = TOPIC_PARKED, .timestamp_ms = 1 };

	stage_identity_read(&first, record);
	stage_park_note_build(&note, record, "classify", REASON_RECORD_SHAPE, 3);
	FUZZ_HOLDS(note.out.n_headers <= STAGE_PARK_HEADERS && note.out.value_null == record->value_null);
	FUZZ_HOLDS(note.out.value.data == record->value.data && note.out.value.len == record->value.len);
	for (size_t i = 0; i < note.out.n_headers; i++) {
		parked.headers[i] = note.out.headers[i];
		if (strcmp(note.out.headers[i].name, HEADER_ORIGIN_KEY)) /* a key is bytes; all others are text */
			FUZZ_HOLDS(!memchr(note.out.headers[i].value.data, 0, note.out.headers[i].value.len));
	}
	parked.n_headers = note.out.n_headers;
	parked.key = note.out.key;
	parked.value = note.out.value;
	stage_identity_read(&second, &parked);
	FUZZ_HOLDS(second.known == first.known && second.day == first.day);
	FUZZ_HOLDS(tip_id_equal(&first.tip_id, &second.tip_id));
}

/* tipctl parked shows any record, whoever wrote it. */
static void showing_holds(const struct kafka_record *record)
{
	struct parked parked;

	parked_read(&parked, record, NULL);
	FUZZ_HOLDS(parked_is_open(&parked));
	json_t *row = parked_row(record, &parked);
	char *text = json_dumps(row, 0);

	FUZZ_HOLDS(text && json_object_get(row, "reason") && json_object_get(row, "state") && json_object_get(row, "todo"));
	free(text);
	json_decref(row);
}

static void any_id(void *arg, struct tip_id *id)
{
	(void)arg;
	memset(id, 7, sizeof(*id));
}

static void dedupe_handles(const struct event *event, struct arena *arena)
{
	struct stage_tables tables;
	struct metrics *metrics = metrics_new();
	struct conf *conf;
	struct emit emit;
	struct err err = ERR_INIT;
	enum verdict verdict;
	void *state;

	stage_tables_init(&tables, &dedupe_stage, true);
	FUZZ_HOLDS(conf_parse(&conf, "dedupe.yaml", "{}", tables.tables, &err) == 0);
	FUZZ_HOLDS(dedupe_stage.open(&state, &(struct stage_env){ .conf = conf, .metrics = metrics, .trying = true,
								  .random_id = any_id }, &err) == 0);
	emit_init(&emit, ring, arena, false);
	for (int i = 0; i < 2; i++) { /* the second is a redelivery, and is answered in the same way */
		emit_begin(&emit, event->day);
		verdict = dedupe_stage.handle(state, event, &emit, &err);
		FUZZ_HOLDS(verdict == VERDICT_DONE || verdict == VERDICT_PARK);
		FUZZ_HOLDS(!emit.failed && emit.n == (verdict == VERDICT_DONE ? 2 : 0));
	}
	emit_release(&emit);
	dedupe_stage.close(state);
	metrics_free(metrics);
	conf_free(conf);
	stage_tables_release(&tables);
}

static void sink_handles(const struct event *event)
{
	struct metrics *metrics = metrics_new();
	struct err err = ERR_INIT;
	enum verdict verdict;
	void *state;

	FUZZ_HOLDS(sink_stage.open(&state, &(struct stage_env){ .metrics = metrics, .trying = true }, &err) == 0);
	verdict = sink_stage.handle(state, event, NULL, &err);
	FUZZ_HOLDS(verdict == VERDICT_DONE || verdict == VERDICT_PARK);
	if (verdict == VERDICT_PARK)
		fuzz_refusal_holds(&err);
	sink_stage.close(state);
	metrics_free(metrics);
}

static void opening_holds(const struct world *world, const struct kafka_record *record, const struct stage *stage)
{
	struct stage_intake intake;
	struct event event;
	struct err err = ERR_INIT;

	stage_intake_init(&intake, stage, ring, world->arena);
	if (stage_event_open(&event, &intake, record, &err) != 0) {
		fuzz_refusal_holds(&err);
		FUZZ_HOLDS(stage_park_reason(&err) == err.reason);
	} else if (stage->input == STAGE_READS_FRAMES) {
		FUZZ_HOLDS(event.record == NULL && event.value.len <= FRAME_MAX);
	} else {
		FUZZ_HOLDS(tip_id_equal(&event.record->tip_id, &event.tip_id) && event.day == event.record->day);
		dedupe_handles(&event, world->arena);
		sink_handles(&event);
	}
	stage_intake_release(&intake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stage frames = { .name = "classify", .input = STAGE_READS_FRAMES };
	struct world world = { .arena = arena_new(4096) };
	struct kafka_record record;

	begin();
	make_record(&world, &record, slice_of(data, size));
	parking_holds(&record);
	showing_holds(&record);
	opening_holds(&world, &record, &frames);
	opening_holds(&world, &record, &sink_stage);
	for (size_t i = 0; i < world.n_texts; i++)
		free(world.texts[i]);
	buf_release(&world.value);
	arena_free(world.arena);
	return 0;
}
