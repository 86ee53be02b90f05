/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/plain.h"

#include <string.h>

#include "ops/runtime/http_form.h"
#include "ops/runtime/utf8.h"

static const struct field {
	const char *name; /* in the form */
	enum place place;
	const char *member;  /* of the tip; NULL: not a text of its own */
	const char *subject; /* member of the one subject */
} fields[] = {
	{ "narrative", PLACE_NARRATIVE, "narrative", NULL },
	{ "where", PLACE_WHERE, "where", NULL },
	{ "when", PLACE_WHEN, "when", NULL },
	{ "relation", PLACE_RELATION, "relation", NULL },
	{ "subject_name", PLACE_SUBJECT_NAME, NULL, "name" },
	{ "subject_rank", PLACE_SUBJECT_RANK, NULL, "rank" },
	{ "subject_number", PLACE_SUBJECT_NUMBER, NULL, "number" },
	{ "subject_station", PLACE_SUBJECT_STATION, NULL, "station" },
	{ "contact_details", PLACE_CONTACT_DETAILS, NULL, NULL },
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static bool is_named(const struct buf *name, const char *wanted)
{
	return slice_equal(buf_slice(name), slice_str(wanted));
}

static bool is_kept(uint32_t code)
{
	const bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);

	return !is_control || code == '\n' || code == '\t';
}

/* Browsers send line ends as CRLF; a lone CR goes as other control characters do. */
static void append_tidy(struct buf *out, struct slice typed)
{
	static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };
	uint32_t code;
	int valid;

	for (size_t i = 0, n; i < typed.len; i += n) {
		n = utf8_next(typed.data + i, typed.len - i, &code, &valid);
		if (!valid)
			buf_append(out, replacement, sizeof(replacement));
		else if (is_kept(code))
			buf_append(out, typed.data + i, n);
	}
}

static void take(struct plain *plain, const struct buf *name, const struct buf *value)
{
	if (is_named(name, "contact"))
		plain->wants_contact = is_named(value, "details");
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (!is_named(name, fields[i].name))
			continue;
		buf_clear(&plain->text[fields[i].place]);
		append_tidy(&plain->text[fields[i].place], buf_slice(value));
	}
}

void plain_read(struct plain *plain, struct slice body)
{
	struct buf name = BUF_INIT, value = BUF_INIT;

	memset(plain, 0, sizeof(*plain));
	while (http_form_next(&body, &name, &value))
		take(plain, &name, &value);
	buf_release(&name);
	buf_release(&value);
}

void plain_release(struct plain *plain)
{
	for (int i = 0; i < N_PLACES; i++)
		buf_release(&plain->text[i]);
}

static bool is_blank(const struct buf *text)
{
	return strspn(buf_text(text), " \t\n") == text->len;
}

const char *plain_lacks(const struct plain *plain)
{
	if (is_blank(&plain->text[PLACE_NARRATIVE]))
		return "/narrative";
	/* Neither is guessed: details may not go unseen, nor be sealed for who wants to stay anonymous. */
	if (plain->wants_contact == is_blank(&plain->text[PLACE_CONTACT_DETAILS]))
		return plain->wants_contact ? "/contact_details" : "/contact";
	return NULL;
}

static void append_member(struct buf *json, const char *name, const struct buf *text)
{
	if (text->len == 0)
		return;
	buf_printf(json, ",\"%s\":", name);
	buf_append_json(json, buf_text(text), text->len);
}

static bool has_subject(const struct plain *plain)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].subject != NULL && plain->text[fields[i].place].len > 0)
			return true;
	return false;
}

static void append_subject(const struct plain *plain, struct buf *json)
{
	struct buf members = BUF_INIT;

	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].subject != NULL)
			append_member(&members, fields[i].subject, &plain->text[fields[i].place]);
	buf_append_str(json, ",\"subjects\":[{");
	buf_append(json, members.data + 1, members.len - 1); /* without the first comma */
	buf_append_str(json, "}]");
	buf_release(&members);
}

void plain_document(const struct plain *plain, struct buf *json)
{
	buf_printf(json, "{\"channel\":\"web\",\"contact\":\"%s\"", plain->wants_contact ? "details" : "none");
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].member != NULL)
			append_member(json, fields[i].member, &plain->text[fields[i].place]);
	if (has_subject(plain))
		append_subject(plain, json);
	if (plain->wants_contact)
		append_member(json, "contact_details", &plain->text[PLACE_CONTACT_DETAILS]);
	buf_append_byte(json, '}');
}

void plain_places(const struct plain *plain, struct places *places)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		places->text[fields[i].place] = buf_text(&plain->text[fields[i].place]);
	places->text[PLACE_CONTACT_NONE] = plain->wants_contact ? "" : "checked";
	places->text[PLACE_CONTACT_DETAILS_CHECKED] = plain->wants_contact ? "checked" : "";
}
