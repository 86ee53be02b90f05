/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/program.h"

static const struct conf_key keys[] = {
	{ "kafka.brokers", CONF_STRING, NULL, 0, 0, NULL, "where the brokers are" },
	{ "stage.batch", CONF_INT, "500", 1, 1000, NULL, "records taken at once" },
	CONF_KEYS_END
};

static const struct conf_key *const tables[] = { keys, NULL };

static const struct program_option options[] = {
	{ "dry-run", 'n', NULL, "say what would be done" },
	{ "file", 'f', "FILE", "read FILE" },
	PROGRAM_OPTIONS_END
};

/* Prints what it was called with; its first operand may ask for an ending. */
static int run(const struct program_call *call, struct err *err)
{
	const char *first = call->argc ? call->argv[0] : "";

	printf("dry=%d file=%s brokers=%s", program_given(call, "dry-run"), program_value(call, "file", "-"),
	       call->conf ? conf_str(call->conf, "kafka.brokers") : "-");
	for (int i = 0; i < call->argc; i++)
		printf(" [%s]", call->argv[i]);
	for (size_t i = 0; strcmp(first, "each") == 0 && program_value_at(call, "file", i); i++)
		printf(" %zu=%s", i, program_value_at(call, "file", i));
	printf("\n");
	if (strcmp(first, "data") == 0)
		return err_set(err, ERR_DATA, "malformed", "line 3: \x1B[31m no tip");
	if (strcmp(first, "usage") == 0)
		return err_set(err, ERR_USAGE, NULL, "there is no \"usage\"");
	if (strcmp(first, "silent") == 0)
		return -1;
	if (strcmp(first, "own") == 0)
		return 3;
	return call->argv[call->argc] == NULL ? 0 : 99;
}

static int check(const struct program_call *call, struct err *err)
{
	if (conf_int(call->conf, "stage.batch") == 13)
		return err_set(err, ERR_CONFIG, NULL, "%s: 13 brings bad luck",
			       conf_where(call->conf, "stage.batch"));
	return 0;
}

static const struct program command = {
	.name = "tip-try",
	.section = "1",
	.summary = "tries things",
	.synopsis = "[--dry-run] [FILE ...]\nlist",
	.description = "One paragraph.\n\nAnother with 'quotes' and a\n.dot.\n\n  verbatim --text\n    further in",
	.status_1 = "it looked, and found what this sentence goes on to say until it must be broken into two lines",
	.examples = "Look first:\n\n  tip-try --dry-run x",
	.options = options,
	.conf_tables = tables,
	.conf_optional = true,
	.check = check,
	.run = run,
};

static const struct program daemon_program = {
	.name = "tipline-try",
	.section = "8",
	.summary = "tries things all day",
	.conf_tables = tables,
	.check = check,
	.run = run,
};

static const struct program_option own_options[] = {
	{ "json", 0, NULL, "print JSON" },
	{ "all", 0, NULL, "take all" },
	{ "why", 0, "TEXT", "say why" },
	{ "into", 0, "FOLDER", "where to" },
	PROGRAM_OPTIONS_END
};

static size_t own_commands(struct program_command *out, size_t max)
{
	static const struct program_command commands[] = {
		{ .words = "box list", .options = "all", .needs_conf = true, .help = "what is in it" },
		{ .words = "box empty", .options = "all why", .help = "throw it away" },
		{ .words = "make", .options = "into", .help = "make one" },
	};
	size_t n = sizeof(commands) / sizeof(commands[0]);

	assert_true(n <= max);
	memcpy(out, commands, sizeof(commands));
	return n;
}

static int print_operands(const struct program_call *call, struct err *err)
{
	(void)err;
	for (int i = 0; i < call->argc; i++)
		printf("[%s]", call->argv[i]);
	return 0;
}

static const struct program commanded = {
	.name = "tip-box",
	.section = "1",
	.summary = "has commands",
	.synopsis = "box list [--all]\nbox empty [--all] --why TEXT\nmake --into FOLDER",
	.description = "First of all, it makes this plain: all is well.\n\n"
		       "box list: lists.\n\nbox empty: empties, for good.\n\nLast.",
	.options = own_options,
	.conf_tables = tables,
	.conf_optional = true,
	.commands = own_commands,
	.run = print_operands,
};

static int run_guarded(const struct program_call *call, struct err *err)
{
	struct rlimit core;

	(void)call;
	(void)err;
	getrlimit(RLIMIT_CORE, &core);
	printf("core=%d dumpable=%d\n", (int)core.rlim_max, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return 0;
}

static const struct program guarded = { .name = "tip-guarded", .section = "1", .summary = "guards", .secrets = true,
					.run = run_guarded };

static char folder[] = "/tmp/tipline-program-XXXXXX";

struct result {
	int status;
	struct buf out, err;
};

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void take(const char *name, struct buf *text)
{
	FILE *file = fopen(name, "r");
	int c;

	assert_non_null(file);
	buf_clear(text);
	while ((c = fgetc(file)) != EOF)
		buf_append_byte(text, (uint8_t)c);
	fclose(file);
}

static void redirect(int fd, const char *name)
{
	const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(file, fd);
	close(file);
}

/* A program ends its process, so each has one of its own. `args`: separated by single blanks. */
static void call(struct result *result, const struct program *program, const char *args, const char *out)
{
	char line[256], *argv[16], *rest = line, *arg;
	int argc = 0, status;
	pid_t pid;

	snprintf(line, sizeof(line), "prog%s%s", *args ? " " : "", args);
	while ((arg = strsep(&rest, " ")) != NULL)
		argv[argc++] = arg;
	argv[argc] = NULL;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		redirect(STDOUT_FILENO, out);
		redirect(STDERR_FILENO, "err");
		_exit(program_main(argc, argv, program));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	result->status = WEXITSTATUS(status);
	take("out", &result->out);
	take("err", &result->err);
}

static int set_up(void **state)
{
	static struct result result;

	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	put("good.yaml", "kafka: {brokers: b}\n");
	put("unlucky.yaml", "kafka: {brokers: b}\nstage:\n  batch: 13\n");
	put("bad.yaml", "kafka: {broker: b}\n");
	put("out", "");
	*state = &result;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = { "good.yaml", "unlucky.yaml", "bad.yaml", "out", "err" };
	struct result *result = *state;

	buf_release(&result->out);
	buf_release(&result->err);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	return chdir("/") < 0 || rmdir(folder) < 0;
}

static void test_command_lines(void **state)
{
	static const struct {
		const char *args;
		int status;
		const char *out, *err; /* how each begins */
	} cases[] = {
		{ "", 0, "dry=0 file=- brokers=-\n", "" },
		{ "a b", 0, "dry=0 file=- brokers=- [a] [b]\n", "" },
		{ "a --dry-run b", 0, "dry=1 file=- brokers=- [a] [b]\n", "" },
		{ "--file x --file=y", 0, "dry=0 file=y brokers=-\n", "" },
		{ "each -fx --file y -f z", 0, "dry=0 file=z brokers=- [each] 0=x 1=y 2=z\n", "" },
		{ "each --dry-run", 0, "dry=1 file=- brokers=- [each]\n", "" },
		{ "--file= a", 0, "dry=0 file= brokers=- [a]\n", "" },
		{ "-nf x a", 0, "dry=1 file=x brokers=- [a]\n", "" },
		{ "-fx -", 0, "dry=0 file=x brokers=- [-]\n", "" },
		{ "-- --dry-run -n --", 0, "dry=0 file=- brokers=- [--dry-run] [-n] [--]\n", "" },
		{ "a -c good.yaml", 0, "dry=0 file=- brokers=b [a]\n", "" },
		{ "own", 3, "", "" },
		{ "data", 65, "", "tip-try: line 3: \\u001b[31m no tip\n" },
		{ "silent", 70, "", "tip-try: failed without saying why\n" },
		{ "usage", 64, "", "tip-try: there is no \"usage\"\nusage: tip-try [--config FILE] [--dry-run] " },
		{ "--dryrun", 64, "", "tip-try: there is no option --dryrun; did you mean --dry-run?\nusage: " },
		{ "--zzzzzz", 64, "", "tip-try: there is no option --zzzzzz\n" },
		{ "-x", 64, "", "tip-try: there is no option -x\n" },
		{ "--dry-run=1", 64, "", "tip-try: --dry-run takes no value\n" },
		{ "--file", 64, "", "tip-try: --file needs a value: FILE\n" },
		{ "-nf", 64, "", "tip-try: -f needs a value: FILE\n" },
		{ "--log-level loud", 64, "", "tip-try: --log-level: \"loud\" is not one of debug, info, warn" },
		{ "-c bad.yaml", 78, "", "tip-try: bad.yaml:1: there is no key kafka.broker; did you mean kafka.br" },
		{ "-c none.yaml", 78, "",
			"tip-try: cannot read the configuration (--config): none.yaml: No such file or directory\n" },
		{ "--version", 0, "tip-try " TIPLINE_VERSION "\n", "" },
		{ "--help --nonsense", 0, "tip-try: tries things\n", "" },
	};
	struct result *result = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		call(result, &command, cases[i].args, "out");
		if (result->status != cases[i].status ||
		    strncmp(buf_text(&result->out), cases[i].out, strlen(cases[i].out)) != 0 ||
		    strncmp(buf_text(&result->err), cases[i].err, strlen(cases[i].err)) != 0)
			fail_msg("%s: %d\n%s\n%s", cases[i].args, result->status, buf_text(&result->out),
				 buf_text(&result->err));
	}
}

static void test_usage_lists_what_was_possible(void **state)
{
	struct result *result = *state;

	call(result, &command, "--nope", "out");
	assert_non_null(strstr(buf_text(&result->err),
			       "usage: tip-try [--config FILE] [--dry-run] [FILE ...]\n"
			       "       tip-try [--config FILE] list\n"
			       "options: --dry-run --file --config --example --check --log-level --help"));
	assert_non_null(strstr(buf_text(&result->err), "--version --man --completion\n"));
	assert_int_equal(result->out.len, 0);
}

static void test_help_is_complete(void **state)
{
	static const char *const parts[] = {
		"tip-try: tries things\n",
		"usage: tip-try [--config FILE] [--dry-run]",
		"  -f, --file FILE\n          read FILE\n",
		"      --check\n", "  kafka.brokers: text; required\n      where the brokers are\n",
		"  stage.batch: whole number, 1 to 1000; default 500\n",
		"    tip-try --dry-run x\n",
		"   0  it did what it was asked\n"
		"   1  it looked, and found what this sentence goes on to say until it must be\n"
		"      broken into two lines\n"
		"  64  the command line",
		"  78  the configuration",
	};
	struct result *result = *state;

	call(result, &command, "--help", "out");
	assert_int_equal(result->status, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_non_null(strstr(buf_text(&result->out), parts[i]));
	for (const char *line = buf_text(&result->out); *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

/* What belongs to other commands is neither taken nor told. */
static void test_commands_have_options_of_their_own(void **state)
{
	static const struct {
		const char *args;
		int status;
		const char *out, *err; /* parts */
	} cases[] = {
		{ "box list --all --json", 0, "[box][list]", "" },
		{ "box empty --all --why x", 0, "[box][empty]", "" },
		{ "--why x box list", 64, "", "tip-box: `tip-box box list` takes no --why; it goes with `box empty`\n" },
		{ "make --all", 64, "", "takes no --all; it goes with `box list`, `box empty`\n" },
		{ "nothing --all", 0, "[nothing]", "" }, /* no command: for the program to say */
		{ "box list --nope", 64, "", "usage: tip-box --config FILE box list [--all]\n\"tip-box box list --help\"" },
		{ "--nope", 64, "", "tip-box: there is no option --nope\nusage: tip-box COMMAND [OPTION ...]\n"
				    "commands: box make\n\"tip-box COMMAND --help\" says more of one" },
		{ "box --nope", 64, "", "usage: tip-box --config FILE box list [--all]\n"
					"       tip-box box empty [--all]" },
		{ "make --help", 0, "usage: tip-box make --into FOLDER\n", "" },
		{ "box empty --help", 0, "tip-box box empty: throw it away\n", "" },
		{ "box empty --help", 0, "\nbox empty: empties, for good.\n\nOptions:\n      --all\n", "" },
		{ "box empty --help", 0, "Every command also takes --json --config ", "" },
		{ "box --help", 0, "usage: tip-box --config FILE box list [--all]\n"
				   "       tip-box box empty [--all] --why TEXT\n", "" },
		{ "--help", 0, "\n       tip-box [--config FILE] make --into FOLDER\n", "" },
	};
	struct result *result = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		call(result, &commanded, cases[i].args, "out");
		if (result->status != cases[i].status || !strstr(buf_text(&result->out), cases[i].out) ||
		    !strstr(buf_text(&result->err), cases[i].err))
			fail_msg("%s: %d\n%s\n%s", cases[i].args, result->status, buf_text(&result->out),
				 buf_text(&result->err));
	}
	call(result, &commanded, "make --help", "out");
	assert_null(strstr(buf_text(&result->out), "makes this plain")); /* a part of a word is not the command */
	call(result, &commanded, "box list --help", "out");
	assert_null(strstr(buf_text(&result->out), "--why"));
	assert_null(strstr(buf_text(&result->out), "empties"));
}

static void test_manual_page(void **state)
{
	static const char *const parts[] = {
		".TH TIP-TRY \"1\" \"",
		".SH NAME\ntip\\-try \\- tries things\n",
		".SH SYNOPSIS\n",
		".SH DESCRIPTION\n",
		"\n.PP\nAnother with \\(aqquotes\\(aq and a\n\\&.dot.\n",
		".EX\nverbatim \\-\\-text\n  further in\n.EE\n",
		".SH OPTIONS\n.TP\n\\fB\\-n\\fR, \\fB\\-\\-dry\\-run\\fR\n",
		".SH CONFIGURATION\n",
		"\\fBkafka.brokers\\fR",
		".SH EXIT STATUS\n", "\n.TP\n\\fB1\\fR\nit looked, and found what", ".SH EXAMPLES\n", ".SH SEE ALSO\n",
		"\\fBtipctl\\fR(1),\n",
	};
	struct result *result = *state;

	call(result, &command, "--man", "out");
	assert_int_equal(result->status, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strstr(buf_text(&result->out), parts[i]))
			fail_msg("not there: %s", parts[i]);
	}
}

static void test_check(void **state)
{
	struct result *result = *state;

	call(result, &daemon_program, "--check -c good.yaml", "out");
	assert_int_equal(result->status, 0);
	assert_string_equal(buf_text(&result->out), "good.yaml: ok\n");
	call(result, &daemon_program, "--check -c unlucky.yaml", "out");
	assert_int_equal(result->status, 78);
	assert_string_equal(buf_text(&result->out), "");
	assert_string_equal(buf_text(&result->err), "tipline-try: unlucky.yaml:3: 13 brings bad luck\n");
	call(result, &daemon_program, "--check -c bad.yaml", "out");
	assert_int_equal(result->status, 78);
}

static void test_a_daemon_logs_and_needs_its_configuration(void **state)
{
	struct result *result = *state;

	call(result, &daemon_program, "", "out");
	assert_int_equal(result->status, 64);
	assert_int_equal(strncmp(buf_text(&result->err), "tipline-try: --config FILE is needed\n", 37), 0);
	call(result, &daemon_program, "-c bad.yaml", "out");
	assert_int_equal(result->status, 78);
	assert_int_equal(strncmp(buf_text(&result->err), "level=error event=program.failed program=tipline-try ", 53),
			 0);
}

static void test_full_output_is_an_error(void **state)
{
	struct result *result = *state;

	put("out", "");
	call(result, &command, "a", "/dev/full");
	assert_int_equal(result->status, 71);
	assert_string_equal(buf_text(&result->err),
		"tip-try: standard output: No space left on device; make room on that disk\n");
}

static void test_secrets_are_guarded(void **state)
{
	struct result *result = *state;

	call(result, &guarded, "--completion", "out"); /* without a configuration there is none to give an example of */
	assert_int_equal(result->status, 0);
	call(result, &guarded, "", "out");
	assert_int_equal(result->status, 0);
	assert_int_equal(strncmp(buf_text(&result->out), "core=0 dumpable=", 16), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
	assert_string_equal(buf_text(&result->out), "core=0 dumpable=0\n");
#endif
}

static void test_notify_reaches_the_service_manager(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "notify" };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[64] = "", path[128];

	(void)state;
	program_notify("READY=1"); /* nobody there: nothing happens */
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(path, sizeof(path), "%s/notify", folder);
	setenv("NOTIFY_SOCKET", path, 1);
	program_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 7);
	assert_string_equal(text, "READY=1");
	close(fd);
	unlink("notify");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_usage_lists_what_was_possible),
		cmocka_unit_test(test_help_is_complete),
		cmocka_unit_test(test_commands_have_options_of_their_own),
		cmocka_unit_test(test_manual_page),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_a_daemon_logs_and_needs_its_configuration),
		cmocka_unit_test(test_full_output_is_an_error),
		cmocka_unit_test(test_secrets_are_guarded),
		cmocka_unit_test(test_notify_reaches_the_service_manager),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
