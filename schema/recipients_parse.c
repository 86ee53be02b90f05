/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a list of recipients: two JSON objects, one in the other, each with members from a table and no others. */
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "ops/runtime/clock.h"
#include "schema/recipients.h"
#include "schema/tip.h"

/* A member: how its value becomes a part of the list. `offset`: where in struct recipients. */
struct part {
	const char *name;
	int (*take)(void *at, const json_t *value);
	size_t offset;
	bool optional;
};

static int take_epoch(void *at, const json_t *value)
{
	const json_int_t epoch = json_integer_value(value);

	if (!json_is_integer(value) || epoch < 1 || epoch > (json_int_t)UINT32_MAX)
		return -1;
	*(uint32_t *)at = (uint32_t)epoch;
	return 0;
}

static int take_day(void *at, const json_t *value)
{
	return json_is_string(value) ? clock_day_parse(at, json_string_value(value), json_string_length(value)) : -1;
}

static int take_key(void *at, const json_t *value)
{
	return json_is_string(value) ?
		age_recipient_parse(at, json_string_value(value), json_string_length(value), NULL) : -1;
}

static int take_version(void *at, const json_t *value)
{
	(void)at;
	return json_is_string(value) && strcmp(json_string_value(value), "recipients/v1") == 0 ? 0 : -1;
}

/*
 * libsodium's reader takes one encoding of the bytes alone: padded, nothing between, no bits left over. But 1.0.18 also
 * takes any byte over 0x7f for a slash.
 */
static int take_base64(uint8_t *out, size_t size, size_t *len, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return -1;
	for (size_t i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] > 0x7f)
			return -1;
	return sodium_base642bin(out, size, text, json_string_length(value), NULL, len, NULL,
				 sodium_base64_VARIANT_ORIGINAL);
}

static int take_signed(void *at, const json_t *value)
{
	struct recipients *list = at;

	return take_base64(list->signed_bytes, sizeof(list->signed_bytes), &list->signed_len, value);
}

static int take_signature(void *at, const json_t *value)
{
	struct recipients *list = at;
	size_t len;

	list->has_signature = true;
	return take_base64(list->signature, sizeof(list->signature), &len, value) == 0 && len == sizeof(list->signature)
		? 0 : -1;
}

#define AT(member) offsetof(struct recipients, member)

static const struct part envelope_parts[] = {
	{ "tipline", take_version, 0, false },
	{ "signed", take_signed, 0, false },
	{ "signature", take_signature, 0, true },
	{ NULL, NULL, 0, false },
};

static const struct part list_parts[] = {
	{ "epoch", take_epoch, AT(to.epoch), false },
	{ "not_before", take_day, AT(not_before), false },
	{ "not_after", take_day, AT(not_after), false },
	{ "triage", take_key, AT(to.triage), false },
	{ "recovery", take_key, AT(to.recovery), false },
	{ "custodian", take_key, AT(to.custodian), false },
	{ NULL, NULL, 0, false },
};

static const struct part *part_of(const struct part *parts, const char *name)
{
	while (parts->name != NULL && strcmp(parts->name, name) != 0)
		parts++;
	return parts->name != NULL ? parts : NULL;
}

/* Names of members come from the tables alone: what a document says does not go into errors. */
static int take_parts(struct recipients *list, json_t *object, const struct part *parts, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: not an object");
	json_object_foreach(object, name, value) {
		const struct part *part = part_of(parts, name);

		if (part == NULL)
			return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: a member that is not known");
		if (part->take((uint8_t *)list + part->offset, value) != 0)
			return recipients_refuse(err, part->take == take_key ? RECIPIENTS_KEY : RECIPIENTS_FORMAT,
						 "the list of recipients: %s is not what it must be", part->name);
	}
	for (const struct part *part = parts; part->name != NULL; part++)
		if (!part->optional && json_object_get(object, part->name) == NULL)
			return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: %s is missing", part->name);
	return 0;
}

/* The guard sees what Jansson would let pass: a key twice, a NUL, bytes that are not UTF-8, text behind the end. */
static int parse_object(struct recipients *list, struct slice json, const struct part *parts, struct err *err)
{
	struct err why = ERR_INIT;
	json_error_t problem;
	json_t *root;
	int result;

	if (tip_guard(json, &why) != 0)
		return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: no JSON: %s", why.text);
	root = json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY, &problem);
	if (root == NULL && json_error_code(&problem) == json_error_out_of_memory)
		return mem_refused(err, "a list of recipients");
	if (root == NULL)
		return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: JSON that cannot be read");
	result = take_parts(list, root, parts, err);
	json_decref(root);
	return result;
}

static bool same(const struct age_recipient *a, const struct age_recipient *b)
{
	return memcmp(a->key, b->key, AGE_KEY_BYTES) == 0;
}

static int check_together(const struct recipients *list, struct err *err)
{
	const struct seal_recipients *to = &list->to;

	if (list->not_before > list->not_after)
		return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: not_after is before not_before");
	if (same(&to->triage, &to->recovery) || same(&to->triage, &to->custodian) || same(&to->recovery, &to->custodian))
		return recipients_refuse(err, RECIPIENTS_KEY, "the list of recipients: one key stands in two places");
	return 0;
}

int recipients_parse(struct recipients *list, struct slice document, struct err *err)
{
	struct recipients read = { .has_signature = false };

	if (document.len > RECIPIENTS_FILE_MAX)
		return recipients_refuse(err, RECIPIENTS_FORMAT, "the list of recipients: more than %d bytes",
					 RECIPIENTS_FILE_MAX);
	if (parse_object(&read, document, envelope_parts, err) != 0 ||
	    parse_object(&read, slice_of(read.signed_bytes, read.signed_len), list_parts, err) != 0 ||
	    check_together(&read, err) != 0)
		return -1;
	*list = read;
	return 0;
}
