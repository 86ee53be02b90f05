/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/standard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

void standard_begin(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
}

/* True when the call is to be made again: at once, or now that the descriptor is ready. */
static bool try_again(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

int standard_read(struct buf *piece, size_t max, struct err *err)
{
	ssize_t got;

	buf_clear(piece);
	buf_reserve(piece, max);
	do
		got = read(STDIN_FILENO, piece->data, max);
	while (got < 0 && try_again(STDIN_FILENO, POLLIN));
	if (got < 0)
		return err_errno(err, "standard input");
	piece->len = (size_t)got;
	piece->data[piece->len] = '\0';
	return 0;
}

int standard_write(struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		ssize_t done = write(STDOUT_FILENO, bytes.data, bytes.len);

		if (done < 0 && try_again(STDOUT_FILENO, POLLOUT))
			continue;
		if (done < 0)
			return err_errno(err, "standard output");
		bytes = slice_of(bytes.data + done, bytes.len - (size_t)done);
	}
	return 0;
}
