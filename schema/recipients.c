/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a list of recipients, once it is read, and how one is made. */
#include "schema/recipients.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"

#define CONTEXT "tipline/recipients/v1"

#define DEFINE(symbol, code, todo) const char RECIPIENTS_##symbol[] = code;
RECIPIENTS_REFUSALS(DEFINE)
#undef DEFINE

static const struct {
	const char *code, *todo;
} refusals[] = {
#define ROW(symbol, code, todo) { RECIPIENTS_##symbol, todo },
	RECIPIENTS_REFUSALS(ROW)
#undef ROW
};

const char *recipients_refusal(const struct err *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (err->reason != NULL && strcmp(err->reason, refusals[i].code) == 0)
			return refusals[i].code;
	return NULL;
}

int recipients_refuse(struct err *err, const char *code, const char *fmt, ...)
{
	const char *todo = "";
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcmp(code, refusals[i].code) == 0)
			todo = refusals[i].todo;
	return err_set(err, ERR_CONFIG, code, "%s; %s", text, todo);
}

static void message_of(struct buf *out, const struct recipients *list)
{
	buf_append_str(out, CONTEXT);
	buf_append(out, list->signed_bytes, list->signed_len);
}

int recipients_verify(const struct recipients *list, const uint8_t root[RECIPIENTS_ROOT_PUBLIC], struct err *err)
{
	struct buf message = BUF_INIT;
	int wrong;

	if (!list->has_signature)
		return recipients_refuse(err, RECIPIENTS_UNSIGNED, "the list of recipients is not signed");
	message_of(&message, list);
	wrong = crypto_sign_ed25519_verify_detached(list->signature, message.data, message.len, root);
	buf_release(&message);
	if (wrong)
		return recipients_refuse(err, RECIPIENTS_SIGNATURE, "the list of recipients is not signed by the root key");
	return 0;
}

int recipients_follows(const struct recipients *list, const struct recipients *newest, struct err *err)
{
	if (list->to.epoch < newest->to.epoch)
		return recipients_refuse(err, RECIPIENTS_OLDER, "the list of recipients is of epoch %u, and one of epoch %u "
					 "has been in force already", list->to.epoch, newest->to.epoch);
	if (list->to.epoch == newest->to.epoch &&
	    !slice_equal(slice_of(list->signed_bytes, list->signed_len),
			 slice_of(newest->signed_bytes, newest->signed_len)))
		return recipients_refuse(err, RECIPIENTS_CONFLICT, "this list of recipients of epoch %u is not the one of that "
					 "epoch that was in force already", list->to.epoch);
	return 0;
}

int recipients_valid(const struct recipients *list, uint32_t day, struct err *err)
{
	char today[CLOCK_DAY_TEXT], bound[CLOCK_DAY_TEXT];

	(void)clock_day_text(today, day);
	(void)clock_day_text(bound, day < list->not_before ? list->not_before : list->not_after);
	if (day < list->not_before)
		return recipients_refuse(err, RECIPIENTS_EARLY, "the list of recipients of epoch %u is valid from %s on, and "
					 "today is %s", list->to.epoch, bound, today);
	if (day > list->not_after)
		return recipients_refuse(err, RECIPIENTS_EXPIRED, "the list of recipients of epoch %u was valid until %s, and "
					 "today is %s", list->to.epoch, bound, today);
	return 0;
}

int recipients_load(struct recipients *list, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	int result = file_read(&content, path, RECIPIENTS_FILE_MAX, err);

	if (result == 0 && recipients_parse(list, buf_slice(&content), err) != 0)
		result = err_prefix(err, "%s", path);
	buf_release(&content);
	return result;
}

static void draft_key(struct buf *json, const char *name, const struct age_recipient *key)
{
	char text[AGE_RECIPIENT_TEXT];

	age_recipient_text(key, text);
	buf_printf(json, ",\"%s\":\"%s\"", name, text);
}

/* Read back before it is kept, so that nothing is ever signed that a reader would refuse. */
int recipients_draft(struct recipients *list, struct err *err)
{
	char from[CLOCK_DAY_TEXT], until[CLOCK_DAY_TEXT];
	struct recipients drafted = *list;
	struct buf json = BUF_INIT, file = BUF_INIT;
	int result;

	(void)clock_day_text(from, list->not_before);
	(void)clock_day_text(until, list->not_after);
	buf_printf(&json, "{\"epoch\":%u,\"not_before\":\"%s\",\"not_after\":\"%s\"", list->to.epoch, from, until);
	draft_key(&json, "triage", &list->to.triage);
	draft_key(&json, "recovery", &list->to.recovery);
	draft_key(&json, "custodian", &list->to.custodian);
	buf_append_str(&json, "}");
	if (json.len > sizeof(drafted.signed_bytes))
		BUG("a list of recipients of %zu bytes", json.len);
	memcpy(drafted.signed_bytes, json.data, json.len);
	drafted.signed_len = json.len;
	drafted.has_signature = false;
	recipients_write(&file, &drafted);
	result = recipients_parse(list, buf_slice(&file), err);
	buf_release(&json);
	buf_release(&file);
	return result;
}

void recipients_sign(struct recipients *list, const uint8_t root[RECIPIENTS_ROOT_SECRET])
{
	struct buf message = BUF_INIT;

	message_of(&message, list);
	if (crypto_sign_ed25519_detached(list->signature, NULL, message.data, message.len, root) != 0)
		BUG("Ed25519 refused to sign");
	list->has_signature = true;
	buf_release(&message);
}

static void write_base64(struct buf *out, const char *name, const uint8_t *data, size_t len)
{
	char text[sodium_base64_ENCODED_LEN(RECIPIENTS_SIGNED_MAX, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(text, sizeof(text), data, len, sodium_base64_VARIANT_ORIGINAL);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

void recipients_write(struct buf *out, const struct recipients *list)
{
	buf_append_str(out, "{\"tipline\":\"recipients/v1\"");
	write_base64(out, "signed", list->signed_bytes, list->signed_len);
	if (list->has_signature)
		write_base64(out, "signature", list->signature, sizeof(list->signature));
	buf_append_str(out, "}\n");
}
