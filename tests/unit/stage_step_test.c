/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stage leaves its step on the record: as what it ran, and on which day. `tipctl explain` and every case file rest
 * on it. Here the skeleton, for any stage; that dedupe, route and sink carry on the steps before theirs is shown by
 * dedupe_stage_test, route_test and sink_test.
 *
 * Broken by hand: set_step of stage_batch.c without the configuration, or with it left at the first batch's day;
 * encode of emit.c without the step, or with it in place of the last one. Each failed here.
 */
#include "tests/unit/stage_world.h"

#include "ops/runtime/clock.h"
#include "ops/runtime/program.h"
#include "tests/unit/record_sample.h"

#define HASH "0123456789abcdef"
#define DAY_MS 86400000ll

/* One record from tip.classified through a stage that sends it on to tip.linked. */
struct line {
	struct world *w;
	struct stage_port port;
	struct bus_ring *ring;
	struct arena *arena;
	struct record sent;
	bool told;   /* handle() was shown the step */
	bool looked; /* at what was opened, when the commit came */
};

static struct line *line;

static enum verdict pass_on(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct record record = *in->record;

	(void)state;
	(void)err;
	line->told = in->step && slice_equal(in->step->stage, slice_str("test"));
	record.parts |= RECORD_LINKED;
	emit_record(out, TOPIC_LINKED, &in->tip_id, &record);
	return VERDICT_DONE;
}

static const struct stage passing = { .name = "test", .topic_in = TOPIC_CLASSIFIED, .input = STAGE_READS_RECORDS,
				      .bus_key = true, .handle = pass_on };

static int open_what_is_sent(void *arg, const struct kafka_outgoing *record, void *opaque, struct err *err)
{
	struct buf plain = BUF_INIT;
	struct tip_id id;

	assert_int_equal(tip_id_parse(&id, (const char *)record->key.data, record->key.len), 0);
	assert_int_equal(bus_open(&plain, line->ring, record->topic, &id, record->value, err), 0);
	const struct slice kept = slice_of(arena_copy(line->arena, plain.data, plain.len), plain.len);
	assert_int_equal(record_decode(&line->sent, kept, line->arena, err), 0);
	buf_release(&plain);
	return fake_send(arg, record, opaque, err);
}

/* Fails when stage_batch_run wipes only at its end, after the commit (tried: it did). */
static int look_before_commit(void *arg, const struct kafka_offset *offsets, size_t n, struct err *err)
{
	const struct buf *plain = &line->w->batch.intake.plain;

	assert_true(plain->cap > 0);
	for (size_t i = 0; i < plain->cap; i++)
		assert_int_equal(plain->data[i], 0);
	line->looked = true;
	return fake_commit(arg, offsets, n, err);
}

static int set_up(void **state)
{
	static const uint8_t key[BUS_KEY_BYTES] = { 9 };
	struct err err = ERR_INIT;

	line = mem_alloc(sizeof(*line));
	line->w = world_new(&passing);
	line->w->port.send = open_what_is_sent;
	line->w->port.commit = look_before_commit;
	line->arena = arena_new(1 << 16);
	assert_int_equal(bus_ring_new(&line->ring, &err), 0);
	assert_int_equal(bus_ring_add(line->ring, 1, key, &err), 0);
	stage_batch_release(&line->w->batch);
	line->w->batch.ring = line->ring;
	line->w->batch.configuration = HASH;
	stage_batch_init(&line->w->batch);
	*state = line;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_free(line->w);
	bus_ring_free(line->ring);
	arena_free(line->arena);
	free(line);
	return 0;
}

/* A record that has passed `n_steps` stages, through the stage. */
static void pass(size_t n_steps, int64_t day)
{
	struct kafka_record in = { .topic = TOPIC_CLASSIFIED, .n_headers = 1 };
	struct buf plain = BUF_INIT, sealed = BUF_INIT;
	struct err err = ERR_INIT;
	struct record record;
	char hex[TIP_ID_HEX];

	sample_record(&record, RECORD_CLASSIFIED, 1, line->arena);
	for (record.n_steps = 0; record.n_steps < n_steps; record.n_steps++)
		record.steps[record.n_steps] = (struct record_step){ slice_str("classify"), slice_str("0.1.0"),
								     (uint32_t)record.n_steps, "" };
	record_encode(&plain, &record);
	assert_int_equal(bus_seal(&sealed, line->ring, TOPIC_CLASSIFIED, &record.tip_id, buf_slice(&plain), &err), 0);
	tip_id_hex(&record.tip_id, hex);
	in.value = buf_slice(&sealed);
	in.headers[0] = (struct kafka_header){ HEADER_TIP_ID, slice_str(hex) };
	clock_freeze(1000, day * DAY_MS + 7);
	int rc = stage_batch_run(&line->w->batch, &in, 1, &err);
	clock_thaw();
	if (rc)
		fail_msg("%s", err.text);
	buf_release(&plain);
	buf_release(&sealed);
}

static void check_step(const struct record_step *step, uint32_t day)
{
	static const uint8_t hash[CONFIGURATION_BYTES] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };

	assert_true(slice_equal(step->stage, slice_str("test")));
	assert_true(slice_equal(step->version, slice_str(TIPLINE_VERSION)));
	assert_int_equal(step->day, day);
	assert_memory_equal(step->configuration, hash, sizeof(hash));
}

static void a_stage_adds_its_step_behind_the_others(void **state)
{
	(void)state;
	pass(2, 20500);
	assert_true(line->told);
	assert_int_equal(line->sent.n_steps, 3);
	assert_true(slice_equal(line->sent.steps[0].stage, slice_str("classify")));
	assert_int_equal(line->sent.steps[1].day, 1);
	check_step(&line->sent.steps[2], 20500);
}

static void the_first_stage_begins_the_list(void **state)
{
	(void)state;
	pass(0, 20500);
	assert_int_equal(line->sent.n_steps, 1);
	check_step(&line->sent.steps[0], 20500);
}

static void each_batch_has_its_own_day(void **state)
{
	(void)state;
	pass(0, 20500);
	pass(0, 20501);
	check_step(&line->sent.steps[0], 20501);
}

/* A record that was replayed again and again keeps its first steps, and still goes through. */
static void a_full_list_is_left_alone(void **state)
{
	(void)state;
	pass(STEPS_MAX, 20500);
	assert_int_equal(line->sent.n_steps, STEPS_MAX);
	assert_true(slice_equal(line->sent.steps[STEPS_MAX - 1].stage, slice_str("classify")));
}

static void what_was_opened_is_gone_before_the_broker_is_waited_for(void **state)
{
	(void)state;
	pass(0, 20500);
	assert_true(line->looked);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_stage_adds_its_step_behind_the_others), test(the_first_stage_begins_the_list),
		test(each_batch_has_its_own_day), test(a_full_list_is_left_alone),
		test(what_was_opened_is_gone_before_the_broker_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
