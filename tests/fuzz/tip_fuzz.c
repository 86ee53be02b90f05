/* SPDX-License-Identifier: Apache-2.0 */
/* A tip's JSON: the guard, the reader, and the document as it is sealed. */
#include <jansson.h>

#include "schema/tip.h"
#include "tests/fuzz/fuzz.h"

/* What the guard lets through Jansson reads; so nothing is refused for two different reasons. */
static void guard_and_parser_agree(struct slice json)
{
	struct err err = ERR_INIT;
	json_t *document;

	if (tip_guard(json, &err) != 0) {
		fuzz_refusal_holds(&err);
		return;
	}
	fuzz_success_holds(&err);
	document = json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	FUZZ_HOLDS(document != NULL);
	json_decref(document);
}

static bool text_is(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void tips_are_equal(const struct tip *a, const struct tip *b)
{
	FUZZ_HOLDS(a->narrative_len == b->narrative_len && text_is(a->narrative, b->narrative));
	FUZZ_HOLDS(text_is(a->language, b->language) && text_is(a->received, b->received));
	FUZZ_HOLDS(text_is(a->relation, b->relation) && text_is(a->where, b->where) && text_is(a->when, b->when));
	FUZZ_HOLDS(a->channel == b->channel && a->contact == b->contact && a->n_subjects == b->n_subjects);
	for (size_t i = 0; i < a->n_subjects; i++) {
		FUZZ_HOLDS(text_is(a->subjects[i].name, b->subjects[i].name));
		FUZZ_HOLDS(text_is(a->subjects[i].number, b->subjects[i].number));
		FUZZ_HOLDS(text_is(a->subjects[i].as_written, b->subjects[i].as_written));
	}
}

/* What is sealed can be read behind the seal, says the same, and is written the same again. */
static void sealed_form_holds(const struct tip *tip)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct err err = ERR_INIT;
	struct tip again;

	if (tip_dump(tip, &once, &err) != 0) {
		fuzz_refusal_holds(&err);
	} else {
		FUZZ_HOLDS(tip_parse(&again, buf_slice(&once), false, &err) == 0);
		tips_are_equal(tip, &again);
		FUZZ_HOLDS(again.contact_details == NULL && tip_given_id(&again) == NULL);
		FUZZ_HOLDS(tip_dump(&again, &twice, &err) == 0);
		FUZZ_HOLDS(slice_equal(buf_slice(&once), buf_slice(&twice)));
		tip_release(&again);
	}
	buf_release(&once);
	buf_release(&twice);
}

/* Whatever the bytes, they can be written as one JSON string. */
static void any_bytes_make_a_string(struct slice bytes)
{
	struct buf text = BUF_INIT;

	buf_append_json(&text, (const char *)bytes.data, bytes.len);
	if (text.len <= TIP_JSON_MAX && memchr(bytes.data, 0, bytes.len) == NULL)
		FUZZ_HOLDS(tip_guard(buf_slice(&text), NULL) == 0);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice json = slice_of(data, size);
	struct err sealed_err = ERR_INIT, intake_err = ERR_INIT;
	struct tip sealed, intake;

	tip_begin();
	guard_and_parser_agree(json);
	any_bytes_make_a_string(json);
	if (tip_parse(&intake, json, true, &intake_err) != 0) {
		fuzz_refusal_holds(&intake_err);
		FUZZ_HOLDS(tip_parse(&sealed, json, false, &sealed_err) != 0);
		fuzz_refusal_holds(&sealed_err);
		return 0;
	}
	FUZZ_HOLDS(intake.narrative && intake.narrative_len == strlen(intake.narrative) && intake.narrative_len > 0);
	FUZZ_HOLDS(tip_guard(json, NULL) == 0);
	sealed_form_holds(&intake);
	if (tip_parse(&sealed, json, false, &sealed_err) == 0) {
		tips_are_equal(&intake, &sealed);
		tip_release(&sealed);
	}
	tip_release(&intake);
	return 0;
}
