/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each program's own --check, run as the program: it alone knows its keys and opens what it would use. The programs are
 * those beside this tipctl, else those on PATH.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/ctl/config_set.h"
#include "ops/runtime/err.h"

#define SAID_MAX 4096
#define SELF_MAX 4096

extern char **environ;

static void program_path(struct buf *out, const char *program)
{
	char self[SELF_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	buf_clear(out);
	if (len > 0) {
		self[len] = '\0';
		slash = strrchr(self, '/');
		buf_append(out, self, slash ? (size_t)(slash + 1 - self) : 0);
	}
	buf_append_str(out, program);
	if (access(buf_text(out), X_OK) < 0) {
		buf_clear(out);
		buf_append_str(out, program);
	}
}

/* Starts it with what it says on standard error in `said_fd`. */
static int start(pid_t *pid, const char *path, const char *conf, int said_fd)
{
	char config[] = "--config", check[] = "--check";
	char *const argv[] = { (char *)(uintptr_t)path, config, (char *)(uintptr_t)conf, check, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
	posix_spawn_file_actions_adddup2(&actions, said_fd, STDERR_FILENO);
	rc = posix_spawnp(pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static void read_said(struct buf *said, int fd)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && said->len < SAID_MAX)
			buf_append(said, chunk, (size_t)n);
	while (said->len && said->data[said->len - 1] == '\n')
		said->data[--said->len] = '\0';
}

/* "PROGRAM: FILE:LINE: what" in its parts, as far as it has them. */
static void note(struct config_set *set, const struct config_file *file, const char *said)
{
	size_t program = strlen(file->program), path = strlen(file->path);
	char *end;
	long line = 0;

	if (strncmp(said, file->program, program) == 0 && strncmp(said + program, ": ", 2) == 0)
		said += program + 2;
	if (strncmp(said, file->path, path) == 0 && said[path] == ':') {
		line = strtol(said + path + 1, &end, 10);
		said = end[0] == ':' && end[1] == ' ' ? end + 2 : said;
	}
	config_finding(set, file->path, (int)line, "correct it; PROGRAM --help lists the keys", "%s: %s", file->program,
		       *said ? said : "its own check failed without a word");
}

static void check_one(struct config_set *set, const struct config_file *file)
{
	struct buf path = BUF_INIT, said = BUF_INIT;
	int fds[2], status = 0, rc;
	pid_t pid;

	program_path(&path, file->program);
	if (pipe2(fds, O_CLOEXEC) < 0) {
		config_finding(set, file->path, 0, "try again", "cannot start %s: %s", file->program, strerror(errno));
		goto done;
	}
	rc = start(&pid, buf_text(&path), file->path, fds[1]);
	close(fds[1]);
	if (rc == 0) {
		read_said(&said, fds[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	if (rc != 0)
		config_finding(set, file->path, 0, "install it beside tipctl or on PATH", "cannot start %s: %s",
			       file->program, strerror(rc));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		note(set, file, buf_text(&said));
done:
	buf_release(&path);
	buf_release(&said);
}

void config_check_own(struct config_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		check_one(set, &set->files[i]);
}
