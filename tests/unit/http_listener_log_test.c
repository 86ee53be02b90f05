/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_client.h"

#include <stdio.h>
#include <string.h>

#include <poll.h>
#include <semaphore.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/http_listener.h"
#include "ops/runtime/log.h"

#define PATIENCE_MS 20000

/* The hook is called; the client is gone, and it may answer. */
static sem_t called, gone;

static void answer_hook(void *arg, const struct http_request *request, struct http_reply *reply)
{
	(void)arg;
	(void)request;
	sem_post(&called);
	sem_wait(&gone);
	http_reply_text(reply, 200, "too late");
}

static struct http_listener *start(void)
{
	const struct http_listener_options options = {
		.address = "127.0.0.1:0", .connections = 4, .threads = 1, .timeout_s = 60, .answer = answer_hook,
	};
	struct http_listener *listener;
	struct err err = ERR_INIT;

	if (http_listener_start(&listener, &options, &err) < 0)
		fail_msg("%s", err.text);
	return listener;
}

/* Asks, and is gone before the answer, so that sending it fails. */
static void ask_and_leave(const char *address)
{
	const struct linger at_once = { 1, 0 };
	const int fd = http_dial(address);

	http_send_text(fd, "GET /secret-page?query HTTP/1.1\r\nHost: secret-host\r\n\r\n");
	sem_wait(&called);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	sem_post(&gone);
}

/* With all that can be logged: the library tells which answer it could not send. */
static void no_path_is_logged(void **state)
{
	const int64_t until = clock_mono_ms() + PATIENCE_MS;
	FILE *const log = tmpfile();
	const int before = dup(STDERR_FILENO);
	struct http_listener *listener = start();
	char text[4096] = "";

	(void)state;
	assert_non_null(log);
	fflush(stderr);
	dup2(fileno(log), STDERR_FILENO);
	log_open("test", LOG_LEVEL_DEBUG);
	ask_and_leave(http_listener_address(listener));
	while (!strstr(text, "http.library") && clock_mono_ms() < until) {
		(void)poll(NULL, 0, 1);
		assert_true(pread(fileno(log), text, sizeof(text) - 1, 0) >= 0);
	}
	http_listener_stop(listener);
	dup2(before, STDERR_FILENO);
	close(before);
	(void)fclose(log);
	assert_non_null(strstr(text, "http.library"));
	assert_null(strstr(text, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_path_is_logged) };

	sem_init(&called, 0, 0);
	sem_init(&gone, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
