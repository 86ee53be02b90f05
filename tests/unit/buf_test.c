/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

static void test_empty_buffer_is_text(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf_slice(&buf).len, 0);
	buf_append(&buf, NULL, 0);
	assert_string_equal(buf_text(&buf), "");
	buf_clear(&buf);
	buf_release(&buf);
	buf_release(&buf);
}

static void test_appends_and_stays_terminated(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_append_str(&buf, "ab");
		buf_append_byte(&buf, 'c');
		assert_int_equal(buf.data[buf.len], 0);
	}
	buf_append_slice(&buf, slice_str("end"));
	assert_int_equal(buf.len, 3003);
	assert_memory_equal(buf.data, "abcabc", 6);
	assert_string_equal(buf_text(&buf) + 2997, "abcend");
	buf_release(&buf);
	assert_null(buf.data);
}

static void test_integers_are_big_endian(void **state)
{
	static const uint8_t want[] = { 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 0xFF, 2, 3, 4, 5, 6, 7, 8 };
	struct buf buf = BUF_INIT;

	(void)state;
	buf_append_be16(&buf, 0x1234);
	buf_append_be32(&buf, 0xDEADBEEF);
	buf_append_be64(&buf, UINT64_C(0xFF02030405060708));
	assert_int_equal(buf.len, sizeof(want));
	assert_memory_equal(buf.data, want, sizeof(want));
	assert_int_equal(be16_read(want), 0x1234);
	assert_int_equal(be32_read(want + 2), 0xDEADBEEF);
	assert_true(be64_read(want + 6) == UINT64_C(0xFF02030405060708));
	buf_release(&buf);
}

static void test_printf_grows(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_printf(&buf, "%s", "");
	assert_string_equal(buf_text(&buf), "");
	for (int width = 1; width < 300; width++) {
		buf_clear(&buf);
		buf_printf(&buf, "%*d|", width, 7);
		assert_int_equal(buf.len, width + 1);
		assert_string_equal(buf_text(&buf) + width - 1, "7|");
	}
	buf_release(&buf);
}

static void test_json_strings(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} cases[] = {
		{ "", 0, "\"\"" },
		{ "plain / text", 12, "\"plain / text\"" },
		{ "q\"b\\", 4, "\"q\\\"b\\\\\"" },
		{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
		{ "\0\x1B\x7F", 3, "\"\\u0000\\u001b\\u007f\"" },
		{ "\xC2\x85", 2, "\"\\u0085\"" },
		{ "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
		{ "a\xFF" "b", 3, "\"a\xEF\xBF\xBD" "b\"" },
		{ "\xC0\xAF", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },             /* overlong */
		{ "\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" }, /* a surrogate */
		{ "\xF4\x90\x80\x80", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
		{ "x\xE2\x82", 3, "\"x\xEF\xBF\xBD\"" },                     /* cut off: one mark */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf buf = BUF_INIT;

		buf_append_json(&buf, cases[i].text, cases[i].len);
		assert_string_equal(buf_text(&buf), cases[i].want);
		buf_release(&buf);
	}
}

static void test_clear_wipes_and_keeps(void **state)
{
	struct buf buf = BUF_INIT;
	uint8_t *before;

	(void)state;
	buf_append_str(&buf, "a name nobody may find later");
	before = buf.data;
	buf_clear(&buf);
	assert_ptr_equal(buf.data, before);
	assert_int_equal(buf.len, 0);
	for (size_t i = 0; i < buf.cap; i++)
		assert_int_equal(buf.data[i], 0);
	buf_release(&buf);
}

static void test_reserve_is_room_behind_the_content(void **state)
{
	struct buf buf = BUF_INIT;
	uint8_t *at;

	(void)state;
	buf_append_str(&buf, "head ");
	at = buf_reserve(&buf, 4096);
	assert_ptr_equal(at, buf.data + 5);
	assert_true(buf.cap >= 5 + 4096 + 1);
	assert_string_equal(buf_text(&buf), "head ");
	buf_release(&buf);
}

static void test_slices_compare_by_content(void **state)
{
	(void)state;
	assert_true(slice_equal(slice_str("abc"), slice_of("abcd", 3)));
	assert_false(slice_equal(slice_str("abc"), slice_str("abd")));
	assert_false(slice_equal(slice_str("abc"), slice_str("ab")));
	assert_true(slice_equal(slice_of(NULL, 0), slice_str("")));
}

static void test_arena_gives_aligned_zeroes(void **state)
{
	struct arena *arena = arena_new(0);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t size = 0; size < 3000; size += 7) {
			uint8_t *p = arena_alloc(arena, size);

			assert_int_equal((uintptr_t)p % 16, 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xA5, size);
		}
		arena_reset(arena);
	}
	arena_free(arena);
}

static void test_arena_pieces_do_not_overlap(void **state)
{
	struct arena *arena = arena_new(64);
	uint8_t *pieces[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		pieces[i] = arena_alloc(arena, 100 + i);
		memset(pieces[i], (int)i, 100 + i);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t j = 0; j < 100 + i; j++)
			assert_int_equal(pieces[i][j], i);
	}
	arena_free(arena);
}

static void test_arena_reset_wipes(void **state)
{
	struct arena *arena = arena_new(65536);
	char *secret = arena_str(arena, "secret and more", 6);

	(void)state;
	assert_string_equal(secret, "secret");
	arena_reset(arena); /* the block stays, so its bytes may still be looked at */
	assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
	assert_ptr_equal(arena_alloc(arena, 1), secret);
	arena_free(arena);
	arena_free(NULL);
}

static void test_arena_copies(void **state)
{
	struct arena *arena = arena_new(64);
	char *big = mem_alloc(1 << 20);
	char *copy;

	(void)state;
	memset(big, 'x', 1 << 20);
	copy = arena_copy(arena, big, 1 << 20);
	assert_memory_equal(copy, big, 1 << 20);
	assert_non_null(arena_copy(arena, NULL, 0));
	assert_string_equal(arena_str(arena, NULL, 0), "");
	free(big);
	arena_free(arena);
}

static void test_memory_is_zeroed_and_wiped(void **state)
{
	char *p = mem_alloc(64), *name = mem_strdup("abc");

	(void)state;
	for (int i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	memset(p, 1, 64);
	p = mem_grow(p, 128);
	assert_int_equal(p[63], 1);
	mem_wipe(p, 64);
	assert_int_equal(p[0] | p[63], 0);
	mem_wipe(NULL, 0);
	assert_string_equal(name, "abc");
	free(name);
	free(p);
	free(mem_alloc(0));
}

/* What another library could not get is never blamed on the input; that the reserve helps is shown by tests/memory. */
static void memory_that_is_refused_is_the_systems_fault(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mem_reserve(SIZE_MAX / 2, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_string_equal(err.reason, MEM_REFUSED);
	assert_null(mem_ask(SIZE_MAX / 2));
	err_clear(&err);
	assert_int_equal(mem_reserve(1000, &err), 0);
	assert_null(mem_ask(SIZE_MAX / 2)); /* although the reserve was given up */
	mem_unreserve();
	assert_int_equal(mem_reserve(1000, &err), 0);
	mem_unreserve();
	assert_int_equal(mem_refused(&err, "it"), -1);
	assert_int_equal(err_exit_status(&err), 71);
}

#define STACK (1u << 20)
#define DEPTH 20000

/* Leaves DEPTH bytes of a text in its frame, as a parser does. */
static __attribute__((noinline)) void leave_text(void)
{
	volatile uint8_t area[DEPTH];

	for (size_t i = 0; i < DEPTH; i++)
		area[i] = (uint8_t)"TIP!"[i % 4];
	assert_int_equal(area[1], 'I');
}

static void *leave(void *arg)
{
	const enum stack_depth *depth = arg;

	leave_text();
	if (depth)
		mem_wipe_stack(*depth);
	return NULL;
}

/* How often the text is on the stack of a thread that has ended. */
static size_t left_behind(enum stack_depth *depth)
{
	const int file = memfd_create("stack", MFD_CLOEXEC);
	uint8_t *stack, *after = mem_alloc(STACK);
	pthread_attr_t attributes;
	pthread_t thread;
	size_t n = 0;

	assert_true(file >= 0 && ftruncate(file, STACK) == 0);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(stack, MAP_FAILED);
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK), 0);
	assert_int_equal(pthread_create(&thread, &attributes, leave, depth), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	/* Through the file, since memcheck takes what lies below a stack's end for undefined. */
	assert_int_equal(pread(file, after, STACK, 0), STACK);
	for (size_t i = 0; i + 4 <= STACK; i += 4)
		n += memmem("TIP!TIP!", 8, after + i, 4) != NULL;
	munmap(stack, STACK);
	close(file);
	free(after);
	return n;
}

static void test_a_stack_is_wiped(void **state)
{
	static enum stack_depth depths[] = { STACK_SHALLOW, STACK_DEEP };

	(void)state;
	assert_true(left_behind(NULL) > DEPTH / 8);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(left_behind(&depths[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_buffer_is_text),
		cmocka_unit_test(test_appends_and_stays_terminated),
		cmocka_unit_test(test_integers_are_big_endian),
		cmocka_unit_test(test_printf_grows),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_clear_wipes_and_keeps),
		cmocka_unit_test(test_reserve_is_room_behind_the_content),
		cmocka_unit_test(test_slices_compare_by_content),
		cmocka_unit_test(test_arena_gives_aligned_zeroes),
		cmocka_unit_test(test_arena_pieces_do_not_overlap),
		cmocka_unit_test(test_arena_reset_wipes),
		cmocka_unit_test(test_arena_copies),
		cmocka_unit_test(test_memory_is_zeroed_and_wiped),
		cmocka_unit_test(memory_that_is_refused_is_the_systems_fault),
		cmocka_unit_test(test_a_stack_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
