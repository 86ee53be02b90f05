/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/reason.h"
#include "schema/record.h"
#include "schema/record_item.h"
#include "schema/record_keys.h"

#define MAC_BYTES 8

static void take_labels(struct item_reader *reader, struct classification *c)
{
	c->n_labels = item_array(reader, LABELS_MAX);
	for (size_t i = 0; i < c->n_labels; i++) {
		if (item_array(reader, 3) != 3)
			reader->bad = true;
		c->labels[i].category = (uint8_t)item_uint(reader, N_CATEGORIES - 1);
		c->labels[i].subcode = item_text(reader, RECORD_NAME_MAX);
		c->labels[i].score = item_share(reader);
	}
}

static void take_evidence(struct item_reader *reader, struct classification *c)
{
	c->n_evidence = item_array(reader, EVIDENCE_MAX);
	for (size_t i = 0; i < c->n_evidence; i++) {
		struct evidence *e = &c->evidence[i];

		if (item_array(reader, 3) != 3)
			reader->bad = true;
		e->rule = item_text(reader, RECORD_NAME_MAX);
		e->start = (uint32_t)item_uint(reader, RECORD_BODY_MAX);
		e->end = (uint32_t)item_uint(reader, RECORD_BODY_MAX);
		if (e->start > e->end)
			reader->bad = true;
	}
}

/* Every key of the map is there, in order: so the map has n pairs and this is pair `key`. */
static void expect_key(struct item_reader *reader, uint64_t key)
{
	if (item_uint(reader, key) != key)
		reader->bad = true;
}

static void take_classification(struct item_reader *reader, struct record *record, struct arena *arena)
{
	struct classification *c = &record->classification;

	(void)arena;
	record->parts |= RECORD_CLASSIFIED;
	if (item_map(reader, N_CLASSIFICATION_KEYS) != N_CLASSIFICATION_KEYS)
		reader->bad = true;
	expect_key(reader, CLASSIFICATION_LABELS);
	take_labels(reader, c);
	expect_key(reader, CLASSIFICATION_RISK);
	c->risk = item_share(reader);
	expect_key(reader, CLASSIFICATION_OUT_OF_SCOPE);
	c->out_of_scope = item_share(reader);
	expect_key(reader, CLASSIFICATION_REFER_TO);
	c->refer_to = item_text(reader, RECORD_NAME_MAX);
	expect_key(reader, CLASSIFICATION_EVIDENCE);
	take_evidence(reader, c);
	expect_key(reader, CLASSIFICATION_LEXICON_HASH);
	item_exactly(reader, c->lexicon_hash, HASH_BYTES);
}

/* The MACs of one class; they must rise, since token_list_meets walks two sorted lists. */
static void take_macs(struct item_reader *reader, struct token_list *tokens, uint8_t class, struct slice macs)
{
	struct token *at = tokens->items + tokens->n;
	const size_t n = macs.len / MAC_BYTES;

	for (size_t i = 0; i < n; i++) {
		at[i].class = class;
		at[i].mac = be64_read(macs.data + i * MAC_BYTES);
		if (i > 0 && at[i].mac <= at[i - 1].mac)
			reader->bad = true;
	}
	tokens->n += n;
}

static void take_tokens(struct item_reader *reader, struct record *record, struct arena *arena)
{
	struct slice macs[N_TOKEN_CLASSES] = { { NULL, 0 } };
	struct token_list *tokens = &record->tokens;
	uint8_t key_check[MAC_BYTES] = { 0 };
	size_t n = 0;

	if (item_array(reader, 2 + N_TOKEN_CLASSES) != 2 + N_TOKEN_CLASSES)
		reader->bad = true;
	tokens->cut = item_bool(reader);
	item_exactly(reader, key_check, MAC_BYTES);
	tokens->key_check = be64_read(key_check);
	for (size_t class = 0; class < N_TOKEN_CLASSES; class++) {
		macs[class] = item_bytes(reader, (TOKENS_MAX - n) * MAC_BYTES);
		if (macs[class].len % MAC_BYTES != 0)
			reader->bad = true;
		n += macs[class].len / MAC_BYTES;
	}
	if (reader->bad || (n == 0 && !tokens->cut)) {
		reader->bad = true;
		return;
	}
	tokens->items = arena_alloc(arena, n * sizeof(tokens->items[0]));
	for (size_t class = 0; class < N_TOKEN_CLASSES; class++)
		take_macs(reader, tokens, (uint8_t)class, macs[class]);
}

static void take_case_id(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	item_exactly(reader, record->case_id.bytes, TIP_ID_BYTES);
}

static void take_links(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->parts |= RECORD_LINKED;
	record->n_links = item_array(reader, LINKS_MAX);
	for (size_t i = 0; i < record->n_links; i++) {
		struct link *link = &record->links[i];

		if (item_array(reader, 4) != 4)
			reader->bad = true;
		item_exactly(reader, link->tip_id.bytes, TIP_ID_BYTES);
		link->score = item_share(reader);
		link->reasons = (uint32_t)item_uint(reader, LINK_REASONS_ALL);
		link->strong = item_bool(reader);
	}
}

/* Team names end up in topic names and space-separated lists. */
static struct slice take_team(struct item_reader *reader)
{
	struct slice team = item_text(reader, TEAM_NAME_MAX);

	if (team.len == 0)
		reader->bad = true;
	for (size_t i = 0; i < team.len; i++) {
		const uint8_t c = team.data[i];

		if (!(c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
			reader->bad = true;
	}
	return team;
}

static void take_routing(struct item_reader *reader, struct record *record, struct arena *arena)
{
	struct routing *routing = &record->routing;

	(void)arena;
	record->parts |= RECORD_ROUTED;
	if (item_map(reader, N_ROUTING_KEYS) != N_ROUTING_KEYS)
		reader->bad = true;
	expect_key(reader, ROUTING_OUTCOME);
	routing->outcome = (uint8_t)item_uint(reader, N_OUTCOMES - 1);
	expect_key(reader, ROUTING_PRIORITY);
	routing->priority = (uint8_t)item_uint(reader, N_PRIORITIES - 1);
	expect_key(reader, ROUTING_CONFLICT);
	routing->conflict = item_bool(reader);
	expect_key(reader, ROUTING_TEAMS);
	routing->n_teams = item_array(reader, TEAMS_MAX);
	for (size_t i = 0; i < routing->n_teams; i++)
		routing->teams[i] = take_team(reader);
	expect_key(reader, ROUTING_RULE);
	routing->rule = item_text(reader, RECORD_RULE_PATH_MAX);
	expect_key(reader, ROUTING_POLICY_HASH);
	item_exactly(reader, routing->policy_hash, HASH_BYTES);
}

static void take_version(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)record;
	(void)arena;
	if (item_uint(reader, RECORD_VERSION) != RECORD_VERSION)
		reader->bad = true;
}

static void take_tip_id(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	item_exactly(reader, record->tip_id.bytes, TIP_ID_BYTES);
}

static void take_day(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->day = (uint32_t)item_uint(reader, UINT32_MAX);
}

static void take_adapter(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->adapter = (uint16_t)item_uint(reader, UINT16_MAX);
}

static void take_channel(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->channel = (uint8_t)item_uint(reader, N_CHANNELS - 1);
}

static void take_digest(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	item_exactly(reader, record->digest, DIGEST_BYTES);
}

static void take_contact(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->contact = item_bytes(reader, RECORD_CONTACT_MAX);
}

static void take_body(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->body = item_bytes(reader, RECORD_BODY_MAX);
	if (record->body.len == 0)
		reader->bad = true;
}

static void take_sealed_case(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->sealed_case = item_bytes(reader, RECORD_SEALED_CASE_MAX);
	if (record->sealed_case.len == 0)
		reader->bad = true;
}

static void take_steps(struct item_reader *reader, struct record *record, struct arena *arena)
{
	(void)arena;
	record->n_steps = item_array(reader, STEPS_MAX);
	if (record->n_steps == 0)
		reader->bad = true;
	for (size_t i = 0; i < record->n_steps; i++) {
		struct record_step *step = &record->steps[i];

		if (item_array(reader, 4) != 4)
			reader->bad = true;
		step->stage = item_text(reader, RECORD_NAME_MAX);
		step->version = item_text(reader, RECORD_NAME_MAX);
		step->day = (uint32_t)item_uint(reader, UINT32_MAX);
		item_exactly(reader, step->configuration, CONFIGURATION_BYTES);
	}
}

static void (*const take[N_RECORD_KEYS])(struct item_reader *, struct record *, struct arena *) = {
	[KEY_VERSION] = take_version,
	[KEY_TIP_ID] = take_tip_id,
	[KEY_DAY] = take_day,
	[KEY_ADAPTER] = take_adapter,
	[KEY_CHANNEL] = take_channel,
	[KEY_DIGEST] = take_digest,
	[KEY_CONTACT] = take_contact,
	[KEY_BODY] = take_body,
	[KEY_CLASSIFICATION] = take_classification,
	[KEY_TOKENS] = take_tokens,
	[KEY_CASE_ID] = take_case_id,
	[KEY_LINKS] = take_links,
	[KEY_ROUTING] = take_routing,
	[KEY_SEALED_CASE] = take_sealed_case,
	[KEY_STEPS] = take_steps,
};

/* Keys that come together, and keys that must not. */
static bool keys_fit(uint32_t keys)
{
	const uint32_t linked = 1u << KEY_CASE_ID | 1u << KEY_LINKS;
	const uint32_t readable = 1u << KEY_BODY | 1u << KEY_TOKENS;

	if ((keys & RECORD_ALWAYS) != RECORD_ALWAYS)
		return false;
	if ((keys & linked) != 0 && (keys & linked) != linked)
		return false;
	return !(keys & 1u << KEY_ROUTING) || !(keys & readable);
}

int record_decode(struct record *record, struct slice cbor, struct arena *arena, struct err *err)
{
	struct item_reader reader;
	uint32_t keys = 0;
	int last = -1;
	size_t n;

	memset(record, 0, sizeof(*record));
	item_reader_init(&reader, cbor);
	n = item_map(&reader, N_RECORD_KEYS);
	for (size_t i = 0; i < n && !reader.bad; i++) {
		const unsigned int key = item_key(&reader, &last, N_RECORD_KEYS - 1);

		keys |= 1u << key;
		if (!reader.bad)
			take[key](&reader, record, arena);
	}
	if (!item_reader_ended(&reader) || !keys_fit(keys))
		return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "a record that does not follow record.cddl, near byte %zu",
			       cbor.len - reader.left);
	return 0;
}
