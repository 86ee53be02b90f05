/* SPDX-License-Identifier: Apache-2.0 */
/* A record between stages as CBOR, and the same as JSON. */
#include "schema/record.h"
#include "tests/fuzz/fuzz.h"

/* The encoding is deterministic: what was read is written back byte for byte. */
static void encoding_holds(const struct record *record, struct slice cbor)
{
	struct buf out = BUF_INIT;

	record_encode(&out, record);
	FUZZ_HOLDS(slice_equal(buf_slice(&out), cbor));
	buf_release(&out);
}

/*
 * The JSON form says the same, but for the body, which is written without its spaces; its own JSON may grow over the
 * limit when Jansson spells numbers out: at the most 0.1 as 0.10000000000000001, with a comma each.
 */
static void json_holds(const struct record *record, struct slice cbor, struct arena *arena)
{
	struct buf json = BUF_INIT;
	struct err err = ERR_INIT;
	struct record again;

	record_to_json(&json, record);
	FUZZ_HOLDS(memchr(json.data, '\n', json.len) == NULL);
	if (record_from_json(&again, buf_slice(&json), arena, &err) != 0) {
		fuzz_refusal_holds(&err);
		FUZZ_HOLDS(5 * record->body.len > 1u << 20);
	} else {
		FUZZ_HOLDS((again.body.len > 0) == (record->body.len > 0));
		again.body = record->body;
		encoding_holds(&again, cbor);
	}
	buf_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice cbor = slice_of(data, size);
	struct arena *arena = arena_new(4096);
	struct err err = ERR_INIT;
	struct record record;

	if (record_decode(&record, cbor, arena, &err) == 0) {
		fuzz_success_holds(&err);
		encoding_holds(&record, cbor);
		json_holds(&record, cbor, arena);
	} else {
		fuzz_refusal_holds(&err);
	}
	arena_free(arena);
	return 0;
}
