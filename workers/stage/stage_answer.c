/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_answer.h"

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/reason.h"
#include "workers/stage/backoff.h"
#include "workers/stage/stage_park.h"

enum step stage_answer_park(struct stage_batch *batch, size_t i, struct err *why, struct err *err)
{
	struct batch_entry *entry = &batch->entries[i];
	struct stage_park_note note;

	why->reason = stage_park_reason(why);
	stage_park_note_build(&note, entry->record, batch->stage->name, why->reason, entry->attempts);
	if (stage_outbox_park(&batch->outbox, i, &note.out, err))
		return STEP_FAILED;
	entry->parked = true;
	stage_meter_parked(batch->meter, why->reason);
	if (!batch->n_parked++)
		batch->parked_reason = why->reason;
	return STEP_NEXT;
}

static void keep_emitted(struct stage_batch *batch, size_t i)
{
	for (size_t k = 0; k < batch->emit.n; k++) {
		const struct emit_item *item = &batch->emit.items[k];

		stage_outbox_emit(&batch->outbox, i, item);
		batch->n_out += item->kind == EMIT_RECORD;
	}
}

/* Waits out a backoff, a member of the group all the while, with outputs on their way. Cut when a stop comes. */
static enum step wait_for_retry(struct stage_batch *batch, unsigned failures, struct err *err)
{
	const struct stage_port *port = batch->port;
	int64_t until = clock_mono_ms() + backoff_ms(batch->settings->retry_first_ms, batch->settings->retry_max_ms,
						     failures, port->random(port->arg));

	if (stage_outbox_send(&batch->outbox, err))
		return STEP_FAILED;
	for (;;) {
		if (port->stopping_ms(port->arg) >= 0)
			return STEP_CUT;
		int64_t left = until - clock_mono_ms();
		if (left <= 0)
			return STEP_NEXT;
		if (port->serve(port->arg, (int)(left < STAGE_WAIT_SLICE_MS ? left : STAGE_WAIT_SLICE_MS), err) < 0 ||
		    stage_outbox_keepalive(&batch->outbox, err))
			return STEP_FAILED;
	}
}

void stage_answer_log_retry(unsigned failures, const struct err *why)
{
	char n[16];

	if (failures & (failures - 1))
		return;
	snprintf(n, sizeof(n), "%u", failures);
	log_event(LOG_LEVEL_WARN, "stage.retry", "attempt", n, "reason", why->reason ? why->reason : "", "detail",
		  why->text, NULL);
}

static enum verdict call_handle(struct stage_batch *batch, const struct kafka_record *record,
				const struct event *event, struct err *why)
{
	enum verdict verdict;

	emit_begin(&batch->emit, event->day);
	if (batch->watch)
		stage_watch_enter(batch->watch);
	stage_suspect_enter(batch->suspect, record);
	verdict = batch->stage->handle(batch->state, event, &batch->emit, why);
	stage_suspect_leave(batch->suspect);
	if (batch->watch)
		stage_watch_leave(batch->watch);
	if (verdict == VERDICT_DONE && batch->emit.failed) {
		*why = batch->emit.error;
		return VERDICT_FATAL;
	}
	return verdict;
}

static enum step fail(const struct err *why, struct err *err)
{
	err_set(err, why->kind == ERR_NONE ? ERR_BUG : why->kind, why->reason, "%s",
		why->text[0] ? why->text : "the stage gave up without saying why");
	return STEP_FAILED;
}

static enum step answer_event(struct stage_batch *batch, size_t i, const struct event *event, struct err *err)
{
	for (;;) {
		struct err why = ERR_INIT;
		enum step step;
		batch->entries[i].attempts++;
		switch (call_handle(batch, batch->entries[i].record, event, &why)) {
		case VERDICT_DONE:
			keep_emitted(batch, i);
			return STEP_NEXT;
		case VERDICT_PARK:
			return stage_answer_park(batch, i, &why, err);
		case VERDICT_FATAL:
			return fail(&why, err);
		case VERDICT_RETRY:
			metric_add(batch->meter->retries, 1);
			stage_answer_log_retry(batch->entries[i].attempts, &why);
			step = wait_for_retry(batch, batch->entries[i].attempts, err);
			if (step != STEP_NEXT)
				return step;
		}
	}
}

static int open_event(struct stage_batch *batch, const struct kafka_record *record, struct event *event,
		      struct err *why)
{
	stage_suspect_enter(batch->suspect, record);
	int rc = stage_event_open(event, &batch->intake, record, why);
	event->step = batch->emit.step;
	stage_suspect_leave(batch->suspect);
	return rc;
}

static enum step answer_poison(struct stage_batch *batch, size_t i, unsigned deaths, struct err *err)
{
	struct err why = ERR_INIT;

	batch->entries[i].attempts = deaths;
	err_set(&why, ERR_DATA, REASON_POISON, "the worker died in this record %u times", deaths);
	return stage_answer_park(batch, i, &why, err);
}

enum step stage_answer(struct stage_batch *batch, size_t i, struct err *err)
{
	struct batch_entry *entry = &batch->entries[i];
	unsigned deaths = stage_suspect_deaths(batch->suspect, entry->record);
	struct event event;
	struct err why = ERR_INIT;
	enum step step;

	if (batch->port->stopping_ms(batch->port->arg) >= STAGE_CUT_AFTER_MS)
		return STEP_CUT;
	if (stage_outbox_keepalive(&batch->outbox, err))
		return STEP_FAILED;
	if (deaths >= STAGE_POISON_DEATHS)
		return answer_poison(batch, i, deaths, err);
	if (!open_event(batch, entry->record, &event, &why)) {
		step = answer_event(batch, i, &event, err);
	} else {
		entry->attempts = 1;
		step = stage_answer_park(batch, i, &why, err);
	}
	if (step == STEP_NEXT)
		stage_suspect_forget(batch->suspect, entry->record);
	return step;
}
