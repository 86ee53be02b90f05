/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/signals.h"

static bool is_readable(void)
{
	struct pollfd fd = { .fd = signals_fd(), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* A request to stop cannot be taken back, so each test has a process of its own; 0: all was as it should be. */
static void in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define MUST(condition) do { if (!(condition)) return __LINE__ % 250 + 1; } while (0)

static int stop_by(int number)
{
	MUST(signals_install(NULL) == 0);
	MUST(!signals_stop_requested() && !is_readable());
	raise(number);
	MUST(signals_stop_requested() && is_readable());
	raise(number);
	MUST(signals_stop_requested() && is_readable());
	MUST(!signals_reload_requested());
	return 0;
}

static int stop_by_term(void)
{
	return stop_by(SIGTERM);
}

static int stop_by_int(void)
{
	return stop_by(SIGINT);
}

static int stop_by_request(void)
{
	MUST(signals_install(NULL) == 0);
	signals_request_stop();
	MUST(signals_stop_requested() && is_readable());
	return 0;
}

static int request_before_install(void)
{
	MUST(signals_fd() == -1);
	signals_request_stop();
	MUST(signals_stop_requested());
	return 0;
}

static int reload_once(void)
{
	MUST(signals_install(NULL) == 0);
	MUST(!signals_reload_requested());
	raise(SIGHUP);
	MUST(is_readable());
	MUST(signals_reload_requested());
	MUST(!signals_reload_requested() && !is_readable());
	raise(SIGHUP);
	MUST(signals_reload_requested() && !signals_stop_requested());
	return 0;
}

static int stop_stays_after_reload(void)
{
	MUST(signals_install(NULL) == 0);
	raise(SIGHUP);
	raise(SIGTERM);
	MUST(signals_reload_requested());
	MUST(signals_stop_requested() && is_readable());
	return 0;
}

static int many_requests_do_not_block(void)
{
	MUST(signals_install(NULL) == 0);
	for (int i = 0; i < 100000; i++)
		raise(SIGHUP);
	MUST(signals_reload_requested() && !is_readable());
	return 0;
}

static int pipe_is_an_error_not_a_death(void)
{
	int ends[2];

	MUST(signals_install(NULL) == 0 && pipe(ends) == 0);
	close(ends[0]);
	MUST(write(ends[1], "x", 1) == -1 && errno == EPIPE);
	return 0;
}

static int stop_interrupts_a_read(void)
{
	const pid_t self = getpid();
	int ends[2], saved;
	ssize_t n;
	char byte;
	pid_t pid;

	MUST(signals_install(NULL) == 0 && pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		/* It must not outlive us and signal somebody else. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Again and again: the first may come before the read begins. */
		for (int i = 0; i < 10000 && getppid() == self; i++) {
			kill(self, SIGTERM);
			poll(NULL, 0, 1);
		}
		_exit(0);
	}
	n = read(ends[0], &byte, 1);
	saved = errno;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	MUST(n == -1 && saved == EINTR);
	return 0;
}

static void test_stop(void **state)
{
	(void)state;
	in_child(stop_by_term);
	in_child(stop_by_int);
	in_child(stop_by_request);
	in_child(request_before_install);
	in_child(stop_interrupts_a_read);
}

static void test_reload(void **state)
{
	(void)state;
	in_child(reload_once);
	in_child(stop_stays_after_reload);
	in_child(many_requests_do_not_block);
}

static void test_broken_pipe(void **state)
{
	(void)state;
	in_child(pipe_is_an_error_not_a_death);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_broken_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
