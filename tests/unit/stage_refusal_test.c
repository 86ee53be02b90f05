/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch parks: inputs that cannot go on, and what is told of them. */
#include "tests/unit/stage_world.h"

#include <unistd.h>

#include "ops/runtime/log.h"

static void too_large_is_tried_alone_first(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	refuse_output_b(w, "MSG_SIZE_TOO_LARGE");
	assert_int_equal(run(w, (const char *[]){ "a", "b", "c" }, 3, &err), 0);
	assert_int_equal(w->n_sent, 4);
	assert_string_equal(w->sent[3].value, "b");
	assert_int_equal(stage_meter_parked_total(&w->meter), 0);
	world_free(w);
}

static void too_large_for_good_parks_the_input(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	refuse_output_b(w, "MSG_SIZE_TOO_LARGE");
	w->refusals = 2;
	assert_int_equal(run(w, (const char *[]){ "a", "b", "c" }, 3, &err), 0);
	assert_int_equal(w->n_sent, 5);
	assert_string_equal(w->sent[4].topic, TOPIC_PARKED);
	assert_string_equal(w->sent[4].value, "b");
	assert_string_equal(w->sent[4].reason, REASON_TOO_LARGE);
	assert_int_equal(w->committed[0], 13);
	world_free(w);
}

/* The log says how many and why; where from is in the parked record's headers. */
static void the_log_does_not_place_a_parked_tip(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;
	char text[1024] = "";
	int ends[2], saved = dup(STDERR_FILENO);

	(void)state;
	log_open("test", LOG_LEVEL_WARN);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	int rc = run(w, (const char *[]){ "a", "park", "park" }, 3, &err);
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	close(saved);
	assert_int_equal(rc, 0);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(text, "event=stage.parked"));
	assert_non_null(strstr(text, "n=2 first_reason="));
	assert_null(strstr(text, "partition="));
	assert_null(strstr(text, "offset="));
	assert_null(strstr(text, "detail="));
	world_free(w);
}

static void an_output_no_reader_takes_parks_the_input(void **state)
{
	static const uint8_t big[KAFKA_MESSAGE_MAX + 1];
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;
	struct kafka_record in = record_of("a", 0, 0);

	(void)state;
	w->output = slice_of(big, sizeof(big));
	assert_int_equal(stage_batch_run(&w->batch, &in, 1, &err), 0);
	assert_int_equal(w->n_sent, 1);
	assert_string_equal(w->sent[0].topic, TOPIC_PARKED);
	assert_string_equal(w->sent[0].reason, REASON_TOO_LARGE);
	world_free(w);
}

static void an_unknown_reason_becomes_stage_refused(void **state)
{
	struct world *w = world_new(&frames);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run(w, (const char *[]){ "odd-park" }, 1, &err), 0);
	assert_string_equal(w->sent[0].reason, REASON_STAGE_REFUSED);
	world_free(w);
}

/* Records that no stage should ever see. */
static void bad_null(struct kafka_record *r)
{
	r->value_null = true;
	r->value = slice_of(NULL, 0);
}

static void bad_no_headers(struct kafka_record *r)
{
	r->n_headers = 0;
}

static void bad_id(struct kafka_record *r)
{
	r->headers[0].value = slice_str("not an id");
}

static void bad_many_headers(struct kafka_record *r)
{
	r->headers_cut = true;
}

static void bad_size(struct kafka_record *r)
{
	static const uint8_t big[KAFKA_MESSAGE_MAX + 1];

	r->value = slice_of(big, sizeof(big));
}

static void bad_seal(struct kafka_record *r)
{
	(void)r;
}

static const struct {
	const char *name;
	const struct stage *stage;
	void (*spoil)(struct kafka_record *);
	const char *reason;
} spoilt[] = {
	{ "null value", &frames, bad_null, REASON_RECORD_NULL },
	{ "no headers", &frames, bad_no_headers, REASON_RECORD_HEADERS },
	{ "bad tip id", &frames, bad_id, REASON_RECORD_HEADERS },
	{ "huge headers", &frames, bad_many_headers, REASON_RECORD_HEADERS },
	{ "too large", &frames, bad_size, REASON_TOO_LARGE },
	{ "null value", &records, bad_null, REASON_RECORD_NULL },
	{ "no headers", &records, bad_no_headers, REASON_RECORD_HEADERS },
	{ "wrong topic's record", &records, bad_seal, REASON_RECORD_SEAL },
};

static void bad_records_are_parked_and_the_rest_goes_on(void **state)
{
	struct bus_ring *ring;
	struct err err = ERR_INIT;
	static const uint8_t key[BUS_KEY_BYTES] = { 1 };

	(void)state;
	assert_int_equal(bus_ring_new(&ring, &err), 0);
	assert_int_equal(bus_ring_add(ring, 1, key, &err), 0);
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct world *w = world_new(spoilt[i].stage);
		static const char sealed[64] = { 1, 1 }; /* an epoch that is here, and nothing that opens */
		struct kafka_record in[2] = { record_of("x", 0, 0), record_of("park", 0, 1) };

		w->batch.intake.ring = ring;
		in[0].value = slice_of(sealed, sizeof(sealed));
		spoilt[i].spoil(&in[0]);
		assert_int_equal(stage_batch_run(&w->batch, in, 2, &err), 0);
		if (strcmp(w->sent[0].reason, spoilt[i].reason))
			fail_msg("%s: parked as %s", spoilt[i].name, w->sent[0].reason);
		assert_int_equal(w->n_sent, 2);
		assert_int_equal(w->committed[0], 2);
		world_free(w);
	}
	bus_ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_large_is_tried_alone_first),
		cmocka_unit_test(too_large_for_good_parks_the_input),
		cmocka_unit_test(the_log_does_not_place_a_parked_tip),
		cmocka_unit_test(an_output_no_reader_takes_parks_the_input),
		cmocka_unit_test(an_unknown_reason_becomes_stage_refused),
		cmocka_unit_test(bad_records_are_parked_and_the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
