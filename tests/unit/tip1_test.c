/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/tip1.h"

static const struct tip1 full = {
	.type = TIP1_NACK, .flags = 0xa5, .code = 0x0102, .seq = 0x0304050607080910u, .limit = 0x1112131415161718u,
	.arg = 0x19202122u,
	.msg_id = { { 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff } },
};

static void test_exact_bytes(void **state)
{
	static const uint8_t want[TIP1_HEAD] = {
		'T', 'I', 'P', '1', 0x83, 0xa5, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10,
		0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff,
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x20, 0x21, 0x22, 0, 0, 0, 0,
	};
	uint8_t bytes[TIP1_HEAD];
	(void)state;
	tip1_encode(bytes, &full);
	assert_memory_equal(bytes, want, TIP1_HEAD);
}

static void test_round_trip(void **state)
{
	uint8_t bytes[TIP1_HEAD];
	struct tip1 back;
	(void)state;
	tip1_encode(bytes, &full);
	assert_int_equal(tip1_decode(&back, slice_of(bytes, sizeof(bytes))), 0);
	assert_int_equal(back.type, full.type);
	assert_int_equal(back.flags, full.flags);
	assert_int_equal(back.code, full.code);
	assert_true(back.seq == full.seq && back.limit == full.limit);
	assert_int_equal(back.arg, full.arg);
	assert_true(tip_id_equal(&back.msg_id, &full.msg_id));
}

static void test_refuses_other_shapes(void **state)
{
	uint8_t bytes[TIP1_HEAD + 1];
	struct tip1 back;
	(void)state;
	tip1_encode(bytes, &full);
	bytes[TIP1_HEAD] = 0;
	for (size_t len = 0; len <= TIP1_HEAD + 1; len++)
		assert_int_equal(tip1_decode(&back, slice_of(bytes, len)), len == TIP1_HEAD ? 0 : -1);
	for (size_t i = 0; i < 4; i++) {
		tip1_encode(bytes, &full);
		bytes[i] ^= 1;
		assert_int_equal(tip1_decode(&back, slice_of(bytes, TIP1_HEAD)), -1);
	}
}

static void test_what_a_code_asks(void **state)
{
	static const struct {
		uint16_t code;
		enum tip1_action action;
	} cases[] = {
		{ 0, TIP1_DONE },         { 1, TIP1_DONE },         { 2, TIP1_RETRY },    { 99, TIP1_RETRY },
		{ 100, TIP1_QUARANTINE }, { 101, TIP1_QUARANTINE }, { 102, TIP1_RESTART }, { 103, TIP1_QUARANTINE },
		{ 104, TIP1_RESTART },    { 199, TIP1_QUARANTINE }, { 200, TIP1_RETRY },  { 201, TIP1_RETRY },
		{ 202, TIP1_RETRY },      { 299, TIP1_RETRY },      { 300, TIP1_STOP },   { 301, TIP1_STOP },
		{ 399, TIP1_STOP },       { 400, TIP1_RETRY },      { 500, TIP1_RETRY },  { 65535, TIP1_RETRY },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(tip1_code_find(cases[i].code)->action, cases[i].action);
		assert_true(tip1_code_find(cases[i].code)->word[0] != '\0');
	}
}

static void test_type_names(void **state)
{
	(void)state;
	assert_string_equal(tip1_type_name(TIP1_HELLO), "hello");
	assert_string_equal(tip1_type_name(TIP1_GOAWAY), "goaway");
	assert_string_equal(tip1_type_name(0x7f), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),        cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refuses_other_shapes), cmocka_unit_test(test_what_a_code_asks),
		cmocka_unit_test(test_type_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
