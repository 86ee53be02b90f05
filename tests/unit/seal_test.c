/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/keys.h"
#include "schema/reason.h"
#include "schema/seal.h"

enum who { TRIAGE, RECOVERY, CUSTODIAN, STRANGER, N_WHO };

struct fixture {
	struct age_identity *identities[N_WHO];
	struct seal_recipients recipients;
	struct seal_body body;
};

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	if (keys_begin(&err) != 0)
		return -1;
	for (int i = 0; i < N_WHO; i++)
		if (age_identity_generate(&f->identities[i], &err) != 0)
			return -1;
	age_identity_recipient(f->identities[TRIAGE], &f->recipients.triage);
	age_identity_recipient(f->identities[RECOVERY], &f->recipients.recovery);
	age_identity_recipient(f->identities[CUSTODIAN], &f->recipients.custodian);
	f->body.channel = CHANNEL_PHONE;
	tip_id_random(&f->body.tip_id);
	f->body.json = slice_str("{\"narrative\":\"a tip\"}");
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < N_WHO; i++)
		age_identity_free(f->identities[i]);
	free(f);
	return 0;
}

static void body_opens_for_triage_and_recovery_alone(void **state)
{
	static const bool may_open[N_WHO] = { [TRIAGE] = true, [RECOVERY] = true };
	struct fixture *f = *state;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(seal_body(&file, &f->recipients, &f->body, &err), 0);
	assert_int_equal(file.len, age_sealed_size(BODY_STANZAS, 4096));
	for (int i = 0; i < N_WHO; i++) {
		struct buf plain = BUF_INIT;
		struct seal_body body;
		int result = seal_body_open(&body, &plain, &f->identities[i], 1, buf_slice(&file), &err);

		assert_int_equal(result, may_open[i] ? 0 : -1);
		if (result == 0) {
			assert_int_equal(body.channel, CHANNEL_PHONE);
			assert_true(tip_id_equal(&body.tip_id, &f->body.tip_id));
			assert_true(slice_equal(body.json, f->body.json));
		} else {
			assert_string_equal(err.reason, REASON_KEY_UNKNOWN);
		}
		buf_release(&plain);
	}
	buf_release(&file);
}

static void body_has_one_of_five_sizes(void **state)
{
	static const struct { size_t json, bucket; } cases[] = {
		{ 0, 4096 }, { 4096 - BODY_HEAD, 4096 }, { 4096 - BODY_HEAD + 1, 16384 },
		{ 16384 - BODY_HEAD, 16384 },
		{ 16384 - BODY_HEAD + 1, 65536 }, { 65536 - BODY_HEAD, 65536 }, { 65536 - BODY_HEAD + 1, 262144 },
		{ 262144 - BODY_HEAD, 262144 }, { 262144 - BODY_HEAD + 1, 1048576 }, { BODY_JSON_MAX, 1048576 },
	};
	struct fixture *f = *state;
	struct buf json = BUF_INIT, file = BUF_INIT, plain = BUF_INIT;
	struct err err = ERR_INIT;
	struct seal_body body = f->body, opened;

	memset(buf_reserve(&json, BODY_JSON_MAX + 1), 'j', BODY_JSON_MAX + 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&file);
		buf_clear(&plain);
		body.json = slice_of(json.data, cases[i].json);
		assert_int_equal(seal_body(&file, &f->recipients, &body, &err), 0);
		assert_int_equal(file.len, age_sealed_size(BODY_STANZAS, cases[i].bucket));
		assert_int_equal(seal_body_open(&opened, &plain, &f->identities[TRIAGE], 1, buf_slice(&file), &err),
				 0);
		assert_true(slice_equal(opened.json, body.json));
		assert_int_equal(plain.len, cases[i].bucket);
	}
	body.json = slice_of(json.data, BODY_JSON_MAX + 1);
	assert_int_equal(seal_body(&file, &f->recipients, &body, &err), -1);
	assert_string_equal(err.reason, REASON_TOO_LARGE);
	buf_release(&json);
	buf_release(&file);
	buf_release(&plain);
}

/* The plaintext's bytes, as another adapter's author would write them. */
static void body_bytes_are_as_written(void **state)
{
	static const uint8_t head[] = { 0, 1, 0, 1, 0, 0, 0, 21 };
	struct fixture *f = *state;
	struct buf file = BUF_INIT, plain = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(seal_body(&file, &f->recipients, &f->body, &err), 0);
	assert_int_equal(age_open(&plain, &f->identities[TRIAGE], 1, buf_slice(&file), &err), 0);
	assert_memory_equal(plain.data, head, sizeof(head));
	assert_memory_equal(plain.data + 8, f->body.tip_id.bytes, TIP_ID_BYTES);
	assert_memory_equal(plain.data + 24, f->body.json.data, f->body.json.len);
	assert_int_equal(plain.data[24 + 21], 0);
	assert_int_equal(plain.len, 4096);
	buf_release(&file);
	buf_release(&plain);
}

static void body_parse_refuses(void **state)
{
	static const struct { size_t len, at; uint8_t byte; const char *reason; } cases[] = {
		{ 4096, 4095, 1, "body-padding" }, { 4096, 24 + 21, 1, "body-padding" },
		{ 4095, 0, 0, "body-padding" },
		{ 4097, 0, 0, "body-padding" }, { 0, 0, 0, "body-padding" }, { 23, 0, 0, "body-padding" },
		{ 4096, 1, 2, "body-version" }, { 4096, 0, 1, "body-version" },
		{ 4096, 3, N_CHANNELS, "body-version" },
		{ 4096, 4, 0x80, "body-padding" }, { 4096, 6, 0x10, "body-padding" }, { 8192, 0, 0, "body-padding" },
		/* a JSON said to be shorter than it is leaves its end in the padding */
		{ 4096, 7, 20, "body-padding" },
	};
	uint8_t *plain = mem_alloc(16384);
	struct seal_body body;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		memset(plain, 0, 16384);
		plain[1] = 1;
		plain[7] = 21;
		memset(plain + 24, 'x', 21);
		assert_int_equal(seal_body_parse(&body, slice_of(plain, 4096), &err), 0);
		plain[cases[i].at] = cases[i].byte != 0 ? cases[i].byte : plain[cases[i].at];
		assert_int_equal(seal_body_parse(&body, slice_of(plain, cases[i].len), &err), -1);
		assert_string_equal(err.reason, cases[i].reason);
	}
	free(plain);
}

static void contact_opens_for_custodian_and_recovery_alone(void **state)
{
	static const bool may_open[N_WHO] = { [CUSTODIAN] = true, [RECOVERY] = true };
	struct fixture *f = *state;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(seal_contact(&file, &f->recipients, CONTACT_DETAILS, slice_str("ring me"), &err), 0);
	for (int i = 0; i < N_WHO; i++) {
		struct buf details = BUF_INIT;
		enum contact_mode mode = CONTACT_NONE;
		int result = seal_contact_open(&mode, &details, &f->identities[i], 1, buf_slice(&file), &err);

		assert_int_equal(result, may_open[i] ? 0 : -1);
		assert_int_equal(mode, may_open[i] ? CONTACT_DETAILS : CONTACT_NONE);
		assert_string_equal(buf_text(&details), may_open[i] ? "ring me" : "");
		buf_release(&details);
	}
	buf_release(&file);
}

static void contact_has_one_size(void **state)
{
	static const size_t lengths[] = { 0, 1, 500, CONTACT_TEXT_MAX };
	struct fixture *f = *state;
	char text[CONTACT_TEXT_MAX + 1];
	struct err err = ERR_INIT;

	memset(text, 'c', sizeof(text));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buf file = BUF_INIT, details = BUF_INIT;
		enum contact_mode mode;

		assert_int_equal(seal_contact(&file, &f->recipients, CONTACT_MAILBOX, slice_of(text, lengths[i]),
					      &err), 0);
		assert_int_equal(file.len, age_sealed_size(CONTACT_STANZAS, CONTACT_PLAIN));
		assert_int_equal(seal_contact_open(&mode, &details, &f->identities[CUSTODIAN], 1, buf_slice(&file),
						   &err), 0);
		assert_true(slice_equal(buf_slice(&details), slice_of(text, lengths[i])));
		buf_release(&file);
		buf_release(&details);
	}
	assert_int_equal(seal_contact(&(struct buf)BUF_INIT, &f->recipients, CONTACT_MAILBOX,
				      slice_of(text, sizeof(text)), &err), -1);
	assert_string_equal(err.reason, REASON_TOO_LARGE);
}

static void contact_refuses_padding_and_sizes(void **state)
{
	static const struct { size_t len, at; uint8_t byte; const char *reason; } cases[] = {
		{ CONTACT_PLAIN, CONTACT_PLAIN - 1, 1, "body-padding" }, { CONTACT_PLAIN - 1, 1, 1, "body-padding" },
		{ CONTACT_PLAIN, 1, 2, "body-version" }, { CONTACT_PLAIN, 3, N_CONTACT_MODES, "body-version" },
		{ CONTACT_PLAIN, 6, 4, "body-padding" }, { CONTACT_PLAIN, 4, 0xff, "body-padding" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf file = BUF_INIT, details = BUF_INIT;
		uint8_t plain[CONTACT_PLAIN] = { 0, 1 };
		enum contact_mode mode;
		struct err err = ERR_INIT;

		plain[cases[i].at] = cases[i].byte;
		age_seal(&file, &f->recipients.custodian, 1, slice_of(plain, cases[i].len));
		assert_int_equal(seal_contact_open(&mode, &details, &f->identities[CUSTODIAN], 1, buf_slice(&file),
						   &err), -1);
		assert_string_equal(err.reason, cases[i].reason);
		assert_int_equal(details.len, 0);
		buf_release(&file);
		buf_release(&details);
	}
}

/* The one that opens moves about among the four, so its place says nothing. */
static void stanzas_are_shuffled(void **state)
{
	struct fixture *f = *state;
	int places[BODY_STANZAS] = { 0 };
	struct err err = ERR_INIT;

	for (int round = 0; round < 80; round++) {
		struct buf file = BUF_INIT;

		assert_int_equal(seal_body(&file, &f->recipients, &f->body, &err), 0);
		for (int place = 0; place < BODY_STANZAS; place++) {
			struct buf damaged = BUF_INIT, plain = BUF_INIT;
			char *wrapped;

			buf_append_slice(&damaged, buf_slice(&file));
			wrapped = (char *)damaged.data + 22 + 98 * place + 54;
			*wrapped = *wrapped == 'A' ? 'B' : 'A';
			assert_int_equal(age_open(&plain, &f->identities[TRIAGE], 1, buf_slice(&damaged), &err), -1);
			places[place] += strcmp(err.reason, REASON_KEY_UNKNOWN) == 0;
			buf_release(&damaged);
			buf_release(&plain);
		}
		buf_release(&file);
	}
	assert_int_equal(places[0] + places[1] + places[2] + places[3], 80);
	for (int place = 0; place < BODY_STANZAS; place++)
		assert_in_range(places[place], 3, 50);
}

/* A body of 4 KiB and contact details, sealed by somebody else with so many stanzas of ours and of others. */
struct look {
	size_t stanzas, grease, plain;
};

static void seal_look(struct buf *file, const struct look *look)
{
	static const char grease[] = "-> grease-1 Zm9v\nYmFy\n";
	static const size_t first = sizeof("age-encryption.org/v1\n") - 1;
	static const uint8_t plain[2 << 20];
	struct age_recipient keys[AGE_RECIPIENTS_MAX];
	struct buf whole = BUF_INIT;

	for (size_t i = 0; i < look->stanzas; i++)
		age_recipient_fill(&keys[i]);
	age_seal(&whole, keys, look->stanzas, slice_of(plain, look->plain));
	buf_clear(file);
	buf_append(file, whole.data, first);
	for (size_t i = 0; i < look->grease; i++)
		buf_append_str(file, grease);
	buf_append(file, whole.data + first, whole.len - first);
	buf_release(&whole);
}

#define A_BODY { BODY_STANZAS, 0, 4096 }
#define A_CONTACT { CONTACT_STANZAS, 0, CONTACT_PLAIN }

static void shape_of_each_size_is_taken(void **state)
{
	static const size_t sizes[] = { 4096, 16384, 65536, 262144, 1048576 };
	struct fixture *f = *state;
	struct buf body = BUF_INIT, contact = BUF_INIT;
	struct err err = ERR_INIT;

	seal_look(&contact, &(struct look)A_CONTACT);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		seal_look(&body, &(struct look){ BODY_STANZAS, 0, sizes[i] });
		if (seal_shape(buf_slice(&body), buf_slice(&contact), &err) != 0)
			fail_msg("%zu: %s", sizes[i], err.text);
	}
	buf_clear(&body);
	buf_clear(&contact);
	assert_int_equal(seal_body(&body, &f->recipients, &f->body, &err), 0);
	assert_int_equal(seal_contact(&contact, &f->recipients, CONTACT_NONE, slice_str(""), &err), 0);
	assert_int_equal(seal_shape(buf_slice(&body), buf_slice(&contact), &err), 0);
	buf_release(&body);
	buf_release(&contact);
}

static void shape_refuses(void **state)
{
	static const struct {
		struct look body, contact;
		const char *reason;
	} cases[] = {
		/* Sizes, with the right stanzas. */
		{ { BODY_STANZAS, 0, 0 }, A_CONTACT, "body-padding" },
		{ { BODY_STANZAS, 0, 4095 }, A_CONTACT, "body-padding" },
		{ { BODY_STANZAS, 0, 4097 }, A_CONTACT, "body-padding" },
		{ { BODY_STANZAS, 0, 8192 }, A_CONTACT, "body-padding" },
		{ { BODY_STANZAS, 0, (1 << 20) + 1 }, A_CONTACT, "body-padding" },
		{ { BODY_STANZAS, 0, 2 << 20 }, A_CONTACT, "body-padding" },
		{ A_BODY, { CONTACT_STANZAS, 0, CONTACT_PLAIN - 1 }, "frame-lengths" },
		{ A_BODY, { CONTACT_STANZAS, 0, CONTACT_PLAIN + 1 }, "frame-lengths" },
		{ A_BODY, { CONTACT_STANZAS, 0, 0 }, "frame-lengths" },
		{ A_BODY, A_BODY, "frame-lengths" },
		{ A_CONTACT, A_CONTACT, "body-padding" },
		/* Stanzas, with the right size: what one more takes is taken from the plaintext. */
		{ { BODY_STANZAS - 1, 0, 4096 + 98 }, A_CONTACT, "age-header" },
		{ { BODY_STANZAS + 1, 0, 4096 - 98 }, A_CONTACT, "age-header" },
		{ { AGE_RECIPIENTS_MAX, 0, 4096 - 4 * 98 }, A_CONTACT, "age-header" },
		{ { 1, 0, 4096 + 3 * 98 }, A_CONTACT, "age-header" },
		{ { BODY_STANZAS, 1, 4096 - 22 }, A_CONTACT, "age-header" },
		{ { BODY_STANZAS, 4, 4096 - 88 }, A_CONTACT, "age-header" },
		{ { BODY_STANZAS - 1, 1, 4096 + 98 - 22 }, A_CONTACT, "age-header" },
		{ A_BODY, { CONTACT_STANZAS - 1, 0, CONTACT_PLAIN + 98 }, "age-header" },
		{ A_BODY, { CONTACT_STANZAS + 1, 0, CONTACT_PLAIN - 98 }, "age-header" },
		{ A_BODY, { CONTACT_STANZAS, 1, CONTACT_PLAIN - 22 }, "age-header" },
	};
	struct buf body = BUF_INIT, contact = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		seal_look(&body, &cases[i].body);
		seal_look(&contact, &cases[i].contact);
		if (seal_shape(buf_slice(&body), buf_slice(&contact), &err) != -1 || err.kind != ERR_DATA)
			fail_msg("case %zu is taken", i);
		if (strcmp(err.reason, cases[i].reason) != 0)
			fail_msg("case %zu: %s: %s", i, err.reason, err.text);
	}
	buf_release(&body);
	buf_release(&contact);
}

/* Damage where the header is read shows; behind it, not without a key. */
static void shape_reads_the_header_alone(void **state)
{
	static const struct {
		size_t at;
		char byte;
		bool taken;
	} cases[] = {
		{ 0, 'A', false }, { 20, '2', false }, { 21, '\r', false }, { 22, '=', false }, { 25, 'Y', false },
		{ 31, '\n', false }, { 32, '=', false }, { 75, ' ', false }, { 76, '=', false }, { 119, '-', false },
		{ 22 + 4 * 98, ' ', false }, { 461, ' ', false }, { 462, 'x', true }, { 4589, 'x', true },
	};
	struct buf body = BUF_INIT, contact = BUF_INIT;

	(void)state;
	seal_look(&contact, &(struct look)A_CONTACT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		seal_look(&body, &(struct look)A_BODY);
		body.data[cases[i].at] = (uint8_t)cases[i].byte;
		if ((seal_shape(buf_slice(&body), buf_slice(&contact), &err) == 0) != cases[i].taken)
			fail_msg("byte %zu: %s", cases[i].at, err.text);
		if (!cases[i].taken)
			assert_string_equal(err.reason, "age-header");
	}
	buf_release(&body);
	buf_release(&contact);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_opens_for_triage_and_recovery_alone),
		cmocka_unit_test(body_has_one_of_five_sizes),
		cmocka_unit_test(body_bytes_are_as_written),
		cmocka_unit_test(body_parse_refuses),
		cmocka_unit_test(contact_opens_for_custodian_and_recovery_alone),
		cmocka_unit_test(contact_has_one_size),
		cmocka_unit_test(contact_refuses_padding_and_sizes),
		cmocka_unit_test(stanzas_are_shuffled),
		cmocka_unit_test(shape_of_each_size_is_taken),
		cmocka_unit_test(shape_refuses),
		cmocka_unit_test(shape_reads_the_header_alone),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
