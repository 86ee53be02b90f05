/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_batch.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "ops/runtime/program.h"
#include "schema/hex.h"
#include "schema/reason.h"
#include "workers/stage/stage_answer.h"

#define ARENA_FIRST (1u << 20)

void stage_batch_init(struct stage_batch *batch)
{
	batch->arena = arena_new(ARENA_FIRST);
	emit_init(&batch->emit, batch->ring, batch->arena, false);
	stage_intake_init(&batch->intake, batch->stage, batch->ring, batch->arena);
	stage_outbox_init(&batch->outbox, batch->port);
}

void stage_batch_release(struct stage_batch *batch)
{
	emit_release(&batch->emit);
	stage_intake_release(&batch->intake);
	stage_outbox_release(&batch->outbox);
	free(batch->entries);
	free(batch->offsets);
	free(batch->positions);
	arena_free(batch->arena);
}

/* A new day begins between two batches at the latest. */
static void set_step(struct stage_batch *batch)
{
	struct record_step *step = &batch->step;

	batch->emit.step = NULL;
	if (!batch->configuration)
		return;
	*step = (struct record_step){ .stage = slice_str(batch->stage->name), .version = slice_str(TIPLINE_VERSION),
			       .day = (uint32_t)clock_day() };
	if (hex_decode(step->configuration, CONFIGURATION_BYTES, batch->configuration, strlen(batch->configuration)))
		BUG("the hash of a configuration is not of hex digits");
	batch->emit.step = step;
}

static void make_room(struct stage_batch *batch, size_t n)
{
	if (n <= batch->cap)
		return;
	batch->entries = mem_grow(batch->entries, n * sizeof(*batch->entries));
	batch->offsets = mem_grow(batch->offsets, n * sizeof(*batch->offsets));
	batch->positions = mem_grow(batch->positions, n * sizeof(*batch->positions));
	batch->cap = n;
}

/* How many and why, no more: beside the journal's clock, an offset or a detail would tie a tip to a moment. */
static void log_parked(const struct stage_batch *batch)
{
	char n[24];

	if (!batch->n_parked)
		return;
	snprintf(n, sizeof(n), "%zu", batch->n_parked);
	log_event(LOG_LEVEL_WARN, "stage.parked", "n", n, "first_reason", batch->parked_reason, NULL);
}

/* Parks what has an output too large, until nothing more is refused. */
static int settle(struct stage_batch *batch, struct err *err)
{
	size_t at = 0, i;

	if (stage_outbox_settle(&batch->outbox, err))
		return -1;
	while (stage_outbox_too_large(&batch->outbox, &at, &i)) {
		struct err why = ERR_INIT;
		if (batch->entries[i].parked)
			continue;
		err_set(&why, ERR_DATA, REASON_TOO_LARGE, "what the stage made of it is too large for its topic");
		if (stage_answer_park(batch, i, &why, err) == STEP_FAILED)
			return -1;
	}
	return stage_outbox_settle(&batch->outbox, err);
}

/* The next offset of each partition among the first `n` entries. */
static void reckon_offsets(struct stage_batch *batch, size_t n)
{
	batch->n_offsets = 0;
	for (size_t i = 0; i < n; i++) {
		const struct kafka_record *record = batch->entries[i].record;
		size_t k = 0;
		while (k < batch->n_offsets && (batch->offsets[k].partition != record->partition ||
						strcmp(batch->offsets[k].topic, record->topic)))
			k++;
		if (k == batch->n_offsets)
			batch->offsets[batch->n_offsets++] =
				(struct kafka_offset){ record->topic, record->partition, record->offset + 1 };
		else if (batch->offsets[k].next <= record->offset)
			batch->offsets[k].next = record->offset + 1;
	}
	for (size_t k = 0; k < batch->n_offsets; k++)
		batch->positions[k] = (struct stage_position){ batch->offsets[k].topic, batch->offsets[k].partition,
							       batch->offsets[k].next };
}

static int flush_stage(struct stage_batch *batch, struct err *err)
{
	int rc = 0;

	if (!batch->stage->flush)
		return 0;
	if (batch->watch)
		stage_watch_enter(batch->watch);
	rc = batch->stage->flush(batch->state, batch->positions, batch->n_offsets, err);
	if (batch->watch)
		stage_watch_leave(batch->watch);
	return rc ? err_prefix(err, "flush") : 0;
}

/*
 * The stage's own state is committed by now, so only waiting is right: until the coordinator answers (a broker that
 * restarts takes seconds), or until a stop has waited long enough.
 */
static int commit(struct stage_batch *batch, struct err *err)
{
	const struct stage_port *port = batch->port;

	for (unsigned failures = 1;; failures++) {
		struct err why = ERR_INIT;
		if (!port->commit(port->arg, batch->offsets, batch->n_offsets, &why))
			return 0;
		if (why.kind != ERR_TEMPORARY || port->stopping_ms(port->arg) >= STAGE_SETTLE_STOP_MS) {
			*err = why;
			return -1;
		}
		stage_answer_log_retry(failures, &why);
		if (port->serve(port->arg, STAGE_WAIT_SLICE_MS, err) < 0 || stage_outbox_keepalive(&batch->outbox, err))
			return -1;
	}
}

static int finish(struct stage_batch *batch, size_t n, struct err *err)
{
	if (settle(batch, err))
		return -1;
	if (!n)
		return 0;
	reckon_offsets(batch, n);
	if (flush_stage(batch, err) || commit(batch, err))
		return -1;
	metric_add(batch->meter->in, n);
	metric_add(batch->meter->out, batch->n_out);
	log_parked(batch);
	if (batch->watch)
		stage_watch_batch_done(batch->watch);
	return 0;
}

/* How many records were answered: all, or those before a cut. */
static int answer(struct stage_batch *batch, size_t n, size_t *n_answered, struct err *err)
{
	for (*n_answered = 0; *n_answered < n; ++*n_answered) {
		enum step step = stage_answer(batch, *n_answered, err);
		if (step == STEP_FAILED)
			return -1;
		if (step == STEP_CUT)
			return 0;
	}
	return 0;
}

int stage_batch_run(struct stage_batch *batch, const struct kafka_record *records, size_t n, struct err *err)
{
	int64_t begun = clock_mono_ns();

	make_room(batch, n);
	for (size_t i = 0; i < n; i++)
		batch->entries[i] = (struct batch_entry){ .record = &records[i] };
	batch->n_out = 0;
	batch->n_parked = 0;
	set_step(batch);
	if (answer(batch, n, &n, err))
		return -1;
	/* Before the broker is waited for, which may take minutes: what goes out is sealed by now. */
	stage_intake_wipe(&batch->intake);
	mem_wipe_stack(STACK_DEEP);
	if (finish(batch, n, err))
		return -1;
	stage_outbox_clear(&batch->outbox);
	arena_reset(batch->arena);
	metric_observe(batch->meter->batch_seconds, (double)(clock_mono_ns() - begun) / 1e9);
	return 0;
}
