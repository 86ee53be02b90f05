/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/json_member.h"

#include <string.h>

static size_t skip_space(struct slice s, size_t at)
{
	while (at < s.len && (s.data[at] == ' ' || s.data[at] == '\t' || s.data[at] == '\n' || s.data[at] == '\r'))
		at++;
	return at;
}

/* From the opening quote to behind the closing one. */
static size_t skip_string(struct slice s, size_t at)
{
	for (at++; at < s.len && s.data[at] != '"'; at++)
		if (s.data[at] == '\\')
			at++;
	return at < s.len ? at + 1 : s.len;
}

static size_t skip_value(struct slice s, size_t at)
{
	size_t depth = 0;
	while (at < s.len) {
		uint8_t c = s.data[at];
		bool closes = c == '}' || c == ']';
		if (depth == 0 && (closes || c == ','))
			return at;
		if (c == '"') {
			at = skip_string(s, at);
			continue;
		}
		depth += c == '{' || c == '[';
		depth -= closes;
		at++;
	}
	return at;
}

static struct slice trimmed(struct slice s, size_t from, size_t to)
{
	while (to > from && strchr(" \t\r\n", s.data[to - 1]) != NULL)
		to--;
	return slice_of(s.data + from, to - from);
}

bool json_member(struct slice object, const char *key, struct slice *value)
{
	size_t at = skip_space(object, 0);
	if (at >= object.len || object.data[at] != '{')
		return false;
	at = skip_space(object, at + 1);
	while (at < object.len && object.data[at] == '"') {
		size_t start = at + 1, end = skip_string(object, at);
		bool found = slice_equal(slice_of(object.data + start, end - start - 1), slice_str(key));
		at = skip_space(object, end);
		if (at >= object.len || object.data[at] != ':')
			return false;
		at = skip_space(object, at + 1);
		size_t behind = skip_value(object, at);
		if (found) {
			*value = trimmed(object, at, behind);
			return true;
		}
		if (behind >= object.len || object.data[behind] != ',')
			return false;
		at = skip_space(object, behind + 1);
	}
	return false;
}

bool json_element(struct slice array, size_t i, struct slice *value)
{
	size_t at = skip_space(array, 0);
	if (at >= array.len || array.data[at] != '[')
		return false;
	for (at = skip_space(array, at + 1); at < array.len && array.data[at] != ']'; i--) {
		size_t behind = skip_value(array, at);
		if (i == 0) {
			*value = trimmed(array, at, behind);
			return true;
		}
		if (behind >= array.len || array.data[behind] != ',')
			return false;
		at = skip_space(array, behind + 1);
	}
	return false;
}

bool json_plain_string(struct slice value, struct slice *text)
{
	if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"' ||
	    memchr(value.data, '\\', value.len) != NULL)
		return false;
	*text = slice_of(value.data + 1, value.len - 2);
	return true;
}
