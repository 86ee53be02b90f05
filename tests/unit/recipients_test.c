/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed list of recipients. What makes each test fail when it is broken in schema/recipients*.c:
 *     recipients_verify returns 0 at once                  signed_by_the_root_alone, every_bit_flip_is_refused
 *     CONTEXT is left out of message_of                    the_signature_is_what_the_header_says
 *     `<` becomes `<=` in recipients_follows               never_goes_back (the same list again)
 *     the bytes are not compared in recipients_follows     never_goes_back (two lists of one epoch)
 *     `day > not_after` becomes `>=`                       valid_on_its_days
 *     tip_guard is left out of parse_object                refuses_other_forms ("a member twice")
 *     check_together is left out                           refuses_other_forms ("one key twice", "backwards")
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/recipients.h"

#define TODAY 20000 /* 2024-10-04 */

static uint8_t root_public[RECIPIENTS_ROOT_PUBLIC], root[RECIPIENTS_ROOT_SECRET];

static int begin(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (keys_begin(&err) != 0)
		return -1;
	frame_sign_keypair(root_public, root);
	return 0;
}

static struct recipients new_list(uint32_t epoch)
{
	struct recipients list = { .to.epoch = epoch, .not_before = TODAY, .not_after = TODAY + 30 };
	struct err err = ERR_INIT;

	age_recipient_fill(&list.to.triage);
	age_recipient_fill(&list.to.recovery);
	age_recipient_fill(&list.to.custodian);
	if (recipients_draft(&list, &err) != 0)
		fail_msg("%s", err.text);
	recipients_sign(&list, root);
	return list;
}

static void written_and_read_back(void **state)
{
	const struct recipients list = new_list(7);
	struct buf file = BUF_INIT, again = BUF_INIT;
	struct recipients read;
	struct err err = ERR_INIT;

	(void)state;
	recipients_write(&file, &list);
	assert_true(file.len < RECIPIENTS_FILE_MAX);
	assert_int_equal(recipients_parse(&read, buf_slice(&file), &err), 0);
	assert_int_equal(recipients_verify(&read, root_public, &err), 0);
	assert_int_equal(read.to.epoch, 7);
	assert_int_equal(read.not_before, TODAY);
	assert_int_equal(read.not_after, TODAY + 30);
	assert_memory_equal(&read.to, &list.to, sizeof(list.to));
	recipients_write(&again, &read);
	assert_string_equal(buf_text(&again), buf_text(&file));
	buf_release(&file);
	buf_release(&again);
}

/* What somebody with nothing but the header can compute: the web form's page does. */
static void the_signature_is_what_the_header_says(void **state)
{
	static const char context[] = "tipline/recipients/v1";
	const struct recipients list = new_list(1);
	uint8_t message[sizeof(context) - 1 + RECIPIENTS_SIGNED_MAX];

	(void)state;
	memcpy(message, context, sizeof(context) - 1);
	memcpy(message + sizeof(context) - 1, list.signed_bytes, list.signed_len);
	assert_int_equal(crypto_sign_verify_detached(list.signature, message, sizeof(context) - 1 + list.signed_len,
						     root_public), 0);
	assert_non_null(memmem(list.signed_bytes, list.signed_len, "{\"epoch\":1,\"not_before\":\"2024-10-04\","
			       "\"not_after\":\"2024-11-03\",\"triage\":\"age1", 68));
}

static void refused(int result, const struct err *err, const char *code, const char *what)
{
	if (result != -1 || err->reason == NULL || strcmp(err->reason, code) != 0)
		fail_msg("%s: %d, %s instead of %s: %s", what, result, err->reason ? err->reason : "nothing", code, err->text);
	assert_int_equal(err->kind, ERR_CONFIG);
	assert_ptr_equal(recipients_refusal(err), err->reason);
	assert_non_null(strstr(err->text, "; ")); /* what to do */
}

static void signed_by_the_root_alone(void **state)
{
	uint8_t other_public[RECIPIENTS_ROOT_PUBLIC], other[RECIPIENTS_ROOT_SECRET];
	struct recipients list = new_list(3);
	struct err err = ERR_INIT;

	(void)state;
	frame_sign_keypair(other_public, other);
	assert_int_equal(recipients_verify(&list, root_public, &err), 0);
	refused(recipients_verify(&list, other_public, &err), &err, RECIPIENTS_SIGNATURE, "another root");
	recipients_sign(&list, other);
	refused(recipients_verify(&list, root_public, &err), &err, RECIPIENTS_SIGNATURE, "signed by another");
	list.has_signature = false;
	refused(recipients_verify(&list, root_public, &err), &err, RECIPIENTS_UNSIGNED, "a request");
}

static void never_goes_back(void **state)
{
	const struct recipients old = new_list(3), now = new_list(4), twin = new_list(4);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(recipients_follows(&now, &old, &err), 0);
	assert_int_equal(recipients_follows(&now, &now, &err), 0);
	refused(recipients_follows(&old, &now, &err), &err, RECIPIENTS_OLDER, "older");
	refused(recipients_follows(&twin, &now, &err), &err, RECIPIENTS_CONFLICT, "two of one epoch");
}

static void valid_on_its_days(void **state)
{
	const struct recipients list = new_list(3);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(recipients_valid(&list, TODAY, &err), 0);
	assert_int_equal(recipients_valid(&list, TODAY + 30, &err), 0);
	refused(recipients_valid(&list, TODAY - 1, &err), &err, RECIPIENTS_EARLY, "the day before");
	assert_non_null(strstr(err.text, "from 2024-10-04 on, and today is 2024-10-03"));
	refused(recipients_valid(&list, TODAY + 31, &err), &err, RECIPIENTS_EXPIRED, "the day after");
	assert_non_null(strstr(err.text, "is this machine's clock ahead?"));
	assert_non_null(strstr(err.text, "until 2024-11-03, and today is 2024-11-04"));
}

/* Either no list at all any more, or not one that the root signed. */
static void every_bit_flip_is_refused(void **state)
{
	const struct recipients list = new_list(9);
	struct buf file = BUF_INIT;

	(void)state;
	recipients_write(&file, &list);
	for (size_t bit = 0; bit < 8 * file.len; bit++) {
		struct recipients read;
		struct err err = ERR_INIT;

		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (recipients_parse(&read, buf_slice(&file), &err) == 0 && recipients_verify(&read, root_public, &err) == 0)
			fail_msg("bit %zu of byte %zu may be turned over", bit % 8, bit / 8);
		assert_non_null(recipients_refusal(&err));
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_release(&file);
}

#define KEY1 "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define KEY2 "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z"
#define KEY3 "age1sdqvt8gkdf7v3deksr2xhlryhzlusslh360uue7qeapgjhthfy4qljha94"
#define DAYS "\"not_before\":\"2024-10-04\",\"not_after\":\"2024-11-03\","
#define KEYS "\"triage\":\"" KEY1 "\",\"recovery\":\"" KEY2 "\",\"custodian\":\"" KEY3 "\""
#define GOOD "{\"epoch\":1," DAYS KEYS "}"

/* What stands in `signed`. NULL: taken. */
static const struct {
	const char *what, *json, *code;
} inner[] = {
	{ "good", GOOD, NULL },
	{ "spaces", " {\"epoch\" : 1 ," DAYS KEYS " }\n", NULL },
	{ "nothing", "", RECIPIENTS_FORMAT },
	{ "no JSON", "epoch: 1", RECIPIENTS_FORMAT },
	{ "an array", "[]", RECIPIENTS_FORMAT },
	{ "text behind it", GOOD "x", RECIPIENTS_FORMAT },
	{ "a member twice", "{\"epoch\":1,\"epoch\":2," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "a member twice, escaped", "{\"epoch\":1,\"\\u0065poch\":2," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "an unknown member", "{\"epoch\":1,\"extra\":1," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "no epoch", "{" DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "no custodian", "{\"epoch\":1," DAYS "\"triage\":\"" KEY1 "\",\"recovery\":\"" KEY2 "\"}", RECIPIENTS_FORMAT },
	{ "epoch 0", "{\"epoch\":0," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "epoch -1", "{\"epoch\":-1," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "an epoch too high", "{\"epoch\":4294967296," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "an epoch of 64 bits", "{\"epoch\":18446744073709551617," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "an epoch as text", "{\"epoch\":\"1\"," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "an epoch as a fraction", "{\"epoch\":1.0," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "null", "{\"epoch\":null," DAYS KEYS "}", RECIPIENTS_FORMAT },
	{ "no day", "{\"epoch\":1,\"not_before\":\"2024-10-32\",\"not_after\":\"2024-11-03\"," KEYS "}",
	  RECIPIENTS_FORMAT },
	{ "a day as a number", "{\"epoch\":1,\"not_before\":20000,\"not_after\":20001," KEYS "}", RECIPIENTS_FORMAT },
	{ "a time", "{\"epoch\":1,\"not_before\":\"2024-10-04T00:00:00Z\",\"not_after\":\"2024-11-03\"," KEYS "}",
	  RECIPIENTS_FORMAT },
	{ "backwards", "{\"epoch\":1,\"not_before\":\"2024-11-04\",\"not_after\":\"2024-11-03\"," KEYS "}",
	  RECIPIENTS_FORMAT },
	{ "one key twice", "{\"epoch\":1," DAYS "\"triage\":\"" KEY1 "\",\"recovery\":\"" KEY2 "\",\"custodian\":\"" KEY1
	  "\"}", RECIPIENTS_KEY },
	{ "a list of keys", "{\"epoch\":1," DAYS "\"triage\":[\"" KEY1 "\"],\"recovery\":\"" KEY2 "\",\"custodian\":\""
	  KEY3 "\"}", RECIPIENTS_KEY },
	{ "a key in capitals", "{\"epoch\":1," DAYS "\"triage\":\"AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73"
	  "EQUNUJWJ\",\"recovery\":\"" KEY2 "\",\"custodian\":\"" KEY3 "\"}", RECIPIENTS_KEY },
	{ "a key cut", "{\"epoch\":1," DAYS "\"triage\":\"age1zvkyg2\",\"recovery\":\"" KEY2 "\",\"custodian\":\"" KEY3
	  "\"}", RECIPIENTS_KEY },
};

static int parse_text(const char *text, struct err *err)
{
	struct recipients list;

	return recipients_parse(&list, slice_str(text), err);
}

static void base64_of(char *text, size_t size, const void *data, size_t len)
{
	assert_non_null(sodium_bin2base64(text, size, data, len, sodium_base64_VARIANT_ORIGINAL));
}

static void refuses_other_forms_inside(void **state)
{
	char encoded[2048], file[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		struct err err = ERR_INIT;

		base64_of(encoded, sizeof(encoded), inner[i].json, strlen(inner[i].json));
		(void)snprintf(file, sizeof(file), "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\"}", encoded);
		if (inner[i].code != NULL)
			refused(parse_text(file, &err), &err, inner[i].code, inner[i].what);
		else if (parse_text(file, &err) != 0)
			fail_msg("%s: %s", inner[i].what, err.text);
	}
}

/* A point of low order: whoever seals to it seals to everybody. */
static void refuses_a_key_that_anybody_could_open(void **state)
{
	struct recipients list = new_list(1);
	struct err err = ERR_INIT;

	(void)state;
	memset(&list.to.triage, 0, sizeof(list.to.triage));
	refused(recipients_draft(&list, &err), &err, RECIPIENTS_KEY, "zero");
	list.to.triage.key[0] = 1;
	refused(recipients_draft(&list, &err), &err, RECIPIENTS_KEY, "one");
}

/* %s: the good list's bytes; the signature in the rows is of 64 zeros. */
static void refuses_other_forms_outside(void **state)
{
	static const struct {
		const char *what, *format;
		bool taken;
	} outer[] = {
		{ "a request", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\"}", true },
		{ "other order", "{\"signed\":\"%s\",\"tipline\":\"recipients/v1\"}", true },
		{ "a later version", "{\"tipline\":\"recipients/v2\",\"signed\":\"%s\"}", false },
		{ "no version", "{\"signed\":\"%s\"}", false },
		{ "nothing signed", "{\"tipline\":\"recipients/v1\"}", false },
		{ "signed is bare", "{\"tipline\":\"recipients/v1\",\"signed\":" GOOD "}", false },
		{ "a space in it", "{\"tipline\":\"recipients/v1\",\"signed\":\" %s\"}", false },
		{ "padding too much", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s=\"}", false },
		{ "a short signature", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\",\"signature\":\"AAAA\"}", false },
		{ "an empty signature", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\",\"signature\":\"\"}", false },
		{ "null for a signature", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\",\"signature\":null}", false },
		{ "two versions", "{\"tipline\":\"recipients/v1\",\"tipline\":\"recipients/v1\",\"signed\":\"%s\"}", false },
		{ "text behind it", "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\"}{}", false },
		{ "YAML", "tipline: recipients/v1\nsigned: %s\n", false },
	};
	char encoded[2048], file[4096];

	(void)state;
	base64_of(encoded, sizeof(encoded), GOOD, strlen(GOOD));
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
		struct err err = ERR_INIT;
		struct buf text = BUF_INIT;
		const char *at = strstr(outer[i].format, "%s");

		buf_append(&text, outer[i].format, at ? (size_t)(at - outer[i].format) : strlen(outer[i].format));
		buf_append_str(&text, at ? encoded : "");
		buf_append_str(&text, at ? at + 2 : "");
		if (!outer[i].taken)
			refused(parse_text(buf_text(&text), &err), &err, RECIPIENTS_FORMAT, outer[i].what);
		else if (parse_text(buf_text(&text), &err) != 0)
			fail_msg("%s: %s", outer[i].what, err.text);
		buf_release(&text);
	}
	/* The last character but the padding holds bits that no byte has: the same bytes, written otherwise. */
	struct err err = ERR_INIT;
	base64_of(encoded, sizeof(encoded), GOOD " ", strlen(GOOD) + 1);
	size_t at = strcspn(encoded, "=");
	assert_int_equal(encoded[at], '=');
	encoded[at - 1]++;
	(void)snprintf(file, sizeof(file), "{\"tipline\":\"recipients/v1\",\"signed\":\"%s\"}", encoded);
	refused(parse_text(file, &err), &err, RECIPIENTS_FORMAT, "bits left over");
}

/* Fails when take_base64 leaves out the look at bytes over 0x7f (tried). */
static void refuses_another_spelling_of_the_signature(void **state)
{
	struct recipients read;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	char *slashes = NULL;

	(void)state;
	for (uint32_t epoch = 1; slashes == NULL; epoch++) { /* one signature in fifty has them */
		struct recipients list = new_list(epoch);

		assert_true(epoch < 10000);
		file.len = 0;
		recipients_write(&file, &list);
		slashes = strstr(strstr(buf_text(&file), "\"signature\""), "//");
	}
	assert_int_equal(recipients_parse(&read, buf_slice(&file), &err), 0);
	slashes[0] = '\xc3'; /* an e with an acute accent */
	slashes[1] = '\xa9';
	refused(recipients_parse(&read, buf_slice(&file), &err), &err, RECIPIENTS_FORMAT, "a letter for two slashes");
	buf_release(&file);
}

static void refuses_what_is_too_long(void **state)
{
	const struct recipients list = new_list(1);
	struct buf file = BUF_INIT;
	struct recipients read;
	struct err err = ERR_INIT;

	(void)state;
	recipients_write(&file, &list);
	while (file.len < RECIPIENTS_FILE_MAX)
		buf_append_byte(&file, ' ');
	assert_int_equal(recipients_parse(&read, buf_slice(&file), &err), 0);
	buf_append_byte(&file, ' ');
	memset(&read, 7, sizeof(read));
	refused(recipients_parse(&read, buf_slice(&file), &err), &err, RECIPIENTS_FORMAT, "4097 bytes");
	assert_int_equal(read.to.epoch, 0x07070707);
	buf_release(&file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_back),
		cmocka_unit_test(the_signature_is_what_the_header_says),
		cmocka_unit_test(signed_by_the_root_alone),
		cmocka_unit_test(never_goes_back),
		cmocka_unit_test(valid_on_its_days),
		cmocka_unit_test(every_bit_flip_is_refused),
		cmocka_unit_test(refuses_other_forms_inside),
		cmocka_unit_test(refuses_a_key_that_anybody_could_open),
		cmocka_unit_test(refuses_other_forms_outside),
		cmocka_unit_test(refuses_another_spelling_of_the_signature),
		cmocka_unit_test(refuses_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
