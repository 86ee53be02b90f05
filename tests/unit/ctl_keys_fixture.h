/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl_keys_fixture: a small site and the configurations of its daemons, and `tipctl keys` run on it as a process that
 * can be killed at each moment that matters: nothing reaches the disk for certain but by fsync.
 */
#ifndef TIPLINE_TESTS_UNIT_CTL_KEYS_FIXTURE_H
#define TIPLINE_TESTS_UNIT_CTL_KEYS_FIXTURE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ops/ctl/ctl_program.h"
#include "ops/runtime/file.h"
#include "tests/unit/folder_fixture.h"

#define KILLED 99
#define ARGS_MAX 20
#define OUTPUT_MAX (1u << 20)

static int fsyncs_left = -1; /* -1: none is the last */
static struct buf said = BUF_INIT; /* by the last run, on both outputs */

/* The one of libc, for all of this program: dies in place of the last. */
int fsync(int fd)
{
	if (fsyncs_left == 0)
		_exit(KILLED);
	if (fsyncs_left > 0)
		fsyncs_left--;
	return (int)syscall(SYS_fsync, fd);
}

static void run_child(struct fixture *f, const char *line)
{
	char words[1024], config[sizeof(f->path)], *argv[ARGS_MAX + 4], *rest = words, *word;
	int n = 0, fd;

	snprintf(config, sizeof(config), "%s", at(f, "conf/tipctl.yaml"));
	argv[n++] = (char[]){ "tipctl" };
	argv[n++] = (char[]){ "--config" };
	argv[n++] = config;
	if (chdir(f->folder) != 0)
		_exit(98);
	snprintf(words, sizeof(words), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL && n < ARGS_MAX)
		argv[n++] = word;
	argv[n] = NULL;
	fd = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	n = program_main(n, argv, &ctl_program);
	fflush(NULL);
	_exit(n);
}

/* Runs a command of tipctl, words divided by single spaces; it dies at the fsync of this number, if it comes so far. */
static int run_killed(struct fixture *f, int at_fsync, const char *line)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		fsyncs_left = at_fsync;
		run_child(f, line);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	buf_clear(&said);
	assert_int_equal(file_read(&said, at(f, "said"), OUTPUT_MAX, NULL), 0);
	buf_text(&said);
	if (!WIFEXITED(status))
		fail_msg("%s: ended by signal %d: %s", line, WTERMSIG(status), buf_text(&said));
	return WEXITSTATUS(status);
}

static int run(struct fixture *f, const char *line)
{
	return run_killed(f, -1, line);
}

static void must(struct fixture *f, const char *line)
{
	int status = run(f, line);

	if (status != 0)
		fail_msg("%s: status %d: %s", line, status, buf_text(&said));
}

/* Refused with this status, in words that hold `says`. */
static void must_not(struct fixture *f, int wanted, const char *says, const char *line)
{
	int status = run(f, line);

	if (status != wanted || !strstr(buf_text(&said), says))
		fail_msg("%s: status %d, wanted %d and \"%s\": %s", line, status, wanted, says, buf_text(&said));
}

static bool is_there(struct fixture *f, const char *name)
{
	return access(at(f, name), F_OK) == 0;
}

static void read_text(struct fixture *f, const char *name, struct buf *text)
{
	buf_clear(text);
	assert_int_equal(file_read(text, at(f, name), OUTPUT_MAX, NULL), 0);
	buf_text(text);
}

static void copy(struct fixture *f, const char *from, const char *to, unsigned mode)
{
	struct buf text = BUF_INIT;

	read_text(f, from, &text);
	write_text(f, to, buf_text(&text), mode);
	buf_release(&text);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* `keys check` has nothing to say but that keys lie here that belong elsewhere; true to its word, no secret is left. */
static void must_be_sound(struct fixture *f)
{
	int status = run(f, "--json keys check");

	if (status > 1 || count(buf_text(&said), "\"what\"") != count(buf_text(&said), "lies on this machine"))
		fail_msg("keys check: status %d: %s", status, buf_text(&said));
}

/* Whether the inventory has such a line; `what` as "bus", "1", "retired". */
static bool has_state(struct fixture *f, const char *kind, const char *epoch, const char *state)
{
	struct buf text = BUF_INIT;
	char wanted[128];
	bool has;

	snprintf(wanted, sizeof(wanted), "  - key: %s\n    epoch: %s\n    state: %s\n", kind, epoch, state);
	read_text(f, "site/keyring.yaml", &text);
	has = strstr(buf_text(&text), wanted) != NULL;
	buf_release(&text);
	return has;
}

static int begin_site(void **state)
{
	static const char *const folders[] = { "conf", "classify", "triage", "dedupe", "gateway", "route" };
	struct fixture *f = mem_alloc(sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/tipline-ctl-XXXXXX");
	*state = f;
	if (mkdtemp(f->folder) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(at(f, folders[i]), 0700) != 0)
			return -1;
	write_text(f, "conf/tipctl.yaml", "keys: ../site\nkafka:\n  brokers: 127.0.0.1:1\n", 0600);
	must(f, "keys init site --teams corruption --adapters web:1:web");
	write_text(f, "conf/tipline-classify.yaml", "keys:\n  bus: ../classify\n  triage: ../triage\n"
		   "  linkage: ../classify/linkage.secret\n  adapters: ../classify/adapters.yaml\n", 0600);
	write_text(f, "conf/tipline-dedupe.yaml", "keys:\n  bus: ../dedupe\n  relink: ../dedupe/relink\n", 0600);
	write_text(f, "conf/tipline-gateway.yaml", "keys:\n  recipients: ../gateway/recipients.json\n"
		   "  adapters: ../gateway/adapters.yaml\n", 0600);
	write_text(f, "conf/tipline-route.yaml", "teams:\n  corruption:\n    recipient: ../route/corruption.recipient\n",
		   0600);
	copy(f, "site/bus/1.key", "classify/1.key", 0600);
	copy(f, "site/bus/1.key", "dedupe/1.key", 0600);
	copy(f, "site/triage/1.identity", "triage/1.identity", 0600);
	copy(f, "site/linkage.key", "classify/linkage.secret", 0600);
	copy(f, "site/teams/corruption.recipient", "route/corruption.recipient", 0644);
	return 0;
}

static inline void sign_list(struct fixture *f)
{
	must(f, "recipients sign site/recipients.json --root site/root.key --request site/recipients.request.json");
}

#endif
