/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/record_json_take.h"

#include <sodium.h>
#include <string.h>

#include "schema/hex.h"
#include "schema/tip.h"

int take_members(struct arena *arena, json_t *object, void *at, const struct member *members)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return -1;
	json_object_foreach(object, name, value) {
		const struct member *m = members;

		while (m->name && strcmp(m->name, name) != 0)
			m++;
		if (!m->name || m->take(arena, value, (char *)at + m->offset, m->limit) != 0)
			return -1;
	}
	return 0;
}

int take_hex(struct arena *arena, json_t *value, void *at, size_t limit)
{
	(void)arena;
	return json_is_string(value) ? hex_decode(at, limit, json_string_value(value), json_string_length(value)) : -1;
}

int take_text(struct arena *arena, json_t *value, void *at, size_t limit)
{
	const size_t len = json_string_length(value);
	struct slice *out = at;

	if (!json_is_string(value) || len > limit)
		return -1;
	*out = slice_of(arena_copy(arena, json_string_value(value), len), len);
	return 0;
}

int take_base64(struct arena *arena, json_t *value, void *at, size_t limit)
{
	const size_t len = json_string_length(value);
	struct slice *out = at;
	uint8_t *data;
	size_t n;

	if (!json_is_string(value) || len > 2 * limit)
		return -1;
	data = arena_alloc(arena, len + 1);
	if (sodium_base642bin(data, len, json_string_value(value), len, NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return -1;
	*out = slice_of(data, n);
	return 0;
}

/* The body, as compact as tip_dump makes it and in the same order. */
int take_object(struct arena *arena, json_t *value, void *at, size_t limit)
{
	const size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT);
	struct slice *out = at;
	char *text;

	if (!json_is_object(value) || len == 0 || len > limit)
		return -1;
	text = arena_alloc(arena, len);
	*out = slice_of(text, json_dumpb(value, text, len, JSON_COMPACT));
	return 0;
}

int take_float(struct arena *arena, json_t *value, void *at, size_t limit)
{
	(void)arena;
	(void)limit;
	*(float *)at = (float)json_number_value(value);
	return json_is_number(value) ? 0 : -1;
}

int take_u32(struct arena *arena, json_t *value, void *at, size_t limit)
{
	const json_int_t n = json_integer_value(value);

	(void)arena;
	*(uint32_t *)at = (uint32_t)n;
	return json_is_integer(value) && n >= 0 && (uint64_t)n <= limit ? 0 : -1;
}

int take_u16(struct arena *arena, json_t *value, void *at, size_t limit)
{
	uint32_t wide = 0;
	int result = take_u32(arena, value, &wide, limit);

	*(uint16_t *)at = (uint16_t)wide;
	return result;
}

int take_bool(struct arena *arena, json_t *value, void *at, size_t limit)
{
	(void)arena;
	(void)limit;
	*(bool *)at = json_is_true(value);
	return json_is_boolean(value) ? 0 : -1;
}

int take_name(const char *const *names, size_t n, json_t *value)
{
	return json_is_string(value) ? taxonomy_find(names, n, json_string_value(value), json_string_length(value)) : -1;
}

int take_index(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct {
		const char *const *names;
		size_t n;
	} lists[] = {
		[LIST_CATEGORIES] = { category_names, N_CATEGORIES },
		[LIST_CHANNELS] = { channel_names, N_CHANNELS },
		[LIST_OUTCOMES] = { outcome_names, N_OUTCOMES },
		[LIST_PRIORITIES] = { priority_names, N_PRIORITIES },
	};
	int index = take_name(lists[limit].names, lists[limit].n, value);

	(void)arena;
	*(uint8_t *)at = (uint8_t)index;
	return index < 0 ? -1 : 0;
}

/* An array of objects into an array of structs. */
int take_array(struct arena *arena, json_t *value, void *at, size_t size, size_t limit,
		      const struct member *members)
{
	if (!json_is_array(value) || json_array_size(value) > limit)
		return -1;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (take_members(arena, json_array_get(value, i), (char *)at + i * size, members) != 0)
			return -1;
	return 0;
}
