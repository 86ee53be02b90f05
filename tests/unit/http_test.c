/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ops/runtime/http.h"

static atomic_bool is_ready;

static bool ready_hook(void *arg, struct buf *why)
{
	if (!atomic_load(&is_ready))
		buf_printf(why, "no progress for %s", (const char *)arg);
	return atomic_load(&is_ready);
}

static void status_hook(void *arg, struct buf *json)
{
	buf_append_str(json, "{\"name\":");
	buf_append_json(json, arg, strlen(arg));
	buf_append_byte(json, '}');
}

struct fixture {
	struct metrics *metrics;
	struct http_server *server;
};

static int set_up(void **state)
{
	static char who[] = "tests";
	static struct fixture fixture;
	struct http_hooks hooks = { NULL, ready_hook, status_hook, who };
	struct err err = ERR_INIT;

	fixture.metrics = metrics_new();
	metric_add(metrics_counter(fixture.metrics, "tipline_in_total", "", "in"), 5);
	hooks.metrics = fixture.metrics;
	if (http_start(&fixture.server, "127.0.0.1:0", &hooks, &err) < 0)
		fail_msg("%s", err.text);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	http_stop(fixture->server);
	metrics_free(fixture->metrics);
	return 0;
}

static int dial(const char *address)
{
	const struct timeval patience = { 10, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* Sends `request` as it is and takes the whole answer. */
static const char *ask(const struct fixture *fixture, const char *request, struct buf *answer)
{
	const int fd = dial(http_address(fixture->server));
	char chunk[2048];
	ssize_t n;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	buf_clear(answer);
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_append(answer, chunk, (size_t)n);
	close(fd);
	return buf_text(answer);
}

static void test_answers(void **state)
{
	static const struct {
		const char *request, *status, *part;
	} cases[] = {
		{ "GET /metrics HTTP/1.1\r\nHost: localhost:1\r\n", "200", "\ntipline_in_total 5\n" },
		{ "GET /metrics?x=y HTTP/1.1\r\nHost: 127.0.0.1\r\n", "200", "text/plain; version=0.0.4" },
		{ "GET /-/healthy HTTP/1.1\r\nHost: [::1]:80\r\n", "200", "\r\n\r\nhealthy\n" },
		{ "GET /status HTTP/1.1\r\nHost: localhost\r\n", "200", "\r\n\r\n{\"name\":\"tests\"}\n" },
		{ "GET /status HTTP/1.1\r\nHost: localhost\r\n", "200", "Content-Type: application/json\r\n" },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\n", "404", "are all there is" },
		{ "GET /metrics/ HTTP/1.1\r\nHost: localhost\r\n", "404", "X-Content-Type-Options: nosniff\r\n" },
		{ "GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n", "", "" }, /* whatever it says, it stays up */
		{ "DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n", "405", "Allow: GET, HEAD\r\n" },
		{ "GET /status HTTP/1.1\r\nHost: evil.example\r\n", "403", "not by this name" },
		{ "GET /status HTTP/1.1\r\nHost: localhost.evil.example\r\n", "403", "not by this name" },
		{ "GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n", "413", "no body here" },
		{ "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n", "405", "Connection: cl" },
		{ "GET /status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n", "413", "no body" },
	};
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char request[256];
		const char *text;

		snprintf(request, sizeof(request), "%sConnection: close\r\n\r\n", cases[i].request);
		text = ask(*state, request, &answer);
		if (strncmp(text, "HTTP/1.1 ", 9) != 0 || !strstr(text, cases[i].part) ||
		    strncmp(text + 9, cases[i].status, strlen(cases[i].status)) != 0)
			fail_msg("case %zu: %s", i, text);
	}
	buf_release(&answer);
}

static void test_head_has_no_body(void **state)
{
	struct buf answer = BUF_INIT;
	const char *text = ask(*state, "HEAD /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			       &answer);

	assert_int_equal(strncmp(text, "HTTP/1.1 200", 12), 0);
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	buf_release(&answer);
}

static void test_security_headers(void **state)
{
	static const char *const headers[] = {
		"X-Content-Type-Options: nosniff",
		"Cache-Control: no-store",
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy: same-origin",
		"Referrer-Policy: no-referrer",
	};
	struct buf answer = BUF_INIT;
	const char *text = ask(*state, "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			       &answer);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_non_null(strstr(text, headers[i]));
	buf_release(&answer);
}

static void test_ready_follows_the_hook(void **state)
{
	static const char request[] = "GET /-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct buf answer = BUF_INIT;
	const char *text;

	atomic_store(&is_ready, false);
	text = ask(*state, request, &answer);
	assert_int_equal(strncmp(text, "HTTP/1.1 503", 12), 0);
	assert_non_null(strstr(text, "\r\n\r\nno progress for tests\n"));
	atomic_store(&is_ready, true);
	text = ask(*state, request, &answer);
	assert_int_equal(strncmp(text, "HTTP/1.1 200", 12), 0);
	buf_release(&answer);
}

static void test_garbage_and_crowds_do_no_harm(void **state)
{
	struct fixture *fixture = *state;
	struct buf answer = BUF_INIT;
	int crowd[100];

	ask(fixture, "\x01\x02garbage\r\n\r\n", &answer);
	for (size_t i = 0; i < sizeof(crowd) / sizeof(crowd[0]); i++)
		crowd[i] = dial(http_address(fixture->server));
	for (size_t i = 0; i < sizeof(crowd) / sizeof(crowd[0]); i++)
		close(crowd[i]);
	ask(fixture, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &answer);
	assert_int_equal(strncmp(buf_text(&answer), "HTTP/1.1 200", 12), 0);
	buf_release(&answer);
}

static void test_addresses_that_cannot_be(void **state)
{
	struct fixture *fixture = *state;
	struct http_server *server = NULL;
	const struct http_hooks hooks = { NULL, NULL, NULL, NULL };
	struct err err = ERR_INIT;

	assert_int_equal(http_start(&server, http_address(fixture->server), &hooks, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "Address already in use"));
	assert_int_equal(http_start(&server, "nonsense", &hooks, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(server);
	http_stop(NULL);
}

static void test_stops_with_a_client_on_the_line(void **state)
{
	const struct http_hooks hooks = { NULL, NULL, NULL, NULL };
	struct http_server *server;
	struct err err = ERR_INIT;
	char byte;
	int fd;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(http_start(&server, "127.0.0.1:0", &hooks, &err), 0);
		fd = dial(http_address(server));
		http_stop(server);
		assert_true(recv(fd, &byte, 1, 0) <= 0);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_security_headers),
		cmocka_unit_test(test_ready_follows_the_hook),
		cmocka_unit_test(test_garbage_and_crowds_do_no_harm),
		cmocka_unit_test(test_addresses_that_cannot_be),
		cmocka_unit_test(test_stops_with_a_client_on_the_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
