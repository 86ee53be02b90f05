/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/emit.h"

#include <inttypes.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/topics.h"

#define MS_PER_DAY 86400000ll

void emit_init(struct emit *emit, struct bus_ring *ring, struct arena *arena, bool opened)
{
	memset(emit, 0, sizeof(*emit));
	emit->ring = ring;
	emit->arena = arena;
	emit->opened = opened;
}

void emit_release(struct emit *emit)
{
	buf_release(&emit->plain);
	buf_release(&emit->sealed);
	free(emit->items);
	memset(emit, 0, sizeof(*emit));
}

void emit_begin(struct emit *emit, uint32_t day)
{
	emit->n = 0;
	emit->day = day;
	emit->failed = false;
	err_clear(&emit->error);
}

static struct emit_item *emit_add(struct emit *emit, enum emit_kind kind, const char *topic, const struct tip_id *key,
				  const struct tip_id *tip_id)
{
	if (emit->n == emit->cap) {
		emit->cap = emit->cap ? 2 * emit->cap : 8;
		emit->items = mem_grow(emit->items, emit->cap * sizeof(*emit->items));
	}
	struct emit_item *item = &emit->items[emit->n++];
	item->kind = kind;
	item->topic = arena_str(emit->arena, topic, strlen(topic));
	item->key = key ? *key : *tip_id;
	item->tip_id = *tip_id;
	item->day = emit->day;
	item->value = slice_of(NULL, 0);
	return item;
}

static struct slice keep(struct emit *emit, struct slice bytes)
{
	return slice_of(arena_copy(emit->arena, bytes.data, bytes.len), bytes.len);
}

static void emit_fail(struct emit *emit, const char *topic)
{
	err_prefix(&emit->error, "cannot seal for %s", topic);
	emit->failed = true;
}

/* Seals `plain` as the item's value, or keeps it as it is in the opened form. */
static void emit_seal(struct emit *emit, struct emit_item *item, struct slice plain)
{
	if (emit->opened) {
		item->value = keep(emit, plain);
		return;
	}
	if (!emit->ring) {
		err_set(&emit->error, ERR_BUG, NULL, "the stage declares no bus key");
		emit_fail(emit, item->topic);
		return;
	}
	buf_clear(&emit->sealed);
	if (bus_seal(&emit->sealed, emit->ring, item->topic, &item->tip_id, plain, &emit->error)) {
		emit->error.kind = ERR_CONFIG; /* a key is missing, whatever the data: nothing to park for */
		emit_fail(emit, item->topic);
		return;
	}
	item->value = keep(emit, buf_slice(&emit->sealed));
}

/* The step of this stage, which is left out where a record has gone round in circles up to its limit. */
static void encode(struct emit *out, const struct record *record)
{
	struct record stamped;

	if (!out->step || record->n_steps >= STEPS_MAX) {
		record_encode(&out->plain, record);
		return;
	}
	stamped = *record;
	stamped.steps[stamped.n_steps++] = *out->step;
	record_encode(&out->plain, &stamped);
}

void emit_record(struct emit *out, const char *topic, const struct tip_id *key, const struct record *record)
{
	struct emit_item *item = emit_add(out, EMIT_RECORD, topic, key, &record->tip_id);

	item->day = record->day;
	if (out->opened)
		record_to_json(&out->plain, record);
	else
		encode(out, record);
	emit_seal(out, item, buf_slice(&out->plain));
	buf_clear(&out->plain);
}

void emit_bytes(struct emit *out, const char *topic, const struct tip_id *key, const struct tip_id *tip_id,
		struct slice value)
{
	emit_add(out, EMIT_BYTES, topic, key, tip_id)->value = keep(out, value);
}

void emit_sealed(struct emit *out, const char *topic, const struct tip_id *key, const struct tip_id *tip_id,
		 struct slice value)
{
	emit_seal(out, emit_add(out, EMIT_SEALED, topic, key, tip_id), value);
}

int64_t emit_timestamp_ms(void)
{
	return (int64_t)clock_day() * MS_PER_DAY;
}

void emit_note_build(struct emit_note *note, const struct emit_item *item)
{
	tip_id_hex(&item->key, note->key);
	tip_id_hex(&item->tip_id, note->tip_id);
	snprintf(note->day, sizeof(note->day), "%" PRIu32, item->day);
	note->headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(note->tip_id) };
	note->headers[1] = (struct kafka_header){ HEADER_DAY, slice_str(note->day) };
	note->out = (struct kafka_outgoing){
		.topic = item->topic,
		.key = slice_str(note->key),
		.value = item->value,
		.headers = note->headers,
		.n_headers = 2,
		.timestamp_ms = emit_timestamp_ms(),
	};
}
