/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "producers/gateway/refusal.h"

/* What is logged while `refusal` is told of a delivery. */
static struct buf told(struct refusal *refusal, const struct kafka_delivery *delivery)
{
	struct buf text = BUF_INIT;
	char chunk[1024];
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	refusal_note(refusal, delivery);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_append(&text, chunk, (size_t)n);
	close(ends[0]);
	return text;
}

static void test_a_refusal_is_said_once_and_holds_until_something_is_taken(void **state)
{
	static const struct {
		struct kafka_delivery delivery;
		bool holds;
		const char *says; /* "": nothing */
	} steps[] = {
		{ { NULL, true, NULL, false }, false, "" },
		{ { NULL, false, "_MSG_TIMED_OUT", true }, false, "" }, /* a broker that is away refuses nothing */
		{ { NULL, false, "INVALID_TIMESTAMP", false }, true, "clock" },
		{ { NULL, false, "INVALID_TIMESTAMP", false }, true, "" },
		{ { NULL, false, "_MSG_TIMED_OUT", true }, true, "" },
		{ { NULL, true, NULL, false }, false, "gateway.publish_taken" },
		{ { NULL, true, NULL, false }, false, "" },
		{ { NULL, false, "TOPIC_EXCEPTION", false }, true, "tipctl topics check" },
	};
	struct refusal refusal = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct buf text = told(&refusal, &steps[i].delivery);
		assert_int_equal(refusal_holds(&refusal), steps[i].holds);
		if (steps[i].says[0])
			assert_non_null(strstr(buf_text(&text), steps[i].says));
		else
			assert_string_equal(buf_text(&text), "");
		buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_refusal_is_said_once_and_holds_until_something_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
