/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip_fields: the members of a tip and of a subject, each with its limit and its rule, in two tables. tip.c reads by
 * them, tip_dump.c writes by them, and a test holds schema/tip.schema.json against them. All are strings; `subjects`
 * is the one member that is not, and stands apart.
 */
#ifndef TIPLINE_SCHEMA_TIP_FIELDS_H
#define TIPLINE_SCHEMA_TIP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#define TIP_NARRATIVE_MAX 200000
#define TIP_FIELD_NO_PLACE ((size_t)-1)

struct tip_field {
	const char *name;
	size_t max;     /* bytes of UTF-8 */
	size_t offset;  /* of its `const char *` in struct tip or struct subject, or TIP_FIELD_NO_PLACE */
	bool intake;    /* never stands in a sealed body */
	const char *(*check)(const char *text, size_t len); /* what is wrong, or NULL; may itself be NULL */
	const char *means;    /* sentences for people; the schema's description is the same */
	const char *fallback; /* what an absent one counts as; NULL: nothing */
	bool required;
};

extern const struct tip_field tip_fields[];     /* NULL-name ended */
extern const struct tip_field subject_fields[]; /* NULL-name ended */

const struct tip_field *tip_field_find(const struct tip_field *fields, const char *name); /* NULL when unknown */
bool tip_field_is_extra(const char *name); /* "x-…" */

#endif
