/* SPDX-License-Identifier: Apache-2.0 */
/* --try: lines in, lines out, the same whenever it runs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "schema/reason.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_try.h"

struct taker {
	struct stage_env env;
};

static int flushes_seen;

static int taker_open(void **state, const struct stage_env *env, struct err *err)
{
	struct taker *taker = mem_alloc(sizeof(*taker));

	(void)err;
	assert_true(env->trying);
	taker->env = *env;
	*state = taker;
	return 0;
}

static enum verdict from_body(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct taker *taker = state;
	struct record record = { .tip_id = in->tip_id, .day = in->day };

	if (slice_equal(in->body, slice_str("park")))
		return err_set(err, ERR_DATA, REASON_TIP_INVALID, "at /narrative"), VERDICT_PARK;
	if (slice_equal(in->body, slice_str("retry")))
		return err_set(err, ERR_TEMPORARY, NULL, "locked"), VERDICT_RETRY;
	if (slice_equal(in->body, slice_str("fatal")))
		return err_set(err, ERR_CONFIG, NULL, "no lexicon"), VERDICT_FATAL;
	record.body = slice_str("{\"narrative\":\"n\"}");
	record.parts = RECORD_LINKED;
	taker->env.random_id(taker->env.arg, &record.case_id);
	emit_record(out, "next", &record.case_id, &record);
	emit_bytes(out, "team.one", &record.case_id, &in->tip_id, slice_str("12345"));
	emit_sealed(out, "index", &in->tip_id, &in->tip_id, slice_str("123"));
	return VERDICT_DONE;
}

static enum verdict from_record(void *state, const struct event *in, struct emit *out, struct err *err)
{
	(void)state;
	(void)err;
	emit_record(out, "after", &in->record->case_id, in->record);
	return VERDICT_DONE;
}

static int taker_flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
{
	(void)state;
	(void)err;
	assert_null(positions);
	assert_int_equal(n, 0);
	flushes_seen++;
	return 0;
}

static void taker_close(void *state)
{
	free(state);
}

static const struct stage body_stage = {
	.name = "one", .topic_in = "in", .input = STAGE_READS_FRAMES,
	.open = taker_open, .handle = from_body, .flush = taker_flush, .close = taker_close
};
static const struct stage record_stage = {
	.name = "two", .topic_in = "next", .input = STAGE_READS_RECORDS, .bus_key = true,
	.open = taker_open, .handle = from_record, .close = taker_close
};

/* The caller frees what comes back. */
static char *try_text(const struct stage *stage, bool records, const char *in, size_t len, int want, struct err *err)
{
	struct stage_tables tables;
	struct conf *conf;
	char *text = NULL;
	size_t size = 0;
	FILE *input = tmpfile(), *output = open_memstream(&text, &size);

	assert_non_null(input);
	assert_int_equal(fwrite(in, 1, len, input), len);
	rewind(input);
	stage_tables_init(&tables, stage, true);
	assert_int_equal(conf_parse(&conf, "test", "stage:\n  batch: 2\n", tables.tables, err), 0);
	assert_int_equal(stage_try(stage, conf, records, input, output, err), want);
	conf_free(conf);
	stage_tables_release(&tables);
	fclose(input);
	fclose(output);
	return text;
}

static char *try_str(const struct stage *stage, bool records, const char *in, int want, struct err *err)
{
	return try_text(stage, records, in, strlen(in), want, err);
}

#define ID1 "00000000000000000000000000000001"
#define ID2 "00000000000000000000000000000002"

static void each_line_has_its_result(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	flushes_seen = 0;
	char *text = try_str(&body_stage, false, "{}\npark\nretry\n{}", 0, &err);
	char *line[4], *next = text;
	for (size_t i = 0; i < 4; i++) {
		line[i] = next;
		next = strchr(next, '\n');
		assert_non_null(next);
		*next++ = 0;
	}
	assert_string_equal(next, "");
	assert_int_equal(strncmp(line[0], "{\"verdict\":\"done\",\"emit\":[{\"topic\":\"next\",\"key\":\"" ID1
					  "\",\"record\":{", 84), 0);
	assert_non_null(strstr(line[0], ",{\"topic\":\"team.one\",\"key\":\"" ID1 "\",\"bytes\":5}"));
	assert_non_null(strstr(line[0], ",{\"topic\":\"index\",\"key\":\"" ID1 "\",\"bytes\":3}]}"));
	assert_string_equal(line[1],
			    "{\"verdict\":\"park\",\"reason\":\"tip-invalid\",\"detail\":\"at /narrative\"}");
	assert_string_equal(line[2], "{\"verdict\":\"retry\",\"detail\":\"locked\"}");
	/* The fourth line is tip 4, and the second random id. */
	assert_non_null(strstr(line[3], "\"key\":\"" ID2 "\",\"record\":"));
	assert_non_null(strstr(line[3], "\"topic\":\"index\",\"key\":\"00000000000000000000000000000004\""));
	assert_int_equal(flushes_seen, 3);
	free(text);
}

static void records_pass_from_stage_to_stage(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	char *first = try_str(&body_stage, true, "{}\npark\n{}\n", 0, &err);
	char *second = try_str(&record_stage, true, first, 0, &err);
	assert_true(strlen(first) > 0);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void what_is_no_record_is_parked(void **state)
{
	static const char *const lines[] = { "", "{", "[]", "{\"tip_id\":1}", "null", "\xff" };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char in[64];
		snprintf(in, sizeof(in), "%s\n", lines[i]);
		char *text = try_str(&record_stage, false, in, 0, &err);
		assert_int_equal(strncmp(text, "{\"verdict\":\"park\",\"reason\":\"record-shape\"", 41), 0);
		free(text);
	}
}

static void a_line_too_long_is_parked_and_the_next_is_read(void **state)
{
	size_t len = STAGE_TRY_LINE_MAX + 10;
	char *in = mem_alloc(len + 4);
	struct err err = ERR_INIT;

	(void)state;
	memset(in, ' ', len);
	snprintf(in + len, 4, "\n{}");
	char *text = try_text(&body_stage, false, in, len + 3, 0, &err);
	assert_int_equal(strncmp(text, "{\"verdict\":\"park\",\"reason\":\"too-large\"", 38), 0);
	assert_non_null(strstr(text, "\n{\"verdict\":\"done\""));
	free(text);
	free(in);
}

static void fatal_ends_with_the_line(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	char *text = try_str(&body_stage, false, "{}\nfatal\n{}\n", -1, &err);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.text, "line 2: no lexicon");
	assert_null(strstr(strchr(text, '\n') + 1, "\n"));
	free(text);
}

static void no_input_is_no_output(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	char *text = try_text(&body_stage, false, "\n", 0, 0, &err);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_result),
		cmocka_unit_test(records_pass_from_stage_to_stage),
		cmocka_unit_test(what_is_no_record_is_parked),
		cmocka_unit_test(a_line_too_long_is_parked_and_the_next_is_read),
		cmocka_unit_test(fatal_ends_with_the_line),
		cmocka_unit_test(no_input_is_no_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
