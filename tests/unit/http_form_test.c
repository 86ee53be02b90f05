/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "ops/runtime/http_form.h"

/* What comes of a form, as name=value| with every byte that is not printable as \XX. */
static const char *read_form(struct slice form, struct buf *out)
{
	struct buf parts[2] = { BUF_INIT, BUF_INIT };

	buf_clear(out);
	while (http_form_next(&form, &parts[0], &parts[1])) {
		for (int p = 0; p < 2; p++) {
			for (size_t i = 0; i < parts[p].len; i++) {
				const uint8_t c = parts[p].data[i];

				buf_printf(out, c >= 0x20 && c < 0x7f ? "%c" : "\\%02X", c);
			}
			buf_append_byte(out, p ? '|' : '=');
		}
	}
	assert_int_equal(form.len, 0);
	buf_release(&parts[0]);
	buf_release(&parts[1]);
	return buf_text(out);
}

static void test_forms(void **state)
{
	static const struct {
		const char *form, *want;
	} cases[] = {
		{ "", "" },
		{ "a=b", "a=b|" },
		{ "a=b&c=d", "a=b|c=d|" },
		{ "a=b&a=c", "a=b|a=c|" },
		{ "&&a=b&&", "a=b|" },
		{ "&", "" },
		{ "a", "a=|" },
		{ "a&b=", "a=|b=|" },
		{ "=", "=|" },
		{ "=b", "=b|" },
		{ "a==b=c", "a==b=c|" },
		{ "a+b=c+d%2B", "a b=c d+|" },
		{ "a%3Db=c%26d", "a=b=c&d|" },
		{ "n=%C3%a9%0D%0a", "n=\\C3\\A9\\0D\\0A|" },
		{ "n=\xC3\xA9", "n=\\C3\\A9|" },
		{ "n=%00x", "n=\\00x|" },
		{ "n=%", "n=%|" },
		{ "n=%4", "n=%4|" },
		{ "n=%41", "n=A|" },
		{ "n=%4&1=2", "n=%4|1=2|" },
		{ "n=%zz%4g%g4%%41", "n=%zz%4g%g4%A|" },
		{ "n=%2541", "n=%41|" },
		{ "n=%+1", "n=% 1|" },
		{ "n=%-1", "n=%-1|" },
		{ "n=a;m=b", "n=a;m=b|" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(read_form(slice_str(cases[i].form), &out), cases[i].want);
	assert_string_equal(read_form(slice_of("a\0b=c\0", 6), &out), "a\\00b=c\\00|");
	assert_string_equal(read_form(slice_of(NULL, 0), &out), "");
	buf_release(&out);
}

/* Nothing behind the form is looked at, and nothing of the pair before stays in the buffers. */
static void test_bounds(void **state)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct slice form = slice_of("long=" "a%20longer+value&b=%4142", 24);

	(void)state;
	assert_int_equal(http_form_next(&form, &name, &value), 1);
	assert_string_equal(buf_text(&value), "a longer value");
	assert_int_equal(http_form_next(&form, &name, &value), 1);
	assert_string_equal(buf_text(&name), "b");
	assert_string_equal(buf_text(&value), "");
	assert_null(memmem(value.data, value.cap, "longer", 6));
	assert_int_equal(http_form_next(&form, &name, &value), 0);
	form = slice_of("b=%4142", 4);
	assert_int_equal(http_form_next(&form, &name, &value), 1);
	assert_string_equal(buf_text(&value), "%4");
	buf_release(&name);
	buf_release(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
