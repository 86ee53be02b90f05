/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl canary tip: a tip with a marker of its own in every field that holds text, to be submitted as any other; and
 * the markers in a file, to be searched for afterwards.
 */
#include <string.h>

#include "ops/ctl/canary.h"
#include "schema/keys.h"
#include "schema/tip_fields.h"
#include "schema/tip_id.h"

#define SYLLABLES 14

/* A word that can be spoken, of 28 letters, as good as never met: 14 syllables of 70 are 85 bits. */
static void make_marker(char out[2 * SYLLABLES + 1])
{
	static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
	struct tip_id random;

	tip_id_random(&random);
	for (size_t i = 0; i < SYLLABLES; i++) {
		out[2 * i] = consonants[random.bytes[i] % (sizeof(consonants) - 1)];
		out[2 * i + 1] = vowels[random.bytes[i] / (sizeof(consonants) - 1) % (sizeof(vowels) - 1)];
	}
	out[0] = (char)(out[0] - 'a' + 'A');
	out[2 * SYLLABLES] = '\0';
}

/* Adds the marker to both; returns it as it stands in `tip`. */
static const char *plant(json_t *object, const char *field, const char *name, struct buf *file)
{
	char marker[2 * SYLLABLES + 1];

	make_marker(marker);
	buf_printf(file, "%s: %s\n", name, marker);
	json_object_set_new(object, field, json_string(marker));
	return json_string_value(json_object_get(object, field));
}

/* At the beginning, in the middle and at the end, since memory that was used again may hold any part of it. */
static void plant_narrative(json_t *tip, struct buf *file)
{
	const char *marker = plant(tip, "narrative", "narrative", file);
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s of Hendon takes cash from %s. The officer leaks raids to a drug dealer, says %s", marker,
		   marker, marker);
	json_object_set_new(tip, "narrative", json_string(buf_text(&text)));
	buf_release(&text);
}

static json_t *make_tip(struct buf *file)
{
	json_t *tip = json_object(), *subject = json_object();
	char name[64];

	plant_narrative(tip, file);
	for (const struct tip_field *field = tip_fields; field->name; field++)
		if (field->offset != TIP_FIELD_NO_PLACE && !field->check && strcmp(field->name, "narrative") != 0)
			plant(tip, field->name, field->name, file);
	for (const struct tip_field *field = subject_fields; field->name; field++) {
		snprintf(name, sizeof(name), "subject %s", field->name);
		plant(subject, field->name, name, file);
	}
	json_object_set_new(tip, "subjects", json_pack("[o]", subject));
	json_object_set_new(tip, "contact", json_string("details"));
	return tip;
}

int ctl_canary_tip(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	const char *path = program_value(ctl->call, "markers", NULL);
	struct buf file = BUF_INIT;
	json_t *tip;
	int result;

	if (!path)
		return err_set(err, ERR_USAGE, "bad-value", "canary tip needs --markers FILE, where the markers are written");
	buf_append_str(&file, "# markers of `tipctl canary tip`, for `tipctl canary search`\n");
	tip = make_tip(&file);
	result = keys_write(path, buf_slice(&file), 0600, err);
	if (result == 0) {
		json_dumpf(tip, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
	}
	out->written = true;
	json_decref(tip);
	buf_release(&file);
	return result;
}
