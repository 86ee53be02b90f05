/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tip.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/nearest.h"
#include "ops/runtime/utf8.h"
#include "schema/reason.h"
#include "schema/tip_fields.h"

/*
 * Plain malloc underneath, so that what Jansson took before, or what an adapter's own code takes and frees with it,
 * still fits; the size to wipe is asked of malloc.
 */
static void wipe_and_free(void *p)
{
	if (p)
		mem_wipe(p, malloc_usable_size(p));
	free(p);
}

void tip_begin(void)
{
	json_set_alloc_funcs(mem_take, wipe_and_free);
}

void tip_begin_as_guest(void)
{
	json_set_alloc_funcs(mem_ask, wipe_and_free);
}

#define POINTER_MAX 32

/* `base` and `name` make a JSON pointer. They come from our tables only: the document's words do not go into errors. */
static int invalid(struct err *err, const char *base, const char *name, const char *what)
{
	return err_set(err, ERR_DATA, REASON_TIP_INVALID, "%s%s%s: %s", *base || name ? base : "the document",
		       name ? "/" : "", name ? name : "", what);
}

/* Tabs and line ends are what people type. Any other control character (C0, DEL, C1) could reach a terminal. */
static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;

		i += utf8_next((const uint8_t *)text + i, len - i, &c, NULL);
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0))
			return true;
	}
	return false;
}

/* One string member into its place in `out` (a struct tip or struct subject). Empty counts as absent. */
static int take_text(void *out, const struct tip_field *field, const json_t *value, const char *base,
		     struct err *err)
{
	const char *text = json_string_value(value);
	const size_t len = json_string_length(value);
	const char *wrong;

	if (!text)
		return invalid(err, base, field->name, "must be a string");
	if (len > field->max)
		return err_set(err, ERR_DATA, REASON_TIP_INVALID, "%s/%s: longer than %zu bytes", base, field->name,
			       field->max);
	if (has_control(text, len))
		return invalid(err, base, field->name, "a control character");
	if (len == 0)
		return 0;
	wrong = field->check ? field->check(text, len) : NULL;
	if (wrong)
		return invalid(err, base, field->name, wrong);
	if (field->offset != TIP_FIELD_NO_PLACE)
		memcpy((char *)out + field->offset, &text, sizeof(text));
	return 0;
}

#define SHOWN_MAX 32

/*
 * A member's name as it may be shown on any terminal: printable ASCII, all else as \\uXXXX, and not more than a
 * misspelling needs. Only to whoever wrote it (intake): elsewhere the document's words do not go into errors.
 */
static int unknown_member(struct err *err, const char *base, const char *name, const struct tip_field *fields)
{
	char shown[6 * SHOWN_MAX + 1] = "", hint[NEAREST_HINT_MAX];
	const char *names[16];
	size_t n = 0, len = strlen(name), out = 0;

	for (; fields->name && n < sizeof(names) / sizeof(names[0]); fields++)
		names[n++] = fields->name;
	nearest_hint(hint, name, names, n);
	for (size_t i = 0; i < len && out < 2 * SHOWN_MAX;) {
		uint32_t c;

		i += utf8_next((const uint8_t *)name + i, len - i, &c, NULL);
		out += (size_t)snprintf(shown + out, sizeof(shown) - out, c >= 0x20 && c < 0x7F ? "%c" : "\\u%04X", (int)c);
	}
	return err_set(err, ERR_DATA, REASON_TIP_INVALID, "%s: an unknown member \"%s\"%s", *base ? base : "the document",
		       shown, hint);
}

static int take_subject(struct subject *subject, json_t *object, const char *base, bool intake,
			struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return invalid(err, base, NULL, "must be an object");
	json_object_foreach(object, name, value) {
		const struct tip_field *field = tip_field_find(subject_fields, name);

		if (!field && !tip_field_is_extra(name))
			return intake ? unknown_member(err, base, name, subject_fields) : invalid(err, base, NULL,
				"an unknown member");
		if (field && !json_is_null(value) && take_text(subject, field, value, base, err) != 0)
			return -1;
	}
	return 0;
}

static int take_subjects(struct tip *tip, json_t *array, bool intake, struct err *err)
{
	if (!json_is_array(array))
		return invalid(err, "", "subjects", "must be an array");
	if (json_array_size(array) > TIP_SUBJECTS_MAX)
		return invalid(err, "", "subjects", "too many");
	tip->n_subjects = json_array_size(array);
	for (size_t i = 0; i < tip->n_subjects; i++) {
		char base[POINTER_MAX];

		(void)snprintf(base, sizeof(base), "/subjects/%zu", i);
		if (take_subject(&tip->subjects[i], json_array_get(array, i), base, intake, err) != 0)
			return -1;
	}
	return 0;
}

static int take_member(struct tip *tip, const char *name, json_t *value, bool intake, struct err *err)
{
	const struct tip_field *field = tip_field_find(tip_fields, name);

	if (tip_field_is_extra(name))
		return 0;
	if (!field && strcmp(name, "subjects") != 0)
		return intake ? unknown_member(err, "", name, tip_fields) : invalid(err, "", NULL, "an unknown member");
	if (json_is_null(value))
		return 0;
	if (!field)
		return take_subjects(tip, value, intake, err);
	if (field->intake && !intake)
		return invalid(err, "", field->name, "must not stand in a sealed tip");
	return take_text(tip, field, value, "", err);
}

/* The value of a member that was checked to be in the list; 0 when absent. */
static int take_index(const json_t *root, const char *name, const char *const *names, size_t n)
{
	const json_t *value = json_object_get(root, name);
	const int index = taxonomy_find(names, n, json_is_string(value) ? json_string_value(value) : "",
					json_string_length(value));

	return index < 0 ? 0 : index;
}

static int take_document(struct tip *tip, json_t *root, bool intake, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root))
		return invalid(err, "", NULL, "must be an object");
	json_object_foreach(root, name, value)
		if (take_member(tip, name, value, intake, err) != 0)
			return -1;
	if (!tip->narrative)
		return invalid(err, "", "narrative", "missing");
	tip->narrative_len = strlen(tip->narrative);
	if (!tip->language)
		tip->language = "en";
	tip->channel = (enum channel)take_index(root, "channel", channel_names, N_CHANNELS);
	tip->contact = (enum contact_mode)take_index(root, "contact", contact_mode_names, N_CONTACT_MODES);
	if (tip->contact_details && tip->contact != CONTACT_DETAILS)
		return invalid(err, "", "contact_details",
			"given although contact is not \"details\": with the tipster's consent say \"contact\": \"details\"");
	return 0;
}

int tip_parse(struct tip *tip, struct slice json, bool intake, struct err *err)
{
	json_error_t problem;
	json_t *root;

	if (tip_guard(json, err) != 0)
		return -1;
	root = json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY, &problem);
	if (!root && json_error_code(&problem) == json_error_out_of_memory)
		return mem_refused(err, "a tip");
	if (!root)
		return err_set(err, ERR_DATA, REASON_JSON_SYNTAX, "JSON that cannot be read");
	memset(tip, 0, sizeof(*tip));
	tip->document = root;
	if (take_document(tip, root, intake, err) != 0) {
		tip_release(tip);
		return -1;
	}
	return 0;
}

void tip_release(struct tip *tip)
{
	json_decref(tip->document);
	memset(tip, 0, sizeof(*tip));
}

const char *tip_given_id(const struct tip *tip)
{
	const char *id = json_string_value(json_object_get(tip->document, "tip_id"));

	return id && *id ? id : NULL;
}
