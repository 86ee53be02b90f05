/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_try.h"

#include <inttypes.h>
#include <string.h>

#include "ops/runtime/log.h"
#include "schema/keys.h"
#include "schema/reason.h"
#include "schema/tip.h"
#include "workers/stage/emit.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_park.h"

#define TRY_ARENA_FIRST (64u << 10)

struct try {
	const struct stage *stage;
	void *state;
	bool records;
	FILE *in, *out;
	uint64_t line_no;
	uint64_t last_random;
	struct arena *arena;
	struct emit emit;
	struct buf line, text;
	bool line_cut;
	struct record record;
};

static void counted_id(struct tip_id *id, uint64_t n)
{
	memset(id, 0, sizeof(*id));
	for (size_t i = 0; i < 8; i++)
		id->bytes[TIP_ID_BYTES - 1 - i] = (uint8_t)(n >> (8 * i));
}

static void next_random_id(void *arg, struct tip_id *id)
{
	struct try *try = arg;

	counted_id(id, ++try->last_random);
}

/* One line without its newline into try->line; what is over the limit is read and dropped. 0 at the end of input. */
static int read_line(struct try *try)
{
	int c = getc_unlocked(try->in);

	buf_clear(&try->line);
	try->line_cut = false;
	if (c == EOF)
		return 0;
	for (; c != EOF && c != '\n'; c = getc_unlocked(try->in)) {
		if (try->line.len < STAGE_TRY_LINE_MAX)
			buf_append_byte(&try->line, (uint8_t)c);
		else
			try->line_cut = true;
	}
	try->line_no++;
	return 1;
}

static int event_of_line(struct event *event, struct try *try, struct err *err)
{
	struct slice line = buf_slice(&try->line);

	memset(event, 0, sizeof(*event));
	event->origin = (struct origin){ try->stage->topic_in, 0, (int64_t)try->line_no - 1 };
	event->arena = try->arena;
	if (try->line_cut)
		return err_set(err, ERR_DATA, REASON_TOO_LARGE, "the line is over 2 MiB");
	if (try->stage->input == STAGE_READS_FRAMES) {
		counted_id(&event->tip_id, try->line_no);
		event->day = STAGE_TRY_DAY;
		event->body = line;
		return 0;
	}
	struct err why = ERR_INIT;
	if (record_from_json(&try->record, line, try->arena, &why))
		return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "%s", why.text);
	event->record = &try->record;
	event->tip_id = try->record.tip_id;
	event->day = try->record.day;
	return 0;
}

static void append_text(struct buf *out, const char *text)
{
	buf_append_json(out, text, strlen(text));
}

static void append_item(struct buf *out, const struct emit_item *item)
{
	char key[TIP_ID_HEX];

	tip_id_hex(&item->key, key);
	buf_append_str(out, "{\"topic\":");
	append_text(out, item->topic);
	buf_printf(out, ",\"key\":\"%s\"", key);
	if (item->kind == EMIT_RECORD) {
		buf_append_str(out, ",\"record\":");
		buf_append_slice(out, item->value);
	} else {
		buf_printf(out, ",\"bytes\":%zu", item->value.len);
	}
	buf_append_byte(out, '}');
}

static void show_done(struct try *try)
{
	buf_append_str(&try->text, "{\"verdict\":\"done\",\"emit\":[");
	for (size_t i = 0; i < try->emit.n; i++) {
		if (i)
			buf_append_byte(&try->text, ',');
		append_item(&try->text, &try->emit.items[i]);
	}
	buf_append_str(&try->text, "]}\n");
}

static void show_records(struct try *try)
{
	for (size_t i = 0; i < try->emit.n; i++) {
		if (try->emit.items[i].kind != EMIT_RECORD)
			continue;
		buf_append_slice(&try->text, try->emit.items[i].value);
		buf_append_byte(&try->text, '\n');
	}
}

static void show_other(struct try *try, const char *verdict, const struct err *why)
{
	if (try->records) {
		char line[24];

		snprintf(line, sizeof(line), "%" PRIu64, try->line_no);
		log_event(LOG_LEVEL_WARN, "stage.try", "verdict", verdict, "line", line, "reason",
			  why->reason ? why->reason : "", "detail", why->text, NULL);
		return;
	}
	buf_printf(&try->text, "{\"verdict\":\"%s\"", verdict);
	if (why->reason) {
		buf_append_str(&try->text, ",\"reason\":");
		append_text(&try->text, why->reason);
	}
	if (why->text[0]) {
		buf_append_str(&try->text, ",\"detail\":");
		append_text(&try->text, why->text);
	}
	buf_append_str(&try->text, "}\n");
}

static void show_parked(struct try *try, struct err *why)
{
	why->reason = stage_park_reason(why);
	show_other(try, "park", why);
}

static int fatal(const struct err *why, uint64_t line_no, struct err *err)
{
	err_set(err, why->kind == ERR_NONE ? ERR_BUG : why->kind, why->reason, "%s",
		why->text[0] ? why->text : "the stage gave up without saying why");
	return err_prefix(err, "line %" PRIu64, line_no);
}

static int try_line(struct try *try, struct err *err)
{
	struct event event;
	struct err why = ERR_INIT;

	emit_begin(&try->emit, STAGE_TRY_DAY);
	if (event_of_line(&event, try, &why)) {
		show_parked(try, &why);
		return 0;
	}
	try->emit.day = event.day;
	enum verdict verdict = try->stage->handle(try->state, &event, &try->emit, &why);
	if (try->emit.failed)
		return fatal(&try->emit.error, try->line_no, err);
	switch (verdict) {
	case VERDICT_DONE:
		if (try->records)
			show_records(try);
		else
			show_done(try);
		return 0;
	case VERDICT_PARK:
		show_parked(try, &why);
		return 0;
	case VERDICT_RETRY:
		show_other(try, "retry", &why);
		return 0;
	case VERDICT_FATAL:
		return fatal(&why, try->line_no, err);
	}
	BUG("a verdict that does not exist");
}

static int write_out(struct try *try, struct err *err)
{
	struct slice text = buf_slice(&try->text);
	size_t written = text.len ? fwrite(text.data, 1, text.len, try->out) : 0;

	buf_clear(&try->text);
	if (written != text.len || fflush(try->out))
		return err_errno(err, "standard output");
	return 0;
}

static int end_batch(struct try *try, struct err *err)
{
	arena_reset(try->arena);
	if (try->stage->flush && try->stage->flush(try->state, NULL, 0, err))
		return err_prefix(err, "flush");
	return 0;
}

static int try_lines(struct try *try, uint64_t batch, struct err *err)
{
	while (read_line(try)) {
		int rc = try_line(try, err);
		if (write_out(try, err) || rc)
			return -1;
		if (try->line_no % batch == 0 && end_batch(try, err))
			return -1;
	}
	if (ferror(try->in))
		return err_errno(err, "standard input");
	return end_batch(try, err);
}

int stage_try(const struct stage *stage, const struct conf *conf, bool records, FILE *in, FILE *out, struct err *err)
{
	struct try try = { .stage = stage, .records = records, .in = in, .out = out };
	struct metrics *metrics = metrics_new();
	struct stage_env env = { conf, metrics, true, next_random_id, &try };
	int rc = -1;

	try.arena = arena_new(TRY_ARENA_FIRST);
	emit_init(&try.emit, NULL, try.arena, true);
	if (!keys_begin(err)) {
		tip_begin();
		if (!stage->open(&try.state, &env, err)) {
			rc = try_lines(&try, (uint64_t)conf_int(conf, "stage.batch"), err);
			if (stage->close)
				stage->close(try.state);
		}
	}
	emit_release(&try.emit);
	buf_release(&try.line);
	buf_release(&try.text);
	arena_free(try.arena);
	metrics_free(metrics);
	return rc;
}
