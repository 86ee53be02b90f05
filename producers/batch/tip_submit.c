/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/tip_submit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/signals.h"
#include "producers/batch/adapter.h"
#include "producers/batch/lines.h"
#include "producers/batch/receipts.h"
#include "producers/sdk/adapter_conf.h"
#include "producers/sdk/json_member.h"
#include "producers/sdk/tipline.h"
#include "schema/tip1.h"
#include "schema/tip_id.h"

#define LINE_MAX_BYTES (2u << 20) /* more cannot be sealed anyway */
#define DRAW_MS 200
#define CODES_FROM TIP1_BAD_FRAME
#define N_CODES 32

/* One run. The receipts come on the library's thread; what they touch is in `receipts` or under its lock. */
struct run {
	struct tipline *tipline; /* NULL: --dry-run */
	struct receipts receipts;
	bool quiet;              /* --json: nothing but the summary on standard output */
	bool terminal;
	size_t lines, put, bad;
	_Atomic uint32_t refusals; /* which codes came, from CODES_FROM on: a bit each */
	int64_t drawn_ms;
};

/* The options that make a tip, and the members they become. */
static const struct {
	const char *option, *member;
} flags[] = {
	{ "narrative", "narrative" }, { "channel", "channel" },   { "where", "where" },
	{ "when", "when" },           { "relation", "relation" }, { "language", "language" },
	{ "contact", "contact" },     { "contact-details", "contact_details" }, { "tip-id", "tip_id" },
};

static void draw(struct run *run)
{
	int64_t now = clock_mono_ms();
	if (!run->terminal || now - run->drawn_ms < DRAW_MS)
		return;
	run->drawn_ms = now;
	(void)fprintf(stderr, "\r\033[K%zu kept, %zu accepted, %zu refused, %zu waiting", run->put,
		      receipts_count(&run->receipts, TIPLINE_STORED) + receipts_count(&run->receipts, TIPLINE_DUPLICATE),
		      run->bad + receipts_count(&run->receipts, TIPLINE_REFUSED),
		      run->tipline != NULL ? tipline_waiting(run->tipline) : 0);
}

static void undraw(const struct run *run)
{
	if (run->terminal)
		(void)fputs("\r\033[K", stderr);
}

static void on_receipt(void *arg, const struct tipline_receipt *receipt)
{
	static const char *const words[] = {
		[TIPLINE_STORED] = "accepted", [TIPLINE_DUPLICATE] = "accepted, it was there already",
		[TIPLINE_REFUSED] = "refused",
	};
	struct run *run = arg;
	uintptr_t line = (uintptr_t)receipt->opaque;
	char hex[TIP_ID_HEX];
	struct tip_id id;

	receipts_add(&run->receipts, receipt, NULL);
	if (receipt->result == TIPLINE_REFUSED && receipt->code >= CODES_FROM && receipt->code < CODES_FROM + N_CODES)
		atomic_fetch_or(&run->refusals, 1u << (receipt->code - CODES_FROM));
	if (run->quiet)
		return;
	memcpy(id.bytes, receipt->tip_id, TIP_ID_BYTES);
	tip_id_hex(&id, hex);
	undraw(run);
	if (line > 0)
		(void)printf("line %llu: %s", (unsigned long long)line, words[receipt->result]);
	else
		(void)printf("kept earlier: %s", words[receipt->result]);
	if (receipt->result == TIPLINE_REFUSED)
		(void)printf(": %s", receipt->reason);
	(void)printf(" %s\n", hex);
	(void)fflush(stdout);
}

static void say_bad(struct run *run, const char *why)
{
	run->bad++;
	undraw(run);
	(void)fprintf(stderr, "line %zu: refused: %s\n", run->lines, why);
}

/* A full spool is waited for while it can empty. Any other failure of the disk ends the run. */
static int put_one(struct run *run, struct slice json, struct err *err)
{
	void *opaque = (void *)(uintptr_t)run->lines; /* a number, never followed */
	uint8_t id[TIPLINE_ID_BYTES];
	int code;

	if (run->tipline == NULL) {
		code = tipline_check((const char *)json.data, json.len);
	} else {
		while ((code = tipline_put(run->tipline, (const char *)json.data, json.len, id, opaque)) ==
			       TIPLINE_EFULL &&
		       !signals_stop_requested()) {
			if (adapter_wait_on(run->tipline, err))
				return -1;
			draw(run);
			(void)usleep(20000);
		}
	}
	if (code == TIPLINE_EINVAL) {
		say_bad(run, tipline_error());
		return 0;
	}
	if (code != TIPLINE_OK)
		return adapter_error(err, code);
	run->put++;
	if (run->tipline == NULL && !run->quiet)
		(void)printf("line %zu: valid\n", run->lines);
	draw(run);
	return 0;
}

static int put_line(struct run *run, struct slice line, struct err *err)
{
	struct slice inner;

	while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL)
		line.len--;
	if (line.len == 0)
		return 0;
	if (line.len > LINE_MAX_BYTES) {
		say_bad(run, "too-large");
		return 0;
	}
	/* Lines of a file of examples carry the document as a member. */
	if (json_member(line, "tip", &inner))
		line = inner;
	return put_one(run, line, err);
}

static int put_stream(struct run *run, int fd, const char *name, struct err *err)
{
	struct lines lines;
	int rc = 0;

	run->lines = 0;
	lines_init(&lines, fd, LINE_MAX_BYTES);
	while (rc == 0 && !signals_stop_requested() && lines_next(&lines)) {
		run->lines++;
		rc = put_line(run, buf_slice(&lines.line), err);
	}
	errno = lines.error;
	if (rc == 0 && lines.error)
		rc = err_errno(err, "the file of tips %s", name);
	lines_release(&lines);
	return rc;
}

static int put_file(struct run *run, const char *name, struct err *err)
{
	if (strcmp(name, "-") == 0)
		return put_stream(run, STDIN_FILENO, "standard input", err);
	char why[ERR_WHY_MAX];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_USAGE, "no-file", "the file of tips %s: %s", name, err_why(errno, why));
	int rc = put_stream(run, fd, name, err);
	close(fd);
	return rc;
}

static bool any_flag(const struct program_call *call)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (program_given(call, flags[i].option))
			return true;
	return false;
}

/* What was given by a flag stands in /proc/PID/cmdline for every user to read: not for longer than it must. */
static void wipe_flags(const struct program_call *call)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const char *value = program_value(call, flags[i].option, NULL);

		if (value != NULL)
			mem_wipe((void *)(uintptr_t)value, strlen(value)); /* argv is ours to write */
	}
}

static int put_flags(struct run *run, const struct program_call *call, struct err *err)
{
	struct buf json = BUF_INIT;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const char *value = program_value(call, flags[i].option, NULL);
		if (value == NULL)
			continue;
		buf_printf(&json, "%c\"%s\":", json.len == 0 ? '{' : ',', flags[i].member);
		buf_append_json(&json, value, strlen(value));
	}
	buf_append_byte(&json, '}');
	wipe_flags(call);
	run->lines = 1;
	int rc = put_one(run, buf_slice(&json), err);
	buf_release(&json);
	return rc;
}

/* What was refused in earlier runs, once more. */
static int put_refused(struct run *run, struct err *err)
{
	int code = tipline_requeue(run->tipline, &run->put);

	return code == TIPLINE_OK ? 0 : adapter_error(err, code);
}

static int put_all(struct run *run, const struct program_call *call, struct err *err)
{
	int rc = 0;

	if (program_given(call, "refused"))
		return put_refused(run, err);
	if (program_given(call, "resume"))
		return 0;
	if (any_flag(call))
		return put_flags(run, call, err);
	if (call->argc == 0)
		return put_file(run, "-", err);
	for (int i = 0; i < call->argc && rc == 0; i++)
		rc = put_file(run, call->argv[i], err);
	return rc;
}

static void wait_for_answers(struct run *run, double seconds)
{
	int64_t until = clock_mono_ms() + (int64_t)(seconds * 1000);
	while (!signals_stop_requested() && clock_mono_ms() < until &&
	       tipline_drain(run->tipline, DRAW_MS) == TIPLINE_ETIMEDOUT)
		draw(run);
	undraw(run);
}

/* The exit status of a run whose tips were all put; what still waits will be tried by the next run. */
static int status_of(const struct run *run, size_t waiting, size_t refused)
{
	const struct err data = { .kind = ERR_DATA };

	if (waiting > 0)
		return adapter_left_waiting(run->tipline, "tip-submit");
	return refused > 0 ? err_exit_status(&data) : 0;
}

/* Once for each kind of refusal, what its owner can do. */
static void advise(const struct run *run)
{
	uint32_t refusals = atomic_load(&run->refusals);

	for (unsigned i = 0; i < N_CODES; i++) {
		const struct tip1_code_info *info = tip1_code_find((uint16_t)(CODES_FROM + i));

		if (refusals & 1u << i && info->todo)
			(void)fprintf(stderr, "tip-submit: %s: %s\n", info->word, info->todo);
	}
	if (refusals)
		(void)fprintf(stderr, "tip-submit: what was refused is kept, sealed, in the spool's quarantine. Where the "
				      "gateway's side was wrong, mend that, then: tip-submit --resume --refused. Where this "
				      "adapter's was, mend it and give the tips again\n");
}

static int conclude(struct run *run, const struct program_call *call)
{
	size_t waiting = run->tipline != NULL ? tipline_waiting(run->tipline) : 0;
	size_t refused = run->bad + receipts_count(&run->receipts, TIPLINE_REFUSED);
	size_t stored = receipts_count(&run->receipts, TIPLINE_STORED);
	size_t repeats = receipts_count(&run->receipts, TIPLINE_DUPLICATE);

	if (program_given(call, "json"))
		(void)printf("{\"put\":%zu,\"stored\":%zu,\"duplicate\":%zu,\"refused\":%zu,\"waiting\":%zu}\n",
			     run->put, stored, repeats, refused, waiting);
	else if (run->tipline == NULL)
		(void)fprintf(stderr, "%zu valid, %zu not; nothing was sent\n", run->put, run->bad);
	else
		(void)fprintf(stderr, "%zu accepted, %zu of them repeats; %zu refused; %zu wait in the spool\n",
			      stored + repeats, repeats, refused, waiting);
	advise(run);
	return status_of(run, waiting, refused);
}

/* Details that are promised must be there, and somebody who says --contact "" means something that is not said. */
static int check_contact(const struct program_call *call, struct err *err)
{
	const char *mode = program_value(call, "contact", NULL), *details = program_value(call, "contact-details", "");

	if (mode != NULL && mode[0] == '\0')
		return err_set(err, ERR_USAGE, NULL, "--contact needs a mode: none, mailbox or details");
	if (mode != NULL && strcmp(mode, "details") == 0 && details[0] == '\0')
		return err_set(err, ERR_USAGE, NULL,
			       "--contact details needs the details themselves: --contact-details TEXT");
	return 0;
}

static int check_usage(const struct program_call *call, double *wait, struct err *err)
{
	if (call->conf == NULL && !program_given(call, "dry-run"))
		return err_set(err, ERR_USAGE, NULL, "--config is needed for everything but --dry-run");
	if (any_flag(call) && call->argc > 0)
		return err_set(err, ERR_USAGE, NULL, "a tip from flags and files at once");
	if (any_flag(call) && !program_given(call, "narrative"))
		return err_set(err, ERR_USAGE, NULL, "--narrative is needed for a tip from flags");
	if (program_given(call, "refused") && !program_given(call, "resume"))
		return err_set(err, ERR_USAGE, NULL, "--refused goes with --resume");
	if (program_given(call, "resume") && (any_flag(call) || call->argc > 0))
		return err_set(err, ERR_USAGE, NULL, "--resume takes no tip: it submits what the spool holds");
	if (check_contact(call, err))
		return -1;
	return adapter_number(call, "wait", 0, 86400, wait, err);
}

static int submit(struct run *run, const struct program_call *call, double wait, struct err *err)
{
	if (!program_given(call, "dry-run")) {
		if (adapter_open(&run->tipline, call, err))
			return -1;
		tipline_on_receipt(run->tipline, on_receipt, run);
	}
	int rc = run->tipline != NULL && !program_given(call, "resume") ? adapter_ready(run->tipline, err) : 0;
	if (rc == 0)
		rc = put_all(run, call, err);
	if (run->tipline != NULL && rc == 0)
		wait_for_answers(run, wait);
	if (rc == 0)
		rc = conclude(run, call);
	if (run->tipline != NULL)
		(void)tipline_close(run->tipline, 0);
	return rc;
}

int tip_submit_run(const struct program_call *call, struct err *err)
{
	struct run run = { .quiet = program_given(call, "json"), .terminal = isatty(STDERR_FILENO) == 1 };
	double wait = 60;

	if (check_usage(call, &wait, err) || signals_install(err) ||
	    receipts_open(&run.receipts, program_value(call, "receipts", NULL), err))
		return -1;
	int rc = submit(&run, call, wait, err);
	if (receipts_close(&run.receipts, rc < 0 ? NULL : err) && rc >= 0)
		rc = -1;
	return rc;
}
