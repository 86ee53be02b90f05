/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of members for each object: the name, the function that takes the value, and where in the struct it goes.
 * What cannot be taken, and what no table names, is RECORD_SHAPE. What was taken then goes through record_encode and
 * record_decode, so that both forms obey the same rules.
 */
#include <jansson.h>
#include <string.h>

#include "schema/reason.h"
#include "schema/record.h"
#include "schema/record_json.h"
#include "schema/record_json_take.h"
#include "schema/record_keys.h"
#include "schema/tip.h"

static int take_labels(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "category", take_index, offsetof(struct label, category), LIST_CATEGORIES },
		{ "subcode", take_text, offsetof(struct label, subcode), RECORD_NAME_MAX },
		{ "score", take_float, offsetof(struct label, score), 0 },
		{ NULL, NULL, 0, 0 },
	};
	struct classification *c = at;

	c->n_labels = json_array_size(value);
	return take_array(arena, value, c->labels, sizeof(c->labels[0]), limit, members);
}

static int take_evidence(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "rule", take_text, offsetof(struct evidence, rule), RECORD_NAME_MAX },
		{ "start", take_u32, offsetof(struct evidence, start), RECORD_BODY_MAX },
		{ "end", take_u32, offsetof(struct evidence, end), RECORD_BODY_MAX },
		{ NULL, NULL, 0, 0 },
	};
	struct classification *c = at;

	c->n_evidence = json_array_size(value);
	return take_array(arena, value, c->evidence, sizeof(c->evidence[0]), limit, members);
}

static int take_classification(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "labels", take_labels, 0, LABELS_MAX },
		{ "risk", take_float, offsetof(struct classification, risk), 0 },
		{ "out_of_scope", take_float, offsetof(struct classification, out_of_scope), 0 },
		{ "refer_to", take_text, offsetof(struct classification, refer_to), RECORD_NAME_MAX },
		{ "evidence", take_evidence, 0, EVIDENCE_MAX },
		{ "lexicon_hash", take_hex, offsetof(struct classification, lexicon_hash), HASH_BYTES },
		{ NULL, NULL, 0, 0 },
	};
	struct record *record = at;

	(void)limit;
	record->parts |= RECORD_CLASSIFIED;
	return take_members(arena, value, &record->classification, members);
}

/* The number of MACs in the arrays of all classes; they are all arrays. */
static int count_macs(json_t *tokens, size_t *n)
{
	*n = 0;
	for (size_t class = 0; class < N_TOKEN_CLASSES; class++) {
		json_t *macs = json_object_get(tokens, token_class_names[class]);

		if (macs && !json_is_array(macs))
			return -1;
		*n += json_array_size(macs);
	}
	return *n <= TOKENS_MAX ? 0 : -1;
}

static int take_macs(struct token_list *tokens, uint8_t class, json_t *macs)
{
	for (size_t i = 0; i < json_array_size(macs); i++) {
		uint8_t mac[sizeof(uint64_t)];

		if (take_hex(NULL, json_array_get(macs, i), mac, sizeof(mac)) != 0)
			return -1;
		tokens->items[tokens->n].class = class;
		tokens->items[tokens->n++].mac = be64_read(mac);
	}
	return 0;
}

static int take_tokens(struct arena *arena, json_t *value, void *at, size_t limit)
{
	struct token_list *tokens = at;
	json_t *cut = json_object_get(value, "cut"), *check = json_object_get(value, "key_check");
	size_t n, members = (cut != NULL) + (check != NULL);
	uint8_t key_check[sizeof(uint64_t)];

	(void)limit;
	if (!json_is_object(value) || count_macs(value, &n) != 0)
		return -1;
	tokens->items = arena_alloc(arena, n * sizeof(tokens->items[0]));
	for (size_t class = 0; class < N_TOKEN_CLASSES; class++) {
		json_t *macs = json_object_get(value, token_class_names[class]);

		members += macs != NULL;
		if (take_macs(tokens, (uint8_t)class, macs) != 0)
			return -1;
	}
	if (cut && take_bool(arena, cut, &tokens->cut, 0) != 0)
		return -1;
	if (check && take_hex(NULL, check, key_check, sizeof(key_check)) != 0)
		return -1;
	tokens->key_check = check ? be64_read(key_check) : 0;
	return members == json_object_size(value) ? 0 : -1;
}

static int take_reasons(struct arena *arena, json_t *value, void *at, size_t limit)
{
	uint32_t *bits = at;

	(void)arena;
	if (!json_is_array(value) || json_array_size(value) > limit)
		return -1;
	for (size_t i = 0; i < json_array_size(value); i++) {
		int bit = take_name(link_reason_names, LINK_REASONS, json_array_get(value, i));

		if (bit < 0)
			return -1;
		*bits |= 1u << bit;
	}
	return 0;
}

static int take_links(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "tip_id", take_hex, offsetof(struct link, tip_id), TIP_ID_BYTES },
		{ "score", take_float, offsetof(struct link, score), 0 },
		{ "reasons", take_reasons, offsetof(struct link, reasons), LINK_REASONS },
		{ "strong", take_bool, offsetof(struct link, strong), 0 },
		{ NULL, NULL, 0, 0 },
	};
	struct record *record = at;

	record->parts |= RECORD_LINKED;
	record->n_links = json_array_size(value);
	return take_array(arena, value, record->links, sizeof(record->links[0]), limit, members);
}

static int take_case_id(struct arena *arena, json_t *value, void *at, size_t limit)
{
	struct record *record = at;

	record->parts |= RECORD_LINKED;
	return take_hex(arena, value, record->case_id.bytes, limit);
}

static int take_teams(struct arena *arena, json_t *value, void *at, size_t limit)
{
	struct routing *routing = at;

	if (!json_is_array(value) || json_array_size(value) > limit)
		return -1;
	routing->n_teams = json_array_size(value);
	for (size_t i = 0; i < routing->n_teams; i++)
		if (take_text(arena, json_array_get(value, i), &routing->teams[i], TEAM_NAME_MAX) != 0)
			return -1;
	return 0;
}

static int take_routing(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "outcome", take_index, offsetof(struct routing, outcome), LIST_OUTCOMES },
		{ "priority", take_index, offsetof(struct routing, priority), LIST_PRIORITIES },
		{ "conflict", take_bool, offsetof(struct routing, conflict), 0 },
		{ "teams", take_teams, 0, TEAMS_MAX },
		{ "rule", take_text, offsetof(struct routing, rule), RECORD_RULE_PATH_MAX },
		{ "policy_hash", take_hex, offsetof(struct routing, policy_hash), HASH_BYTES },
		{ NULL, NULL, 0, 0 },
	};
	struct record *record = at;

	(void)limit;
	record->parts |= RECORD_ROUTED;
	return take_members(arena, value, &record->routing, members);
}

static int take_steps(struct arena *arena, json_t *value, void *at, size_t limit)
{
	static const struct member members[] = {
		{ "stage", take_text, offsetof(struct record_step, stage), RECORD_NAME_MAX },
		{ "version", take_text, offsetof(struct record_step, version), RECORD_NAME_MAX },
		{ "day", take_u32, offsetof(struct record_step, day), UINT32_MAX },
		{ "configuration", take_hex, offsetof(struct record_step, configuration), CONFIGURATION_BYTES },
		{ NULL, NULL, 0, 0 },
	};
	struct record *record = at;

	record->n_steps = json_array_size(value);
	return take_array(arena, value, record->steps, sizeof(record->steps[0]), limit, members);
}

static const struct member record_members[] = {
	{ "tip_id", take_hex, offsetof(struct record, tip_id), TIP_ID_BYTES },
	{ "day", take_u32, offsetof(struct record, day), UINT32_MAX },
	{ "adapter", take_u16, offsetof(struct record, adapter), UINT16_MAX },
	{ "channel", take_index, offsetof(struct record, channel), LIST_CHANNELS },
	{ "digest", take_hex, offsetof(struct record, digest), DIGEST_BYTES },
	{ "contact", take_base64, offsetof(struct record, contact), RECORD_CONTACT_MAX },
	{ "body", take_object, offsetof(struct record, body), RECORD_BODY_MAX },
	{ "body_base64", take_base64, offsetof(struct record, body), RECORD_BODY_MAX },
	{ "classification", take_classification, 0, 0 },
	{ "tokens", take_tokens, offsetof(struct record, tokens), 0 },
	{ "case_id", take_case_id, 0, TIP_ID_BYTES },
	{ "links", take_links, 0, LINKS_MAX },
	{ "routing", take_routing, 0, 0 },
	{ "sealed_case", take_base64, offsetof(struct record, sealed_case), RECORD_SEALED_CASE_MAX },
	{ "steps", take_steps, 0, STEPS_MAX },
	{ NULL, NULL, 0, 0 },
};

/* The limits of the CBOR form, and one place that all slices borrow from. */
static int through_cbor(struct record *record, const struct record *read, struct arena *arena, struct err *err)
{
	struct buf cbor = BUF_INIT;
	int result;

	record_encode(&cbor, read);
	result = record_decode(record, slice_of(arena_copy(arena, cbor.data, cbor.len), cbor.len), arena, err);
	buf_release(&cbor);
	return result;
}

static int take_record(struct record *read, json_t *root, struct arena *arena, struct err *err)
{
	if (!json_object_get(root, "tip_id") || !json_object_get(root, "day") ||
	    take_members(arena, root, read, record_members) != 0)
		return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "a record in JSON with a wrong or missing member");
	if ((read->parts & RECORD_ROUTED) && (read->body.len || read->tokens.n))
		return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "a routed record with a body or tokens");
	return 0;
}

int record_from_json(struct record *record, struct slice json, struct arena *arena, struct err *err)
{
	struct record read;
	json_error_t problem;
	json_t *root;
	int result;

	root = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, &problem);
	if (!root && json_error_code(&problem) == json_error_out_of_memory)
		return mem_refused(err, "a record");
	if (!root)
		return err_set(err, ERR_DATA, REASON_JSON_SYNTAX, "a record that is not JSON");
	memset(&read, 0, sizeof(read));
	result = take_record(&read, root, arena, err);
	json_decref(root);
	if (result == 0)
		result = through_cbor(record, &read, arena, err);
	return result;
}
