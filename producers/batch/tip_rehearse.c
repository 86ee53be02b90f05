/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/tip_rehearse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/signals.h"
#include "producers/batch/adapter.h"
#include "producers/batch/example.h"
#include "producers/batch/plan.h"
#include "producers/batch/progress.h"
#include "producers/batch/receipts.h"
#include "producers/batch/retelling.h"
#include "producers/batch/roster.h"
#include "producers/sdk/adapter_conf.h"
#include "producers/sdk/rehearsal.h"
#include "schema/frame.h"

#define REMEMBERED 64      /* tips that a retry may repeat */
#define SPOOL_AHEAD 4000   /* without a rate: no more than this waits */
#define CONFLICT_LOOKS 400 /* tips looked at for one that may name a member of its team */

/* A tip that was told, to be told again. */
struct memory {
	struct buf json, frame;
	uint8_t tip_id[TIPLINE_ID_BYTES];
};

struct rehearsal {
	const struct program_call *call;
	struct tipline *tipline;
	struct receipts receipts;
	struct examples examples;
	struct roster roster;
	struct plan plan;
	struct prng prng;
	struct memory memories[REMEMBERED];
	size_t n_memories, plain, conflicts;
	struct progress progress;
	uint64_t seed;
	double rate;
	int64_t started_ms;
};

/* Receipts: the opaque is the kind's name. */
static void on_receipt(void *arg, const struct tipline_receipt *receipt)
{
	struct rehearsal *rehearsal = arg;
	const char *kind = receipt->opaque;
	receipts_add(&rehearsal->receipts, receipt, kind != NULL ? kind : kind_names[KIND_PLAIN]);
}

static void *opaque_of(enum kind kind)
{
	union {
		const char *name;
		void *opaque;
	} u = { kind_names[kind] };
	return u.opaque;
}

/* Waits for the next turn: by the rate, or for room in the spool. -1 when there will be no room. */
static int pace(struct rehearsal *rehearsal, struct err *err)
{
	for (;;) {
		int64_t elapsed = clock_mono_ms() - rehearsal->started_ms;
		int64_t due = rehearsal->rate > 0 ? (int64_t)((double)rehearsal->progress.put * 1000 / rehearsal->rate) : 0;
		bool room = rehearsal->rate > 0 || tipline_waiting(rehearsal->tipline) < SPOOL_AHEAD;
		progress_show(&rehearsal->progress, false);
		if ((elapsed >= due && room) || signals_stop_requested())
			return 0;
		if (!room && adapter_wait_on(rehearsal->tipline, err))
			return -1;
		int64_t wait = due > elapsed ? due - elapsed : 5;
		(void)usleep((useconds_t)(wait < PROGRESS_MS ? wait : PROGRESS_MS) * 1000);
	}
}

static int keep_frame(struct rehearsal *rehearsal, const struct buf *frame, const uint8_t *tip_id, enum kind kind,
		      struct err *err)
{
	int code;
	while ((code = rehearsal_put_frame(rehearsal->tipline, buf_slice(frame), tip_id, opaque_of(kind))) ==
		       TIPLINE_EFULL &&
	       !signals_stop_requested()) {
		if (adapter_wait_on(rehearsal->tipline, err))
			return -1;
		progress_show(&rehearsal->progress, false);
		(void)usleep(20000);
	}
	if (code != TIPLINE_OK)
		return adapter_error(err, code);
	rehearsal->progress.put++;
	receipts_kept(&rehearsal->receipts, tip_id, kind_names[kind]);
	return 0;
}

static const struct example *next_example(struct rehearsal *rehearsal, uint64_t *round)
{
	const struct examples *examples = &rehearsal->examples;
	size_t at = rehearsal->plain++;
	struct prng prng = { rehearsal->seed ^ (at / examples->n + 1) * 0xd6e8feb86659fd93u };

	*round = prng_next(&prng);
	/* Each seed begins elsewhere in the file, so that adapters at once do not tell the same tips. */
	return &examples->items[(at + rehearsal->seed * 127) % examples->n];
}

/* One whose matter is a team's that has members to name. */
static const struct example *next_conflict(struct rehearsal *rehearsal, uint64_t *round, const struct staff **named)
{
	for (int i = 0; i < CONFLICT_LOOKS; i++) {
		const struct example *example = next_example(rehearsal, round);
		*named = example->investigate ? roster_find(&rehearsal->roster, example->team, rehearsal->conflicts) : NULL;
		if (*named != NULL) {
			rehearsal->conflicts++;
			return example;
		}
	}
	return NULL;
}

static void write_tip(struct rehearsal *rehearsal, const struct example *example, uint64_t round,
		      const struct staff *named, struct buf *json)
{
	char hex[TIP_ID_HEX];
	struct tip_id id;

	tip_id_random(&id);
	tip_id_hex(&id, hex);
	const struct retelling retelling = { .example = example, .round = round, .named = named, .tip_id = hex };
	retelling_write(&retelling, &rehearsal->prng, json);
}

static void remember(struct rehearsal *rehearsal, const struct buf *json, const struct buf *frame,
		     const uint8_t *tip_id)
{
	struct memory *memory = &rehearsal->memories[rehearsal->n_memories++ % REMEMBERED];

	buf_clear(&memory->json);
	buf_clear(&memory->frame);
	buf_append_slice(&memory->json, buf_slice(json));
	buf_append_slice(&memory->frame, buf_slice(frame));
	memcpy(memory->tip_id, tip_id, TIPLINE_ID_BYTES);
}

/* Half of the retries send the same bytes, half seal the same tip anew. */
static int tell_again(struct rehearsal *rehearsal, struct err *err)
{
	size_t n = rehearsal->n_memories < REMEMBERED ? rehearsal->n_memories : REMEMBERED;
	const struct memory *memory = &rehearsal->memories[prng_below(&rehearsal->prng, n)];
	struct buf frame = BUF_INIT;
	uint8_t tip_id[TIPLINE_ID_BYTES];

	if (prng_percent(&rehearsal->prng, 50))
		return keep_frame(rehearsal, &memory->frame, memory->tip_id, KIND_RETRY, err);
	int code = rehearsal_seal(rehearsal->tipline, NULL, buf_slice(&memory->json), &frame, tip_id);
	int rc = code == TIPLINE_OK ? keep_frame(rehearsal, &frame, tip_id, KIND_RETRY, err) : adapter_error(err, code);
	buf_release(&frame);
	return rc;
}

/* One bit behind the frame's head, where only the signature can notice. */
static void damage(struct buf *frame, struct prng *prng)
{
	size_t at = FRAME_HEAD + prng_below(prng, frame->len - FRAME_HEAD);
	frame->data[at] ^= (uint8_t)(1u << prng_below(prng, 8));
}

static int seal_as(struct rehearsal *rehearsal, enum kind kind, const struct buf *json, struct buf *frame,
		   uint8_t *tip_id)
{
	struct seal_recipients lost;
	if (kind != KIND_UNKNOWN_KEY)
		return rehearsal_seal(rehearsal->tipline, NULL, buf_slice(json), frame, tip_id);
	int code = rehearsal_recipients(rehearsal->tipline, &lost);
	if (code != TIPLINE_OK)
		return code;
	age_recipient_fill(&lost.triage); /* a key whose secret nobody has ever had */
	return rehearsal_seal(rehearsal->tipline, &lost, buf_slice(json), frame, tip_id);
}

static int tell(struct rehearsal *rehearsal, enum kind kind, struct err *err)
{
	struct buf json = BUF_INIT, frame = BUF_INIT;
	uint8_t tip_id[TIPLINE_ID_BYTES];
	const struct staff *named = NULL;
	uint64_t round;
	const struct example *example = kind == KIND_CONFLICTED ? next_conflict(rehearsal, &round, &named) :
							    next_example(rehearsal, &round);
	if (example == NULL)
		return err_set(err, ERR_CONFIG, NULL, "no example tip is of a team with members to name");
	write_tip(rehearsal, example, round, named, &json);
	int code = seal_as(rehearsal, kind, &json, &frame, tip_id);
	int rc = code == TIPLINE_OK ? 0 : adapter_error(err, code);
	if (rc == 0 && kind == KIND_PLAIN)
		remember(rehearsal, &json, &frame, tip_id);
	if (rc == 0 && kind == KIND_DAMAGED)
		damage(&frame, &rehearsal->prng);
	if (rc == 0)
		rc = keep_frame(rehearsal, &frame, tip_id, kind, err);
	buf_release(&json);
	buf_release(&frame);
	return rc;
}

static int tell_all(struct rehearsal *rehearsal, struct err *err)
{
	rehearsal->started_ms = clock_mono_ms();
	for (size_t i = 0; i < rehearsal->plan.n && !signals_stop_requested(); i++) {
		enum kind kind = rehearsal->plan.kinds[i];
		if (pace(rehearsal, err) || (kind == KIND_RETRY ? tell_again(rehearsal, err) : tell(rehearsal, kind, err)))
			return -1;
	}
	return 0;
}

static int read_plan(struct rehearsal *rehearsal, struct err *err)
{
	const struct program_call *call = rehearsal->call;
	double count = 100, retries = 0, damaged = 0, unknown = 0, conflicted = 0, seed = 1;

	if (adapter_number(call, "count", 1, 1e8, &count, err) || adapter_number(call, "seed", 0, 1e15, &seed, err) ||
	    adapter_number(call, "retries", 0, 90, &retries, err) ||
	    adapter_number(call, "damaged", 0, 90, &damaged, err) ||
	    adapter_number(call, "unknown-key", 0, 1e6, &unknown, err) ||
	    adapter_number(call, "conflicted", 0, 1e6, &conflicted, err) ||
	    adapter_number(call, "rate", 0, 1e6, &rehearsal->rate, err))
		return -1;
	const size_t share[N_KINDS] = {
		[KIND_RETRY] = (size_t)(count * retries / 100 + 0.5),
		[KIND_DAMAGED] = (size_t)(count * damaged / 100 + 0.5),
		[KIND_UNKNOWN_KEY] = (size_t)unknown,
		[KIND_CONFLICTED] = (size_t)conflicted,
	};
	if (share[KIND_CONFLICTED] > 0 && !program_given(call, "staff"))
		return err_set(err, ERR_USAGE, NULL, "--conflicted needs --staff");
	rehearsal->seed = (uint64_t)seed;
	rehearsal->prng.state = rehearsal->seed;
	return plan_init(&rehearsal->plan, (size_t)count, share, &rehearsal->prng, err);
}

static int open_parts(struct rehearsal *rehearsal, struct err *err)
{
	const struct program_call *call = rehearsal->call;
	const char *tips = program_value(call, "tips", NULL), *staff = program_value(call, "staff", NULL);
	const char *kept = program_value(call, "kept", NULL);

	if (tips == NULL)
		return err_set(err, ERR_USAGE, NULL, "--tips is needed");
	if (read_plan(rehearsal, err) || signals_install(err) ||
	    receipts_open(&rehearsal->receipts, program_value(call, "receipts", NULL), err) ||
	    (kept != NULL && receipts_open_kept(&rehearsal->receipts, kept, err)) ||
	    adapter_open(&rehearsal->tipline, call, err) || adapter_ready(rehearsal->tipline, err))
		return -1;
	rehearsal->progress.tipline = rehearsal->tipline;
	tipline_on_receipt(rehearsal->tipline, on_receipt, rehearsal);
	if (staff != NULL && roster_load(&rehearsal->roster, staff, err))
		return -1;
	return examples_load(&rehearsal->examples, tips, err);
}

static void drain(struct rehearsal *rehearsal, double seconds)
{
	int64_t until = clock_mono_ms() + (int64_t)(seconds * 1000);
	while (!signals_stop_requested() && clock_mono_ms() < until &&
	       tipline_drain(rehearsal->tipline, PROGRESS_MS) == TIPLINE_ETIMEDOUT)
		progress_show(&rehearsal->progress, false);
	progress_show(&rehearsal->progress, true);
}

static int conclude(struct rehearsal *rehearsal)
{
	struct buf line = BUF_INIT;
	size_t damaged = 0;
	const struct err temporary = { .kind = ERR_TEMPORARY }, data = { .kind = ERR_DATA };

	for (size_t i = 0; i < rehearsal->plan.n; i++)
		damaged += rehearsal->plan.kinds[i] == KIND_DAMAGED;
	progress_write(&rehearsal->progress, &line);
	(void)printf("%s\n", buf_text(&line));
	(void)fflush(stdout);
	buf_release(&line);
	if (tipline_waiting(rehearsal->tipline) > 0)
		return adapter_left_waiting(rehearsal->tipline, "tip-rehearse");
	if (rehearsal->progress.put < rehearsal->plan.n)
		return err_exit_status(&temporary);
	/* The damaged ones are meant to be refused; anything else is news. */
	return receipts_count(&rehearsal->receipts, TIPLINE_REFUSED) == damaged ? 0 : err_exit_status(&data);
}

static void release(struct rehearsal *rehearsal)
{
	if (rehearsal->tipline != NULL)
		(void)tipline_close(rehearsal->tipline, 0);
	for (size_t i = 0; i < REMEMBERED; i++) {
		buf_release(&rehearsal->memories[i].json);
		buf_release(&rehearsal->memories[i].frame);
	}
	examples_release(&rehearsal->examples);
	roster_release(&rehearsal->roster);
	plan_release(&rehearsal->plan);
}

static int run_program(const struct program_call *call, struct err *err)
{
	struct rehearsal *rehearsal = mem_alloc(sizeof(*rehearsal));
	double seconds = 60;

	rehearsal->call = call;
	rehearsal->progress = (struct progress){ .conf_path = call->conf_path, .receipts = &rehearsal->receipts,
						 .path = program_value(call, "progress-file", NULL),
						 .terminal = isatty(STDERR_FILENO) == 1 };
	int rc = adapter_number(call, "drain", 0, 86400, &seconds, err);
	if (rc == 0)
		rc = open_parts(rehearsal, err);
	if (rc == 0)
		rc = tell_all(rehearsal, err);
	if (rc == 0) {
		drain(rehearsal, seconds);
		rc = conclude(rehearsal);
	}
	release(rehearsal);
	if ((rehearsal->receipts.file != NULL || rehearsal->receipts.kept != NULL) &&
	    receipts_close(&rehearsal->receipts, rc < 0 ? NULL : err))
		rc = -1;
	free(rehearsal);
	return rc;
}

static const struct program_option options[] = {
	{ "tips", 0, "FILE", "example tips, JSON lines with tip and gold" },
	{ "count", 0, "N", "tips to put, of all kinds together (100)" },
	{ "seed", 0, "S", "the same seed tells the same tips in the same order; ids and seals differ (1)" },
	{ "rate", 0, "R", "tips a second; 0: as fast as they are taken (0)" },
	{ "retries", 0, "PCT", "that many of a hundred repeat an earlier tip" },
	{ "damaged", 0, "PCT", "that many of a hundred have one bit turned over" },
	{ "unknown-key", 0, "N", "tips sealed to a key that nobody has" },
	{ "conflicted", 0, "N", "tips that name a member of the team they should go to" },
	{ "staff", 0, "FILE", "members of each team" },
	{ "receipts", 0, "FILE", "append what became of each tip, as JSON lines with its kind" },
	{ "kept", 0, "FILE", "append each tip that the spool has taken, as JSON lines with its kind" },
	{ "progress-file", 0, "FILE", "keep the counts in this file, as one JSON line" },
	{ "drain", 0, "SECONDS", "how long to wait for acknowledgements at the end (60)" },
	{ "json", 0, NULL, "the last line of standard output is one JSON object (always so)" },
	PROGRAM_OPTIONS_END
};

const struct program tip_rehearse_program = {
	.name = "tip-rehearse",
	.section = "1",
	.summary = "rehearse an adapter with example tips",
	.synopsis = "--tips FILE [--count N] [--seed S] [--rate R] ...",
	.description =
		"Tells the example tips of a file in rounds through libtipline. In each round the people, numbers, "
		"plates and handles that the tips' subjects carry are others, alike in all tips of an incident, and "
		"words change a little, so that each round is new incidents told by the same voices.\n"
		"\n"
		"Among them, as asked for: retries of the same tip, frames with a bit turned over, tips sealed to a "
		"key that nobody has, and tips that name a member of the team they should go to.\n"
		"\n"
		"For demonstrations, tests and measurements: never against a gateway whose tips are real.",
	.examples = "  tip-rehearse --config adapter.yaml --tips tips.jsonl \\\n"
		    "      --count 1000 --retries 5 --rate 100",
	.options = options,
	.conf_tables = adapter_conf_tables,
	.secrets = true,
	.check = adapter_check,
	.run = run_program,
};
