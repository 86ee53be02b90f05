/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a posted form: its pairs, written as a browser writes them, are read as the same pairs. */
#include "ops/runtime/http_form.h"
#include "tests/fuzz/fuzz.h"

/* The URL standard's serialiser (5.2): these stand for themselves, a space is +, all else %XX. */
static void encode(const struct buf *text, struct buf *out)
{
	for (size_t i = 0; i < text->len; i++) {
		const uint8_t c = text->data[i];
		const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (alnum || (c && strchr("*-._", c)))
			buf_append_byte(out, c);
		else if (c == ' ')
			buf_append_byte(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

static size_t encode_all(struct slice form, struct buf *out)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	size_t n = 0, len = 0, left = form.len;

	while (http_form_next(&form, &name, &value)) {
		FUZZ_HOLDS(form.len < left);
		left = form.len;
		len += name.len + value.len;
		if (n++)
			buf_append_byte(out, '&');
		encode(&name, out);
		buf_append_byte(out, '=');
		encode(&value, out);
	}
	buf_release(&name);
	buf_release(&value);
	FUZZ_HOLDS(form.len == 0);
	return len;
}

static void pairs_are_equal(struct slice a, struct slice b)
{
	struct buf names[2] = { BUF_INIT, BUF_INIT }, values[2] = { BUF_INIT, BUF_INIT };

	while (http_form_next(&a, &names[0], &values[0])) {
		FUZZ_HOLDS(http_form_next(&b, &names[1], &values[1]) == 1);
		FUZZ_HOLDS(slice_equal(buf_slice(&names[0]), buf_slice(&names[1])));
		FUZZ_HOLDS(slice_equal(buf_slice(&values[0]), buf_slice(&values[1])));
	}
	FUZZ_HOLDS(http_form_next(&b, &names[1], &values[1]) == 0);
	for (int i = 0; i < 2; i++) {
		buf_release(&names[i]);
		buf_release(&values[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice form = slice_of(data, size);
	struct buf once = BUF_INIT, twice = BUF_INIT;

	FUZZ_HOLDS(encode_all(form, &once) <= size);
	pairs_are_equal(form, buf_slice(&once));
	(void)encode_all(buf_slice(&once), &twice);
	FUZZ_HOLDS(slice_equal(buf_slice(&once), buf_slice(&twice)));
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
