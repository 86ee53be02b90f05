/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the adapter's side of TIP/1 that need no socket: window, welcome, opaque pointers, members of JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "producers/sdk/json_member.h"
#include "producers/sdk/opaques.h"
#include "producers/sdk/welcome.h"
#include "producers/sdk/window.h"
#include "schema/frame.h"

static struct tip_id id_of(unsigned n)
{
	return (struct tip_id){ { (uint8_t)(n >> 8), (uint8_t)n, 1 } };
}

static struct window *new_window(uint64_t limit)
{
	struct window *window = mem_alloc(sizeof(*window));
	window_clear(window);
	window_credit(window, limit);
	return window;
}

static void test_window_credit(void **state)
{
	struct window *window = new_window(2);
	struct tip_id one = id_of(1), two = id_of(2);
	struct sent sent;
	(void)state;
	assert_int_equal(window_add(window, 11, &one, 100), 1);
	assert_true(window_open(window));
	assert_int_equal(window_add(window, 12, &two, 200), 2);
	assert_false(window_open(window));
	window_credit(window, 1); /* an old grant that comes late takes nothing back */
	assert_int_equal(window->limit, 2);
	assert_true(window_holds(window, &one));
	assert_int_equal(window_age(window, 350), 250);
	assert_false(window_take(window, 1, &two, &sent)); /* seq and id must agree */
	assert_false(window_take(window, 3, &two, &sent));
	assert_false(window_take(window, 0, &one, &sent));
	assert_true(window_take(window, 2, &two, &sent)); /* out of order */
	assert_int_equal(sent.row, 12);
	assert_false(window_take(window, 2, &two, &sent));
	assert_int_equal(window_age(window, 350), 250);
	assert_true(window_take(window, 1, &one, &sent));
	assert_int_equal(window_age(window, 350), 0);
	assert_int_equal(window->in_flight, 0);
	window_credit(window, 3);
	assert_true(window_open(window));
	free(window);
}

static void test_window_wraps(void **state)
{
	struct window *window = new_window(1000000);
	struct sent sent;
	(void)state;
	for (unsigned i = 1; i <= 5000; i++) {
		struct tip_id id = id_of(i);
		assert_true(window_open(window));
		assert_int_equal(window_add(window, i, &id, 0), i);
		if (i % 2 == 0 || i > WINDOW_MAX / 2) {
			struct tip_id first = id_of((unsigned)window->first);
			assert_true(window_take(window, window->first, &first, &sent));
		}
	}
	while (window_open(window)) {
		struct tip_id id = id_of(60000);
		window_add(window, 1, &id, 0);
	}
	assert_int_equal(window->last + 1 - window->first, WINDOW_MAX);
	free(window);
}

static void test_window_delays(void **state)
{
	struct window *window = new_window(10);
	(void)state;
	assert_int_equal(window_next_due(window), -1);
	assert_true(window_delay(window, 5, 1000));
	assert_true(window_delay(window, 6, 500));
	assert_int_equal(window_next_due(window), 500);
	assert_int_equal(window_due(window, 499), 0);
	assert_int_equal(window_due(window, 500), 6);
	assert_int_equal(window_due(window, 999), 0);
	assert_int_equal(window_due(window, 1001), 5);
	for (int i = 0; i < DELAYED_MAX; i++)
		assert_true(window_delay(window, i + 1, 0));
	assert_false(window_delay(window, 1, 0));
	window_clear(window);
	assert_int_equal(window_next_due(window), -1);
	free(window);
}

/* A row that is due must not wake the thread every moment while there is no credit to send it with. */
static void test_window_wakes(void **state)
{
	struct window *window = new_window(1);
	struct tip_id one = id_of(1);
	struct sent sent;
	(void)state;
	assert_int_equal(window_wake(window), -1);
	assert_true(window_delay(window, 5, 700));
	assert_int_equal(window_wake(window), 700);
	window_add(window, 11, &one, 0);
	assert_int_equal(window_wake(window), -1);
	assert_int_equal(window_next_due(window), 700);
	assert_true(window_take(window, 1, &one, &sent));
	assert_int_equal(window_wake(window), -1); /* an answer alone gives no credit */
	window_credit(window, 2);
	assert_int_equal(window_wake(window), 700);
	free(window);
}

static void test_welcome(void **state)
{
	static const char json[] = "{\"proto\":1,\"max_frame\":65536,\"ping_ms\":750,\"recipients\":{\"signed\":\"}\"},"
				   "\"later\":{\"x\":[]}}";
	struct welcome welcome;
	struct err err = ERR_INIT;
	struct tip1 head = { .type = TIP1_WELCOME, .arg = 30000 };
	(void)state;

	assert_int_equal(welcome_read(&welcome, &head, slice_str(json), &err), 0);
	assert_int_equal(welcome.max_frame, 65536);
	assert_int_equal(welcome.ping_ms, 750);
	assert_int_equal(welcome.ack_timeout_ms, 30000);
	assert_true(slice_equal(welcome.recipients, slice_str("{\"signed\":\"}\"}")));
	head.arg = 7; /* out of bounds: the default */
	assert_int_equal(welcome_read(&welcome, &head, slice_str("{}"), &err), 0);
	assert_int_equal(welcome.ack_timeout_ms, 45000);
	assert_int_equal(welcome.max_frame, FRAME_MAX);
	assert_int_equal(welcome.recipients.len, 0);
}

static void test_bad_welcomes(void **state)
{
	static const char *const bad[] = { "", "[]", "7", "{", "{\"proto\":2}", "{\"ping_ms\":0}",
			"{\"ping_ms\":\"x\"}",
					   "{\"max_frame\":-1}", "{\"max_frame\":99999999999}",
							"{\"proto\":1,\"proto\":1}" };
	const struct tip1 head = { .type = TIP1_WELCOME };
	struct welcome welcome;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;
		if (welcome_read(&welcome, &head, slice_str(bad[i]), &err) != -1)
			fail_msg("taken: %s", bad[i]);
	}
	struct buf large = BUF_INIT;
	struct err err = ERR_INIT;
	memset(buf_reserve(&large, 20000), ' ', 20000);
	large.len = 20000;
	assert_int_equal(welcome_read(&welcome, &head, buf_slice(&large), &err), -1);
	buf_release(&large);
}

static void test_opaques(void **state)
{
	struct opaques opaques = { 0 };
	int values[3000];
	(void)state;
	for (int64_t id = 1; id < 3000; id++) {
		opaques_add(&opaques, id, id % 7 == 0 ? NULL : &values[id]);
		if (id > 100)
			assert_ptr_equal(opaques_take(&opaques, id - 100),
					(id - 100) % 7 == 0 ? NULL : &values[id - 100]);
	}
	assert_null(opaques_take(&opaques, 1));
	assert_null(opaques_take(&opaques, 5000));
	assert_true(opaques.cap <= 512); /* what was taken does not pile up */
	opaques_release(&opaques);
}

static void test_json_member(void **state)
{
	static const struct {
		const char *object, *key, *want; /* NULL: not there */
	} cases[] = {
		{ "{\"a\":1,\"tip\":{\"x\":[1,{\"tip\":2}]},\"z\":0}", "tip", "{\"x\":[1,{\"tip\":2}]}" },
		{ " { \"a\" : \"}\\\"]\" , \"b\" : [ \"{\" , 1 ] } ", "b", "[ \"{\" , 1 ]" },
		{ "{\"a\":\"tip\",\"b\":\"tip\"}", "tip", NULL },
		{ "{\"b\":{\"tip\":1}}", "tip", NULL },
		{ "{\"t\\u0069p\":1}", "tip", NULL },
		{ "{\"tip\":true }", "tip", "true" },
		{ "[\"tip\",1]", "tip", NULL },
		{ "", "tip", NULL },
		{ "{", "tip", NULL },
		{ "{\"tip", "tip", NULL },
		{ "{\"tip\"", "tip", NULL },
		{ "{\"a\\", "a", NULL },
		{ "{\"a\":\"\\", "b", NULL },
		{ "{\"a\"1,\"tip\":2}", "tip", NULL },
		{ "{\"a\":1]\"tip\":2}", "tip", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice value;
		bool found = json_member(slice_str(cases[i].object), cases[i].key, &value);
		assert_int_equal(found, cases[i].want != NULL);
		if (found)
			assert_true(slice_equal(value, slice_str(cases[i].want)));
	}
}

/* Every prefix of a document, in memory of exactly its size: nothing behind it may be read. */
static void test_json_member_cut(void **state)
{
	static const char document[] = "{\"a\":\"\\\"\",\"b\":[{\"c\":\"]\"},\"d\"],\"tip\":{\"e\":[[]]},\"f\":-1}";
	(void)state;
	for (size_t len = 0; len < sizeof(document); len++) {
		uint8_t *exact = mem_alloc(len);
		struct slice value, element;
		memcpy(exact, document, len);
		for (const char *key = "abtf"; *key != '\0'; key++) {
			const char name[2] = { *key, '\0' };
			if (json_member(slice_of(exact, len), *key == 't' ? "tip" : name, &value))
				(void)json_element(value, 1, &element);
		}
		free(exact);
	}
}

static void test_json_element(void **state)
{
	struct slice value, text;
	(void)state;
	assert_true(json_element(slice_str("[\"a,\", \"b\" ]"), 1, &value));
	assert_true(json_plain_string(value, &text));
	assert_true(slice_equal(text, slice_str("b")));
	assert_false(json_element(slice_str("[1]"), 1, &value));
	assert_false(json_element(slice_str("[]"), 0, &value));
	assert_false(json_element(slice_str("7"), 0, &value));
	assert_false(json_plain_string(slice_str("\"a\\n\""), &text));
	assert_false(json_plain_string(slice_str("\""), &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_credit),   cmocka_unit_test(test_window_wraps),
		cmocka_unit_test(test_window_delays),   cmocka_unit_test(test_window_wakes),
		cmocka_unit_test(test_welcome),
		cmocka_unit_test(test_bad_welcomes),    cmocka_unit_test(test_opaques),
		cmocka_unit_test(test_json_member),     cmocka_unit_test(test_json_member_cut),
		cmocka_unit_test(test_json_element),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
