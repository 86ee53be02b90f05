/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_json_take: one value of JSON into one field of a struct, by tables of members. Each `take_` returns -1 when
 * the value is not of its kind or over its limit; what it had written by then is of no use. Texts and bytes are
 * copied into the arena. Internal to record_json_read.c.
 */
#ifndef TIPLINE_SCHEMA_RECORD_JSON_TAKE_H
#define TIPLINE_SCHEMA_RECORD_JSON_TAKE_H

#include <jansson.h>

#include "ops/runtime/buf.h"

struct member {
	const char *name; /* NULL ends a table */
	/* -1 when the value is not of its kind. `limit`: length, greatest length or greatest value. */
	int (*take)(struct arena *arena, json_t *value, void *at, size_t limit);
	size_t offset, limit;
};

/* Every member of the object must be one of the table's. */
int take_members(struct arena *arena, json_t *object, void *at, const struct member *members);
/* An array of objects, at most `limit`, into an array of structs of `size` bytes. */
int take_array(struct arena *arena, json_t *value, void *at, size_t size, size_t limit, const struct member *members);

/* Of `limit` bytes exactly. */
int take_hex(struct arena *arena, json_t *value, void *at, size_t limit);
/* Into a struct slice, of `limit` bytes at most. */
int take_text(struct arena *arena, json_t *value, void *at, size_t limit);
int take_base64(struct arena *arena, json_t *value, void *at, size_t limit);
int take_object(struct arena *arena, json_t *value, void *at, size_t limit);
int take_float(struct arena *arena, json_t *value, void *at, size_t limit);
/* Up to `limit`. */
int take_u32(struct arena *arena, json_t *value, void *at, size_t limit);
int take_u16(struct arena *arena, json_t *value, void *at, size_t limit);
int take_bool(struct arena *arena, json_t *value, void *at, size_t limit);

/* The index of a name in a closed list, -1 when it is none. */
int take_name(const char *const *names, size_t n, json_t *value);
/* The closed lists whose index is a byte of the record; `limit` says which. */
enum name_list { LIST_CATEGORIES, LIST_CHANNELS, LIST_OUTCOMES, LIST_PRIORITIES };
int take_index(struct arena *arena, json_t *value, void *at, size_t limit);

#endif
