/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A process has one set of signal handlers, so this state is the process's. Handlers touch only lock-free atomics. */
static atomic_bool stop_asked, reload_asked;
static atomic_int wake_fd = -1;

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "signal handlers need lock-free atomics");

static void wake(void)
{
	const int saved = errno, fd = atomic_load(&wake_fd);
	const uint64_t one = 1;
	ssize_t n = 0;

	if (fd >= 0)
		n = write(fd, &one, sizeof(one));
	(void)n; /* it can only fail for being full of wake-ups already */
	errno = saved;
}

static void on_stop(int number)
{
	(void)number;
	signals_request_stop();
}

static void on_reload(int number)
{
	(void)number;
	atomic_store(&reload_asked, true);
	wake();
}

/*
 * A stop interrupts what blocks (no SA_RESTART): a command that waits for input shall end. A reload does not: nobody
 * expects a read to fail for it.
 */
static const struct disposition {
	int number;
	void (*handler)(int);
	int flags;
} dispositions[] = {
	{ SIGTERM, on_stop, 0 },
	{ SIGINT, on_stop, 0 },
	{ SIGHUP, on_reload, SA_RESTART },
	{ SIGPIPE, SIG_IGN, 0 },
};

int signals_install(struct err *err)
{
	if (atomic_load(&wake_fd) < 0) {
		const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return err_errno(err, "cannot prepare for signals");
		atomic_store(&wake_fd, fd);
	}
	for (size_t i = 0; i < sizeof(dispositions) / sizeof(dispositions[0]); i++) {
		const struct disposition *to = &dispositions[i];
		struct sigaction action = { .sa_handler = to->handler, .sa_flags = to->flags };

		sigemptyset(&action.sa_mask);
		if (sigaction(to->number, &action, NULL) < 0)
			return err_errno(err, "cannot prepare for signal %d", to->number);
	}
	return 0;
}

bool signals_stop_requested(void)
{
	return atomic_load(&stop_asked);
}

bool signals_reload_requested(void)
{
	uint64_t wakes;

	if (!atomic_load(&reload_asked))
		return false;
	/* Emptied first: a request that comes now is either taken below or wakes once more for nothing. */
	if (read(atomic_load(&wake_fd), &wakes, sizeof(wakes)) > 0 && signals_stop_requested())
		wake();
	return atomic_exchange(&reload_asked, false);
}

int signals_fd(void)
{
	return atomic_load(&wake_fd);
}

void signals_request_stop(void)
{
	atomic_store(&stop_asked, true);
	wake();
}
