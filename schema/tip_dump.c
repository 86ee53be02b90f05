/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "schema/reason.h"
#include "schema/seal.h"
#include "schema/tip.h"
#include "schema/tip_fields.h"

static bool is_empty(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_nocheck(object, name, value) != 0)
		BUG("out of memory");
}

/* What of an object is sealed, in the order it was given. */
static json_t *kept(json_t *object, const struct tip_field *fields)
{
	json_t *out = json_object();
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const struct tip_field *field = tip_field_find(fields, name);

		if (field && !field->intake && !is_empty(value))
			set(out, name, value);
	}
	return out;
}

static json_t *kept_subjects(json_t *subjects)
{
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(subjects); i++)
		if (json_array_append_new(out, kept(json_array_get(subjects, i), subject_fields)) != 0)
			BUG("out of memory");
	return out;
}

static int append(const char *text, size_t len, void *out)
{
	buf_append(out, text, len);
	return 0;
}

int tip_dump(const struct tip *tip, struct buf *out, struct err *err)
{
	json_t *document = kept(tip->document, tip_fields);
	const size_t before = out->len;

	if (tip->n_subjects) {
		json_t *subjects = kept_subjects(json_object_get(tip->document, "subjects"));

		set(document, "subjects", subjects);
		json_decref(subjects);
	}
	if (json_dump_callback(document, append, out, JSON_COMPACT) != 0)
		BUG("a checked tip cannot be written");
	json_decref(document);
	if (out->len - before > BODY_JSON_MAX)
		return err_set(err, ERR_DATA, REASON_TOO_LARGE, "a tip of %zu bytes", out->len - before);
	return 0;
}
