/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a line of JSON, as --try and replay tests read it. */
#include "schema/record.h"
#include "schema/tip.h"
#include "tests/fuzz/fuzz.h"

/* Once through the writer a line no longer changes; the CBOR form says the same. */
static void writing_settles(const struct record *record, struct arena *arena)
{
	struct buf once = BUF_INIT, twice = BUF_INIT, cbor = BUF_INIT;
	struct err err = ERR_INIT;
	struct record again, decoded;

	record_to_json(&once, record);
	FUZZ_HOLDS(record_from_json(&again, buf_slice(&once), arena, &err) == 0);
	record_to_json(&twice, &again);
	FUZZ_HOLDS(slice_equal(buf_slice(&once), buf_slice(&twice)));
	record_encode(&cbor, &again);
	FUZZ_HOLDS(record_decode(&decoded, buf_slice(&cbor), arena, &err) == 0);
	fuzz_success_holds(&err);
	buf_release(&once);
	buf_release(&twice);
	buf_release(&cbor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(4096);
	struct err err = ERR_INIT;
	struct record record;

	tip_begin();
	if (record_from_json(&record, slice_of(data, size), arena, &err) == 0)
		writing_settles(&record, arena);
	else
		fuzz_refusal_holds(&err);
	arena_free(arena);
	return 0;
}
