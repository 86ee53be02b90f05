/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client: sends bytes to a listener on loopback as they are, and takes what it says, for the tests of what speaks
 * HTTP. It waits ten seconds for an answer and no longer; what it took in is wiped with the caller's buf.
 */
#ifndef TIPLINE_TESTS_UNIT_HTTP_CLIENT_H
#define TIPLINE_TESTS_UNIT_HTTP_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ops/runtime/buf.h"

static inline int http_dial(const char *address)
{
	const struct timeval patience = { 10, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static inline void http_send(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static inline void http_send_text(int fd, const char *text)
{
	http_send(fd, text, strlen(text));
}

/* Until `end` has come, or with NULL until the other side closes. -1: closed or silent before that. */
static inline int http_take(int fd, const char *end, struct buf *answer)
{
	char chunk[2048];
	ssize_t n;

	buf_clear(answer);
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
		buf_append(answer, chunk, (size_t)n);
		mem_wipe(chunk, sizeof(chunk));
		if (end && strstr(buf_text(answer), end))
			return 0;
	}
	return end || n < 0 ? -1 : 0;
}

/* One request on a connection of its own, which the other side closes after the answer. */
static inline const char *http_ask(const char *address, const char *request, struct buf *answer)
{
	const int fd = http_dial(address);

	http_send_text(fd, request);
	if (http_take(fd, NULL, answer) < 0)
		fail_msg("no end of an answer to %.60s: %s", request, buf_text(answer));
	close(fd);
	return buf_text(answer);
}

static inline bool http_status_is(const char *answer, const char *status)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, strlen(status)) == 0;
}

#endif
