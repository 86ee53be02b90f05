/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass for the encoding, one for the grammar (RFC 8259), with a stack of TIP_DEPTH_MAX levels and no recursion.
 * Memory: 40 bytes a key. What passes, Jansson parses without surprises.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/utf8.h"
#include "schema/reason.h"
#include "schema/tip.h"
#include "schema/tip_keys.h"

#define NUMBER_MAX 64

enum step { STEP_VALUE, STEP_AFTER, STEP_END, STEP_FAILED };

struct level {
	bool object;
	uint32_t number; /* of the object */
};

struct guard {
	struct slice json;
	size_t at;
	size_t values;
	uint32_t objects;
	struct level levels[TIP_DEPTH_MAX];
	size_t depth;
	struct tip_keys keys;
	const char *reason, *what;
};

static enum step fail(struct guard *g, const char *reason, const char *what)
{
	g->reason = reason;
	g->what = what;
	return STEP_FAILED;
}

static int peek(const struct guard *g)
{
	return g->at < g->json.len ? g->json.data[g->at] : -1;
}

static int skip_space(struct guard *g)
{
	while (peek(g) == ' ' || peek(g) == '\n' || peek(g) == '\r' || peek(g) == '\t')
		g->at++;
	return peek(g);
}

/* What is wrong with the encoding, at g->at; NULL when nothing is. */
static const char *wrong_encoding(struct guard *g)
{
	const uint8_t *p = g->json.data;

	if (g->json.len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		return "a byte order mark";
	while (g->at < g->json.len) {
		size_t n = 1;
		uint32_t code;
		int valid = 1;

		if (p[g->at] == 0)
			return "a NUL byte";
		if (p[g->at] >= 0x80)
			n = utf8_next(p + g->at, g->json.len - g->at, &code, &valid);
		if (!valid)
			return "bytes that are not UTF-8";
		g->at += n;
	}
	g->at = 0;
	return NULL;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* \uXXXX at `at`; -1 when it is not that. */
static long read_unicode(const struct guard *g, size_t at)
{
	char digits[5] = "";

	if (g->json.len - at < 6 || g->json.data[at] != '\\' || g->json.data[at + 1] != 'u')
		return -1;
	memcpy(digits, g->json.data + at + 2, 4);
	for (size_t i = 0; i < 4; i++)
		if (!is_hex((uint8_t)digits[i]))
			return -1;
	return strtol(digits, NULL, 16);
}

static enum step scan_unicode(struct guard *g)
{
	const long code = read_unicode(g, g->at);
	long low;

	if (code < 0)
		return fail(g, REASON_JSON_SYNTAX, "a malformed escape");
	if (code == 0)
		return fail(g, REASON_JSON_UTF8, "an escaped NUL");
	if (code >= 0xDC00 && code <= 0xDFFF)
		return fail(g, REASON_JSON_UTF8, "a lone surrogate");
	g->at += 6;
	if (code < 0xD800 || code > 0xDBFF)
		return STEP_AFTER;
	low = g->at < g->json.len ? read_unicode(g, g->at) : -1;
	if (low < 0xDC00 || low > 0xDFFF)
		return fail(g, REASON_JSON_UTF8, "a lone surrogate");
	g->at += 6;
	return STEP_AFTER;
}

static enum step scan_escape(struct guard *g)
{
	const int c = g->at + 1 < g->json.len ? g->json.data[g->at + 1] : 0;

	if (c == 'u')
		return scan_unicode(g);
	if (c == 0 || !strchr("\"\\/bfnrt", c))
		return fail(g, REASON_JSON_SYNTAX, "a malformed escape");
	g->at += 2;
	return STEP_AFTER;
}

/* A string; *text is what stands between the quotes. */
static enum step scan_string(struct guard *g, struct slice *text)
{
	const size_t start = ++g->at;

	for (int c = peek(g); c != '"'; c = peek(g)) {
		if (c < 0)
			return fail(g, REASON_JSON_SYNTAX, "a string without an end");
		if (c < 0x20)
			return fail(g, REASON_JSON_SYNTAX, "a control character inside a string");
		if (c != '\\')
			g->at++;
		else if (scan_escape(g) == STEP_FAILED)
			return STEP_FAILED;
	}
	*text = slice_of(g->json.data + start, g->at - start);
	g->at++;
	return STEP_AFTER;
}

/* "key" : in the object on top. */
static enum step scan_key(struct guard *g)
{
	struct slice text;

	if (skip_space(g) != '"')
		return fail(g, REASON_JSON_SYNTAX, "a key was expected");
	if (scan_string(g, &text) == STEP_FAILED)
		return STEP_FAILED;
	if (g->keys.n == TIP_VALUES_MAX)
		return fail(g, REASON_JSON_SIZE, "too many keys");
	tip_keys_add(&g->keys, g->levels[g->depth - 1].number, g->json, text);
	if (skip_space(g) != ':')
		return fail(g, REASON_JSON_SYNTAX, "a colon was expected");
	g->at++;
	return STEP_VALUE;
}

static size_t scan_digits(struct guard *g)
{
	const size_t start = g->at;

	while (peek(g) >= '0' && peek(g) <= '9')
		g->at++;
	return g->at - start;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?; *whole when only the first two. */
static bool scan_number_grammar(struct guard *g, bool *whole)
{
	if (peek(g) == '-')
		g->at++;
	if (peek(g) == '0')
		g->at++;
	else if (scan_digits(g) == 0)
		return false;
	*whole = peek(g) != '.' && peek(g) != 'e' && peek(g) != 'E';
	if (peek(g) == '.') {
		g->at++;
		if (scan_digits(g) == 0)
			return false;
	}
	if (peek(g) == 'e' || peek(g) == 'E') {
		g->at++;
		if (peek(g) == '+' || peek(g) == '-')
			g->at++;
		return scan_digits(g) > 0;
	}
	return true;
}

/* A number that a double or a 64-bit integer holds. */
static enum step scan_number(struct guard *g)
{
	const size_t start = g->at;
	char text[NUMBER_MAX + 1] = "";
	bool whole;

	if (!scan_number_grammar(g, &whole))
		return fail(g, REASON_JSON_SYNTAX, "a malformed value");
	if (g->at - start > NUMBER_MAX)
		return fail(g, REASON_JSON_SYNTAX, "a number of too many digits");
	memcpy(text, g->json.data + start, g->at - start);
	errno = 0;
	if (whole)
		(void)strtoll(text, NULL, 10);
	else
		(void)strtod(text, NULL);
	return errno == ERANGE ? fail(g, REASON_JSON_SYNTAX, "a number out of range") : STEP_AFTER;
}

static enum step scan_word(struct guard *g)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t len = strlen(words[i]);

		if (g->json.len - g->at >= len && memcmp(g->json.data + g->at, words[i], len) == 0) {
			g->at += len;
			return STEP_AFTER;
		}
	}
	return scan_number(g);
}

static enum step open_level(struct guard *g, bool object)
{
	if (g->depth == TIP_DEPTH_MAX)
		return fail(g, REASON_JSON_DEPTH, "nested too deeply");
	g->at++;
	if (skip_space(g) == (object ? '}' : ']')) {
		g->at++;
		return STEP_AFTER;
	}
	g->levels[g->depth].object = object;
	g->levels[g->depth++].number = g->objects++;
	return object ? scan_key(g) : STEP_VALUE;
}

static enum step step_value(struct guard *g)
{
	struct slice text;
	const int c = skip_space(g);

	if (c < 0)
		return fail(g, REASON_JSON_SYNTAX, "the document ends too early");
	if (++g->values > TIP_VALUES_MAX)
		return fail(g, REASON_JSON_SIZE, "too many values");
	if (c == '{' || c == '[')
		return open_level(g, c == '{');
	return c == '"' ? scan_string(g, &text) : scan_word(g);
}

static enum step step_after(struct guard *g)
{
	const int c = skip_space(g);
	const struct level *top = g->depth ? &g->levels[g->depth - 1] : NULL;

	if (!top)
		return c < 0 ? STEP_END : fail(g, REASON_JSON_SYNTAX, "text after the document");
	if (c == ',') {
		g->at++;
		return top->object ? scan_key(g) : STEP_VALUE;
	}
	if (c != (top->object ? '}' : ']'))
		return fail(g, REASON_JSON_SYNTAX, "a comma or the end of an array or object was expected");
	g->at++;
	g->depth--;
	return STEP_AFTER;
}

static void scan(struct guard *g)
{
	const char *wrong = wrong_encoding(g);
	enum step step = wrong ? fail(g, REASON_JSON_UTF8, wrong) : STEP_VALUE;

	while (step == STEP_VALUE || step == STEP_AFTER)
		step = step == STEP_VALUE ? step_value(g) : step_after(g);
	if (step == STEP_END && tip_keys_repeat(&g->keys, g->json))
		fail(g, REASON_JSON_DUPLICATE, "a key twice in one object");
}

int tip_guard(struct slice json, struct err *err)
{
	struct guard g = { .json = json };

	if (json.len > TIP_JSON_MAX)
		return err_set(err, ERR_DATA, REASON_TOO_LARGE, "a tip of more than %d bytes", TIP_JSON_MAX);
	scan(&g);
	tip_keys_release(&g.keys);
	if (g.reason)
		return err_set(err, ERR_DATA, g.reason, "%s, at byte %zu", g.what, g.at);
	return 0;
}
