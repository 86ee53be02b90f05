/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/http_listener.h"
#include "tests/unit/http_client.h"
#include "tests/unit/memory_search.h"

#define BODY_SHORT 16
#define BODY_LONG 200000
#define THREADS 3
#define PATIENCE_MS 20000
#define CHUNKED "Host: h\r\nTransfer-Encoding: chunked\r\n"
#define CLOSE "Host: h\r\nConnection: close\r\n"

static const char *const headers[][2] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'" },
};

/* Hooks that have come to /meet and stay until the test lets them go. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned there;
	bool go;
} meeting = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };

/* 0 once `there` is at least `n`, or with 0 once they may go; -1: not in time. */
static int meeting_wait(unsigned n)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	while (rc == 0 && (n ? meeting.there < n : !meeting.go))
		rc = pthread_cond_timedwait(&meeting.changed, &meeting.lock, &until);
	return rc ? -1 : 0;
}

static void meet(void)
{
	pthread_mutex_lock(&meeting.lock);
	meeting.there++;
	pthread_cond_broadcast(&meeting.changed);
	(void)meeting_wait(0);
	pthread_mutex_unlock(&meeting.lock);
}

static size_t body_max_hook(void *arg, const char *method, const char *path)
{
	(void)arg;
	if (strcmp(method, "POST") == 0)
		return strcmp(path, "/long") == 0 ? BODY_LONG : strcmp(path, "/short") == 0 ? BODY_SHORT : 0;
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? 0 : HTTP_BODY_UNREAD;
}

/* Says what it was asked. */
static void answer_hook(void *arg, const struct http_request *request, struct http_reply *reply)
{
	assert_ptr_equal(arg, headers);
	reply->status = 200;
	reply->type = "text/x-test";
	if (strcmp(request->path, "/meet") == 0)
		meet();
	if (strcmp(request->path, "/away") == 0) {
		reply->status = 303;
		reply->type = NULL;
		reply->location = "/received";
		return;
	}
	if (strcmp(request->method, "DELETE") == 0)
		reply->status = strcmp(request->path, "/gone") == 0 ? 404 : 405;
	buf_printf(&reply->body, "%s %s %s %s %zu [", request->method, request->path,
		   request->type ? request->type : "-", request->host ? request->host : "-", request->body.len);
	buf_append_slice(&reply->body, request->body);
	buf_append_str(&reply->body, "]\n");
}

static struct http_listener_options options_of(unsigned threads)
{
	return (struct http_listener_options){
		.address = "127.0.0.1:0",
		.connections = 16,
		.threads = threads,
		.timeout_s = 120, /* longer than a search of all memory takes on a slow machine */
		.headers = headers,
		.n_headers = sizeof(headers) / sizeof(headers[0]),
		.allow = "GET, HEAD, POST",
		.body_max = body_max_hook,
		.answer = answer_hook,
		.arg = (void *)(uintptr_t)headers,
	};
}

static int set_up(void **state)
{
	const struct http_listener_options options = options_of(THREADS);
	struct http_listener *listener;
	struct err err = ERR_INIT;

	if (http_listener_start(&listener, &options, &err) < 0)
		fail_msg("%s", err.text);
	*state = listener;
	return 0;
}

static int tear_down(void **state)
{
	http_listener_stop(*state);
	return 0;
}

static const struct {
	const char *request, *status, *part;
} cases[] = {
	{ "GET /a/b%20c?d=e HTTP/1.1\r\n" CLOSE "\r\n", "200", "\r\n\r\nGET /a/b c - h 0 []\n" },
	{ "GET / HTTP/1.1\r\n" CLOSE "\r\n", "200", "Content-Type: text/x-test\r\n" },
	{ "POST /short HTTP/1.1\r\n" CLOSE "\r\n", "200", "\nPOST /short - h 0 []\n" },
	{ "POST /short HTTP/1.1\r\n" CLOSE "Content-Length: 0\r\n\r\n", "200", " 0 []\n" },
	{ "POST /short HTTP/1.1\r\n" CLOSE "Content-Type: a/b\r\nContent-Length: 3\r\n\r\nabc", "200", " a/b h 3 [abc]\n" },
	{ "POST /short HTTP/1.1\r\n" CLOSE "Content-Length: 16\r\n\r\n0123456789abcdef", "200", "16 [0123456789abcdef]\n" },
	/* too long, and said so: the body is not waited for */
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n", "413", "has at most 16 bytes here\n" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n", "413", "Connection: close\r\n" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n", "413", "" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", "413", "" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n", "400", "" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400", "" },
	/* in pieces */
	{ "POST /short HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n",
	  "200", "16 [0123456789abcdef]\n" },
	{ "POST /short HTTP/1.1\r\n" CLOSE "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "200", " 0 []\n" },
	{ "POST /short HTTP/1.1\r\n" CHUNKED "\r\n8\r\n01234567\r\n9\r\n89abcdefg\r\n0\r\n\r\n", "413",
	  "has at most 16 bytes here\n" },
	{ "POST /short HTTP/1.1\r\n" CHUNKED "\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n", "413", "most" },
	{ "POST /short HTTP/1.1\r\n" CHUNKED "Content-Length: 3\r\n\r\n0\r\n\r\n", "400",
	  "Connection: close\r\n" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400", "or is chunked" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "400", "or is chunked" },
	/* where it ends, a proxy in front could see otherwise */
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400", "has one" },
	{ "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nabcd", "400", "has one" },
	{ "POST /short HTTP/1.1\r\n" CHUNKED "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", "400", "has one" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400",
	  "has one" },
	{ "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length\t: 3\r\n\r\nabc", "400", "has one" },
	/* none is read here */
	{ "GET /short HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", "413", "has no body here\n" },
	{ "GET /short HTTP/1.1\r\n" CHUNKED "\r\n", "413", "has no body here\n" },
	{ "POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", "413", "has no body here\n" },
	{ "POST /other HTTP/1.1\r\n" CLOSE "\r\n", "200", "\nPOST /other - h 0 []\n" },
	{ "DELETE /short HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", "405", "Allow: GET, HEAD, POST\r\n" },
	{ "DELETE /short HTTP/1.1\r\nHost: h\r\n\r\n", "405", "Connection: close\r\n" },
	{ "DELETE /gone HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n", "404", "Connection: close\r\n" },
	{ "GET /away HTTP/1.1\r\n" CLOSE "\r\n", "303", "Location: /received\r\n" },
	{ "GET /away HTTP/1.1\r\n" CLOSE "\r\n", "303", "Content-Length: 0\r\n" },
};

static void test_answers(void **state)
{
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = http_ask(http_listener_address(*state), cases[i].request, &answer);

		if (!http_status_is(text, cases[i].status) || !strstr(text, cases[i].part))
			fail_msg("case %zu, %s: %s", i, cases[i].request, text);
	}
	buf_release(&answer);
}

/* On what the hook answers and on what is refused before it. */
static void test_headers_are_on_every_reply(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\n" CLOSE "\r\n",
		"HEAD / HTTP/1.1\r\n" CLOSE "\r\n",
		"GET /away HTTP/1.1\r\n" CLOSE "\r\n",
		"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n",
		"POST /short HTTP/1.1\r\n" CHUNKED "\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n",
		"POST /short HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
	};
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const char *text = http_ask(http_listener_address(*state), requests[i], &answer);

		if (!strstr(text, "X-Content-Type-Options: nosniff\r\n") ||
		    !strstr(text, "Content-Security-Policy: default-src 'none'\r\n"))
			fail_msg("%s: %s", requests[i], text);
		assert_null(strstr(text, "Set-Cookie"));
	}
	assert_null(strstr(http_ask(http_listener_address(*state), requests[2], &answer), "Content-Type:"));
	buf_release(&answer);
}

static void test_head_has_no_body(void **state)
{
	struct buf answer = BUF_INIT;
	const char *text = http_ask(http_listener_address(*state), "HEAD /x HTTP/1.1\r\n" CLOSE "\r\n", &answer);

	assert_true(http_status_is(text, "200"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	assert_non_null(strstr(text, "Content-Length: 17\r\n"));
	buf_release(&answer);
}

/* curl asks before it sends a body of some length. */
static void test_expect_continue(void **state)
{
	static const char may_not[] = "POST /short HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
				      "Content-Length: 17\r\n\r\n";
	struct buf answer = BUF_INIT;
	const int fd = http_dial(http_listener_address(*state));

	http_send_text(fd, "POST /short HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	assert_int_equal(http_take(fd, "\r\n\r\n", &answer), 0);
	assert_string_equal(buf_text(&answer), "HTTP/1.1 100 Continue\r\n\r\n");
	http_send_text(fd, "abc");
	assert_int_equal(http_take(fd, NULL, &answer), 0);
	assert_true(http_status_is(buf_text(&answer), "200"));
	assert_non_null(strstr(buf_text(&answer), " 3 [abc]\n"));
	close(fd);
	assert_true(http_status_is(http_ask(http_listener_address(*state), may_not, &answer), "413"));
	buf_release(&answer);
}

/* Each begins with nothing of the one before. */
static void test_requests_share_a_connection(void **state)
{
	static const char post[] = "POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n%c%c%c";
	struct buf answer = BUF_INIT;
	const int fd = http_dial(http_listener_address(*state));

	for (char c = 'a'; c <= 'e'; c++) {
		char request[128], want[16];

		snprintf(request, sizeof(request), post, c, c, c);
		snprintf(want, sizeof(want), " 3 [%c%c%c]\n", c, c, c);
		http_send_text(fd, request);
		if (http_take(fd, want, &answer) < 0)
			fail_msg("%s: %s", request, buf_text(&answer));
	}
	close(fd);
	buf_release(&answer);
}

static void test_long_body(void **state)
{
	static uint8_t body[BODY_LONG + 1];
	static const size_t lengths[] = { BODY_LONG, BODY_LONG - 1, 16384, 16383, 8192, 1 };
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(1 + i * 131 % 255);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const int fd = http_dial(http_listener_address(*state));
		const size_t n = lengths[i];
		char head[128];
		size_t at;

		snprintf(head, sizeof(head), "POST /long HTTP/1.1\r\n" CLOSE "Content-Length: %zu\r\n\r\n", n);
		http_send_text(fd, head);
		http_send(fd, body, n);
		assert_int_equal(http_take(fd, NULL, &answer), 0);
		assert_true(answer.len > n + 2);
		at = answer.len - n - 2;
		assert_memory_equal(answer.data + at, body, n);
		close(fd);
	}
	buf_release(&answer);
}

/* Chunk after chunk: passed over for a while, then cut off. */
static void test_endless_body(void **state)
{
	static char chunk[6 + 8192 + 2];
	const int fd = http_dial(http_listener_address(*state));
	size_t sent = 0;

	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "2000\r\n", 6);
	memcpy(chunk + sizeof(chunk) - 2, "\r\n", 2);
	http_send_text(fd, "POST /short HTTP/1.1\r\n" CHUNKED "\r\n");
	while (sent < 64 * HTTP_SKIPPED_MAX && send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) == (ssize_t)sizeof(chunk))
		sent += sizeof(chunk);
	assert_true(sent >= HTTP_SKIPPED_MAX);
	assert_true(sent < 64 * HTTP_SKIPPED_MAX);
	close(fd);
}

/* As many hooks at once as there are threads. */
static void test_hooks_run_side_by_side(void **state)
{
	struct buf answer = BUF_INIT;
	int fds[THREADS];

	pthread_mutex_lock(&meeting.lock);
	for (unsigned i = 0; i < THREADS; i++) {
		fds[i] = http_dial(http_listener_address(*state));
		http_send_text(fds[i], "GET /meet HTTP/1.1\r\n" CLOSE "\r\n");
		assert_int_equal(meeting_wait(i + 1), 0);
	}
	meeting.go = true;
	pthread_cond_broadcast(&meeting.changed);
	pthread_mutex_unlock(&meeting.lock);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(http_take(fds[i], NULL, &answer), 0);
		assert_non_null(strstr(buf_text(&answer), "GET /meet"));
		close(fds[i]);
	}
	buf_release(&answer);
}

static void *stop_it(void *listener)
{
	http_listener_stop(listener);
	return NULL;
}

static bool is_let_in(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool let_in;

	to.sin_port = htons((uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
	let_in = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
	close(fd);
	return let_in;
}

/* Who is being answered when the listener is stopped hears the answer; who comes then is not let in. */
static void test_a_stop_lets_answers_out(void **state)
{
	const struct http_listener_options options = options_of(1);
	struct buf answer = BUF_INIT;
	struct http_listener *listener;
	struct err err = ERR_INIT;
	char address[64];
	pthread_t stopper;
	int fd;

	(void)state;
	assert_int_equal(http_listener_start(&listener, &options, &err), 0);
	snprintf(address, sizeof(address), "%s", http_listener_address(listener));
	pthread_mutex_lock(&meeting.lock);
	meeting.there = 0;
	meeting.go = false;
	fd = http_dial(address);
	http_send_text(fd, "GET /meet HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(meeting_wait(1), 0);
	assert_int_equal(pthread_create(&stopper, NULL, stop_it, listener), 0);
	for (int tries = 0; tries < PATIENCE_MS && is_let_in(address); tries++)
		(void)poll(NULL, 0, 1);
	assert_false(is_let_in(address));
	meeting.go = true;
	pthread_cond_broadcast(&meeting.changed);
	pthread_mutex_unlock(&meeting.lock);
	assert_int_equal(http_take(fd, NULL, &answer), 0);
	assert_non_null(strstr(buf_text(&answer), "GET /meet"));
	assert_int_equal(pthread_join(stopper, NULL), 0);
	close(fd);
	buf_release(&answer);
}

/* Text that stands nowhere in the program: turned over, it is what memory_has takes. */
static const uint8_t secret_turned[] = {
	0x8e, 0x8a, 0x96, 0x9a, 0x8b, 0x93, 0x86, 0xdf, 0x8d, 0x9a, 0x8f, 0x90, 0x8d, 0x8b,
	0x9a, 0x9b, 0xdf, 0x9d, 0x86, 0xdf, 0x9e, 0xdf, 0x9c, 0x90, 0x93, 0x93, 0x9a, 0x9e,
};

/* So many times the secret, each a chunk if so asked. Nothing of it stays with us. */
static void send_secret(int fd, size_t times, bool chunked)
{
	uint8_t line[8 + sizeof(secret_turned) + 2];

	for (size_t i = 0; i < times; i++) {
		size_t n = 0;

		if (chunked)
			n = (size_t)snprintf((char *)line, sizeof(line), "%zx\r\n", sizeof(secret_turned));
		for (size_t k = 0; k < sizeof(secret_turned); k++)
			line[n++] = (uint8_t)~secret_turned[k];
		if (chunked) {
			line[n++] = '\r';
			line[n++] = '\n';
		}
		http_send(fd, line, n);
		mem_wipe(line, sizeof(line));
	}
}

static void wait_for_secret(bool there)
{
	const struct slice turned = slice_of(secret_turned, sizeof(secret_turned));
	const int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (memory_has(turned) != there) {
		if (clock_mono_ms() > until)
			fail_msg("%s", there ? "the body did not come" : "the body is still in memory");
		(void)poll(NULL, 0, 1);
	}
}

static int begin_secret(const struct http_listener *listener, const char *path, size_t said)
{
	const int fd = http_dial(http_listener_address(listener));
	char head[160];

	if (said)
		snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", path, said);
	else
		snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\n" CHUNKED "\r\n", path);
	http_send_text(fd, head);
	return fd;
}

static void test_a_vanished_client_leaves_nothing(void **state)
{
	static const size_t times[] = { 1, 2, 40, 1000, 7000 };

	wait_for_secret(false);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		for (int chunked = 0; chunked < 2; chunked++) {
			const int fd = begin_secret(*state, "/long", chunked ? 0 : BODY_LONG);

			send_secret(fd, times[i], chunked);
			wait_for_secret(true);
			close(fd);
			wait_for_secret(false);
		}
	}
}

static void test_a_stopped_listener_leaves_nothing(void **state)
{
	const struct http_listener_options options = options_of(2);
	struct http_listener *listener;
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	assert_int_equal(http_listener_start(&listener, &options, &err), 0);
	fd = begin_secret(listener, "/long", BODY_LONG);
	send_secret(fd, 100, false);
	wait_for_secret(true);
	http_listener_stop(listener);
	assert_false(memory_has(slice_of(secret_turned, sizeof(secret_turned))));
	close(fd);
}

/* While the connection stays: neither the request nor a reply that quotes it. */
static void test_an_answered_body_leaves_nothing(void **state)
{
	static const size_t times[] = { 1, 40, 200, 299, 7000 };
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		const int fd = begin_secret(*state, "/long", times[i] * sizeof(secret_turned));

		send_secret(fd, times[i], false);
		assert_int_equal(http_take(fd, "]\n", &answer), 0);
		assert_true(http_status_is(buf_text(&answer), "200"));
		buf_release(&answer);
		wait_for_secret(false);
		http_send_text(fd, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
		assert_int_equal(http_take(fd, NULL, &answer), 0);
		assert_true(http_status_is(buf_text(&answer), "200"));
		close(fd);
	}
	buf_release(&answer);
}

/* Kept until it is too long, then gone before it ends. */
static void test_a_body_too_long_is_not_kept(void **state)
{
	const size_t fit = BODY_LONG / sizeof(secret_turned);
	struct buf answer = BUF_INIT;
	const int fd = begin_secret(*state, "/long", 0);

	send_secret(fd, fit, true);
	wait_for_secret(true);
	send_secret(fd, 1, true);
	wait_for_secret(false);
	http_send_text(fd, "0\r\n\r\n");
	assert_int_equal(http_take(fd, NULL, &answer), 0);
	assert_true(http_status_is(buf_text(&answer), "413"));
	close(fd);
	buf_release(&answer);
}

static void test_addresses(void **state)
{
	struct http_listener_options options = options_of(1);
	struct http_listener *listener = NULL;
	struct err err = ERR_INIT;

	assert_true(http_listener_is_loopback(*state));
	options.address = http_listener_address(*state);
	assert_int_equal(http_listener_start(&listener, &options, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "Address already in use"));
	assert_null(listener);
	options.address = "nonsense";
	assert_int_equal(http_listener_start(&listener, &options, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	options.address = "0.0.0.0:0";
	assert_int_equal(http_listener_start(&listener, &options, &err), 0);
	assert_false(http_listener_is_loopback(listener));
	http_listener_stop(listener);
	http_listener_stop(NULL);
}

/* Without body_max, headers and allow, and with one thread. */
static void test_least_options(void **state)
{
	struct http_listener_options options = options_of(1);
	struct http_listener *listener;
	struct buf answer = BUF_INIT;
	struct err err = ERR_INIT;
	const char *text;

	(void)state;
	options.body_max = NULL;
	options.allow = NULL;
	options.n_headers = 0;
	assert_int_equal(http_listener_start(&listener, &options, &err), 0);
	text = http_ask(http_listener_address(listener), "POST /short HTTP/1.1\r\n" CLOSE "Content-Length: 1\r\n\r\n",
			&answer);
	assert_true(http_status_is(text, "413"));
	text = http_ask(http_listener_address(listener), "DELETE / HTTP/1.1\r\n" CLOSE "\r\n", &answer);
	assert_true(http_status_is(text, "405"));
	assert_null(strstr(text, "Allow:"));
	http_listener_stop(listener);
	buf_release(&answer);
}

/* A client that says no more is let go after timeout_s. */
static void test_silence_ends(void **state)
{
	struct http_listener_options options = options_of(1);
	struct http_listener *listener;
	struct err err = ERR_INIT;
	char byte;
	int fd;

	(void)state;
	options.timeout_s = 1;
	assert_int_equal(http_listener_start(&listener, &options, &err), 0);
	fd = begin_secret(listener, "/long", BODY_LONG);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	http_listener_stop(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_headers_are_on_every_reply),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_requests_share_a_connection),
		cmocka_unit_test(test_long_body),
		cmocka_unit_test(test_endless_body),
		cmocka_unit_test(test_hooks_run_side_by_side),
		cmocka_unit_test(test_a_stop_lets_answers_out),
		cmocka_unit_test(test_a_vanished_client_leaves_nothing),
		cmocka_unit_test(test_a_stopped_listener_leaves_nothing),
		cmocka_unit_test(test_an_answered_body_leaves_nothing),
		cmocka_unit_test(test_a_body_too_long_is_not_kept),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_least_options),
		cmocka_unit_test(test_silence_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
