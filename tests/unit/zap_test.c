/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in by the gateway's authentication, asked as libzmq asks. What makes a test fail when it is left out of
 * gateway/zap.c: counts_plain, or the minute between two lines, or the check of `revoked` (allow.c).
 */
#include "tests/unit/folder_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "ops/runtime/clock.h"
#include "producers/gateway/zap.h"
#include "schema/hex.h"
#include "schema/z85.h"

#define DEADLINE_MS 15000
#define N_KEYS 3

enum { LISTED, REVOKED, STRANGER };

static uint8_t keys[N_KEYS][32];
static struct allow *allow;
static struct metrics *metrics;
static struct counts *counts;
static void *context, *client;
static struct zap *zap;

static void write_list(struct fixture *f)
{
	struct buf text = BUF_INIT;
	char curve[Z85_KEY_TEXT + 1], sign[65];

	buf_append_str(&text, "adapters:\n");
	for (unsigned i = 0; i < STRANGER; i++) {
		z85_encode(curve, keys[i], sizeof(keys[i]));
		hex_encode(sign, keys[i], sizeof(keys[i]));
		buf_printf(&text, "  - name: adapter-%u\n    id: %u\n    sign: \"%s\"\n    curve: \"%s\"\n"
			   "    channels: [web]\n%s", i, i + 1, sign, curve, i == REVOKED ? "    revoked: true\n" : "");
	}
	write_text(f, "adapters.yaml", buf_text(&text), 0644);
	buf_release(&text);
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	const int wait = DEADLINE_MS, linger = 0;

	if (f == NULL || keys_begin(&err) != 0)
		return -1;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/zap_test.XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	for (unsigned i = 0; i < N_KEYS; i++)
		memset(keys[i], (int)(0x11 + i), sizeof(keys[i]));
	write_list(f);
	metrics = metrics_new();
	counts = counts_new(metrics);
	context = zmq_ctx_new();
	client = zmq_socket(context, ZMQ_REQ);
	clock_freeze(1000, 0);
	*state = f;
	if (allow_new(&allow, at(f, "adapters.yaml"), &err) != 0 || zap_start(&zap, context, allow, counts, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return zmq_setsockopt(client, ZMQ_RCVTIMEO, &wait, sizeof(wait)) |
	       zmq_setsockopt(client, ZMQ_LINGER, &linger, sizeof(linger)) | zmq_connect(client, "inproc://zeromq.zap.01");
}

static int finish(void **state)
{
	zmq_close(client);
	zmq_ctx_shutdown(context);
	zap_join(zap);
	zmq_ctx_term(context);
	counts_free(counts);
	metrics_free(metrics);
	allow_free(allow);
	clock_thaw();
	return end(state);
}

/* Whether a connection with that key is let in: the code of the answer is its third part. */
static bool admitted(const uint8_t key[32])
{
	const struct slice parts[] = { slice_str("1.0"), slice_str("1"), slice_str(ZAP_DOMAIN), slice_str("127.0.0.1"),
				       slice_str(""), slice_str("CURVE"), slice_of(key, 32) };
	const size_t n = sizeof(parts) / sizeof(parts[0]);
	char code[8] = "", part[256];
	int more = 1, len;
	size_t size = sizeof(more);

	for (size_t i = 0; i < n; i++)
		assert_true(zmq_send(client, parts[i].data, parts[i].len, i + 1 < n ? ZMQ_SNDMORE : 0) >= 0);
	for (int i = 0; more; i++) {
		len = zmq_recv(client, part, sizeof(part), 0);
		assert_true(len >= 0);
		if (i == 2 && len == 3)
			memcpy(code, part, 3);
		assert_int_equal(zmq_getsockopt(client, ZMQ_RCVMORE, &more, &size), 0);
	}
	assert_true(strcmp(code, "200") == 0 || strcmp(code, "400") == 0);
	return code[0] == '2';
}

static void only_who_is_listed_is_admitted(void **state)
{
	(void)state;
	assert_true(admitted(keys[LISTED]));
	assert_int_equal(counts_plain_value(counts, PLAIN_REVOKED), 0);
	assert_false(admitted(keys[REVOKED]));
	assert_false(admitted(keys[STRANGER]));
	assert_int_equal(counts_plain_value(counts, PLAIN_REVOKED), 2);
}

/* What is logged while a revoked adapter tries `times` times. */
static void refused(struct buf *said, int times)
{
	char chunk[4096];
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < times; i++)
		assert_false(admitted(keys[REVOKED]));
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	buf_clear(said);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_append(said, chunk, (size_t)n);
	close(ends[0]);
}

static void refusals_are_said_once_a_minute_and_name_nobody(void **state)
{
	struct buf said = BUF_INIT;
	char curve[Z85_KEY_TEXT + 1];
	(void)state;

	refused(&said, 5);
	assert_non_null(strstr(buf_text(&said), "event=gateway.not_admitted "));
	assert_non_null(strstr(buf_text(&said), "1 connection"));
	assert_ptr_equal(strchr(buf_text(&said), '\n'), buf_text(&said) + said.len - 1); /* one line */
	z85_encode(curve, keys[REVOKED], sizeof(keys[REVOKED]));
	assert_null(strstr(buf_text(&said), curve));
	assert_null(strstr(buf_text(&said), "adapter-1"));
	clock_advance(ZAP_SAY_MS - 1);
	refused(&said, 1);
	assert_int_equal(said.len, 0);
	clock_advance(1);
	refused(&said, 1);
	assert_non_null(strstr(buf_text(&said), "6 connection"));
	assert_int_equal(counts_plain_value(counts, PLAIN_REVOKED), 7);
	buf_release(&said);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_who_is_listed_is_admitted),
		CASE(refusals_are_said_once_a_minute_and_name_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
