/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/canary_forms.h"

#include <ctype.h>
#include <string.h>

#include "ops/runtime/utf8.h"

typedef void form_fn(struct buf *out, struct slice text, int variant);

enum { AS_IS, LOWER, UPPER, WHOLE = 4, URL = 8 }; /* the last two with one of the others */

static void put_utf8(struct buf *out, struct slice text, int variant)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];

		buf_append_byte(out, variant == LOWER ? (uint8_t)tolower(c) : variant == UPPER ? (uint8_t)toupper(c) : c);
	}
}

static void put_unit(struct buf *out, uint32_t unit, bool big)
{
	buf_append_byte(out, (uint8_t)(big ? unit >> 8 : unit));
	buf_append_byte(out, (uint8_t)(big ? unit : unit >> 8));
}

/* One or two UTF-16 code units; returns how many. */
static int units_of(uint32_t code, uint32_t units[2])
{
	units[0] = code;
	if (code < 0x10000)
		return 1;
	units[0] = 0xD800 + ((code - 0x10000) >> 10);
	units[1] = 0xDC00 + ((code - 0x10000) & 0x3FF);
	return 2;
}

static void put_utf16(struct buf *out, struct slice text, int big)
{
	for (size_t i = 0; i < text.len;) {
		uint32_t code, units[2];

		i += utf8_next(text.data + i, text.len - i, &code, NULL);
		for (int k = 0, n = units_of(code, units); k < n; k++)
			put_unit(out, units[k], big);
	}
}

static void put_percent(struct buf *out, struct slice text, int variant)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		const bool plain = isalnum(c) || (c && strchr("-._~", c));

		if (plain && !(variant & WHOLE))
			buf_append_byte(out, c);
		else
			buf_printf(out, variant & UPPER ? "%%%02X" : "%%%02x", c);
	}
}

static void put_json(struct buf *out, struct slice text, int variant)
{
	for (size_t i = 0; i < text.len;) {
		const uint8_t c = text.data[i];
		uint32_t code, units[2];

		i += utf8_next(text.data + i, text.len - i, &code, NULL);
		if (!(variant & WHOLE) && code < 0x80 && code >= 0x20) {
			if (c == '"' || c == '\\')
				buf_append_byte(out, '\\');
			buf_append_byte(out, c);
			continue;
		}
		for (int k = 0, n = units_of(code, units); k < n; k++)
			buf_printf(out, variant & UPPER ? "\\u%04X" : "\\u%04x", units[k]);
	}
}

static void put_hex(struct buf *out, struct slice text, int variant)
{
	for (size_t i = 0; i < text.len; i++)
		buf_printf(out, variant == UPPER ? "%02X" : "%02x", text.data[i]);
}

/* Six bits at `bit` of the text when it follows `shift` bytes. */
static unsigned sextet(struct slice text, size_t shift, size_t bit)
{
	unsigned value = 0;

	for (size_t i = bit; i < bit + 6; i++)
		value = value << 1 | (text.data[i / 8 - shift] >> (7 - i % 8) & 1u);
	return value;
}

/* The characters that the text alone decides, when `shift` bytes of another stand in front of it. */
static void put_base64(struct buf *out, struct slice text, int variant)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *rest = variant & URL ? "-_" : "+/";
	const size_t shift = (size_t)variant & 3, end = 8 * (shift + text.len);

	for (size_t bit = (8 * shift + 5) / 6 * 6; bit + 6 <= end; bit += 6) {
		const unsigned value = sextet(text, shift, bit);

		buf_append_byte(out, (uint8_t)(value < 62 ? letters[value] : rest[value - 62]));
	}
}

static const struct {
	const char *encoding;
	form_fn *put;
	int variant;
} rows[] = {
	{ "utf-8", put_utf8, AS_IS },
	{ "utf-8 lower case", put_utf8, LOWER },
	{ "utf-8 upper case", put_utf8, UPPER },
	{ "utf-16le", put_utf16, 0 },
	{ "utf-16be", put_utf16, 1 },
	{ "percent", put_percent, LOWER },
	{ "percent", put_percent, UPPER },
	{ "percent", put_percent, LOWER | WHOLE },
	{ "percent", put_percent, UPPER | WHOLE },
	{ "base64 +0", put_base64, 0 },
	{ "base64 +1", put_base64, 1 },
	{ "base64 +2", put_base64, 2 },
	{ "base64url +0", put_base64, URL },
	{ "base64url +1", put_base64, URL | 1 },
	{ "base64url +2", put_base64, URL | 2 },
	{ "hex", put_hex, LOWER },
	{ "hex", put_hex, UPPER },
	{ "json", put_json, LOWER },
	{ "json", put_json, UPPER },
	{ "json", put_json, LOWER | WHOLE },
	{ "json", put_json, UPPER | WHOLE },
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) <= CANARY_FORMS_MAX, "room for every form");

/* Its end, which begins with a whole character. */
static struct slice core_of(const char *marker)
{
	const size_t len = strlen(marker);
	size_t start = len > MARKER_CORE ? len - MARKER_CORE : 0;

	while (start > 0 && ((uint8_t)marker[start] & 0xC0) == 0x80)
		start--;
	return slice_of(marker + start, len - start);
}

static bool is_new(const struct canary_form *forms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(buf_slice(&forms[i].bytes), buf_slice(&forms[n].bytes)))
			return false;
	return true;
}

size_t canary_forms(struct canary_form forms[CANARY_FORMS_MAX], const char *marker)
{
	const struct slice core = core_of(marker);
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		forms[n] = (struct canary_form){ .encoding = rows[i].encoding, .bytes = BUF_INIT };
		rows[i].put(&forms[n].bytes, core, rows[i].variant);
		if (is_new(forms, n))
			n++;
		else
			buf_release(&forms[n].bytes);
	}
	return n;
}
