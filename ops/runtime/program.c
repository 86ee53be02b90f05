/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/program.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "ops/runtime/log.h"
#include "ops/runtime/program_command.h"
#include "ops/runtime/program_completion.h"
#include "ops/runtime/program_help.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define BUILT_WITH_ASAN 1
#endif

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_ERROR] = "error",
};

#define N_LEVELS (sizeof(level_names) / sizeof(level_names[0]))

/*
 * No memory of ours on disk, nor in another process of the same user. A build with the address sanitizer stays
 * dumpable: its leak checker attaches to the process.
 */
static int guard_secrets(struct err *err)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(err, "cannot forbid core dumps");
#ifndef BUILT_WITH_ASAN
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_errno(err, "cannot forbid that others look into the process");
#endif
	return 0;
}

/* A file opened later must not become standard error by accident, and then receive the log. */
static int guard_standard_files(struct err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) != fd)
			return err_errno(err, "/dev/null");
	}
	return 0;
}

/*
 * Memory that was asked for in a burst goes back when the burst is over. By itself glibc raises its threshold for
 * mapping with the largest block freed, so that megabytes of fetched records end up on the heap, between small blocks
 * that stay; and it gives nearly every thread of librdkafka a heap of its own. Then a daemon that was once behind never
 * becomes small again.
 */
static void settle_allocator(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 256 << 10);
	(void)mallopt(M_ARENA_MAX, 2);
}

static int set_log_level(const struct command_line *line, struct err *err)
{
	const char *name = command_line_value(line, "log-level");

	for (size_t i = 0; name && i < N_LEVELS; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			log_set_level((enum log_level)i);
			return 0;
		}
	}
	if (name)
		return err_set(err, ERR_USAGE, NULL, "--log-level: \"%s\" is not one of debug, info, warn, error",
			       name);
	return 0;
}

static bool given(const struct command_line *line, const char *option)
{
	return command_line_value(line, option) != NULL;
}

/* What asks for text alone; true when it was that. */
static bool answer(const struct command_line *line)
{
	struct buf out = BUF_INIT;

	if (given(line, "help"))
		program_help(line, &out);
	else if (given(line, "man"))
		program_man(line, &out);
	else if (line->program->conf_tables && given(line, "example"))
		conf_example(line->program->conf_tables, &out);
	else if (given(line, "completion"))
		program_completion(line, &out);
	else if (given(line, "version"))
		buf_printf(&out, "%s %s\n", line->program->name, TIPLINE_VERSION);
	if (!out.len)
		return false;
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return true;
}

static int check(const struct program_call *call, const struct program *program, struct err *err)
{
	if (program->check && program->check(call, err) < 0)
		return -1;
	printf("%s: ok\n", call->conf_path ? call->conf_path : program->name);
	return 0;
}

static int load_file(struct conf **conf, const char *path, const struct program *program, struct err *err)
{
	if (conf_load(conf, path, program->conf_tables, err) == 0)
		return 0;
	return access(path, R_OK) == 0 ? -1 : err_prefix(err, "cannot read the configuration (--config)");
}

static int load(const struct command_line *line, const struct program_call *call, struct conf **conf, struct err *err)
{
	const struct program *program = line->program;

	if (call->conf_path)
		return load_file(conf, call->conf_path, program, err);
	if (program->conf_tables && !program->conf_optional)
		return err_set(err, ERR_USAGE, NULL, "--config FILE is needed");
	return 0;
}

static int carry_out(const struct command_line *line, struct err *err)
{
	const struct program *program = line->program;
	struct conf *conf = NULL;
	struct program_call call = {
		.conf_path = program->conf_tables ? command_line_value(line, "config") : NULL,
		.argc = line->n_operands,
		.argv = line->operands,
		.opaque = line,
	};
	int rc;

	if (load(line, &call, &conf, err) < 0)
		return -1;
	call.conf = conf;
	if ((program->conf_tables || program->check) && given(line, "check"))
		rc = check(&call, program, err);
	else
		rc = program->run(&call, err);
	conf_free(conf);
	return rc;
}

/* A full disk behind standard output must not look like success. */
static int flush_output(int rc, struct err *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	if (rc < 0)
		return rc;
	if (errno)
		return err_errno(err, "standard output");
	return err_set(err, ERR_SYSTEM, NULL, "standard output: not all was written");
}

/* People read what a command says; a daemon's last words go where its log goes. */
static void report(const struct command_line *line, struct err *err)
{
	struct buf usage = BUF_INIT;
	const bool command = line->program->section && strcmp(line->program->section, "1") == 0;
	const bool checking = line->program->conf_tables && given(line, "check");

	if (err->kind == ERR_NONE)
		err_set(err, ERR_BUG, NULL, "failed without saying why");
	if (err->kind != ERR_USAGE && !command && !checking && !isatty(STDERR_FILENO)) {
		log_err(LOG_LEVEL_ERROR, "program.failed", err);
		return;
	}
	log_plain(err->text);
	if (err->kind == ERR_USAGE && !err->reason) {
		program_usage(line, &usage);
		fputs(buf_text(&usage), stderr);
	}
	buf_release(&usage);
}

static int start(struct command_line *line, int argc, char **argv, struct err *err)
{
	int rc;

	if (line->program->secrets && guard_secrets(err) < 0)
		return -1;
	if (guard_standard_files(err) < 0)
		return -1;
	rc = command_line_read(line, argc, argv, err);
	if (answer(line))
		return 0;
	if (rc < 0 || set_log_level(line, err) < 0 || program_command_check(line, err) < 0)
		return -1;
	return carry_out(line, err);
}

int program_main(int argc, char **argv, const struct program *program)
{
	struct command_line line;
	struct err err = ERR_INIT;
	int rc;

	settle_allocator();
	command_line_init(&line, program);
	log_open(program->name, LOG_LEVEL_INFO);
	rc = flush_output(start(&line, argc, argv, &err), &err);
	if (rc < 0) {
		report(&line, &err);
		rc = err_exit_status(&err);
	}
	command_line_release(&line);
	return rc;
}

bool program_given(const struct program_call *call, const char *option)
{
	return given(call->opaque, option);
}

const char *program_value(const struct program_call *call, const char *option, const char *fallback)
{
	const char *value = command_line_value(call->opaque, option);

	return value ? value : fallback;
}

const char *program_value_at(const struct program_call *call, const char *option, size_t i)
{
	return command_line_value_at(call->opaque, option, i);
}

const struct program *program_of(const struct program_call *call)
{
	const struct command_line *line = call->opaque;

	return line->program;
}

void program_notify(const char *state)
{
	(void)sd_notify(0, state);
}
