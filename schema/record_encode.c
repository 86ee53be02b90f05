/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/err.h"
#include "schema/record.h"
#include "schema/record_item.h"
#include "schema/record_keys.h"

#define MAC_BYTES 8

static void put_labels(struct buf *out, const struct classification *c)
{
	item_put_array(out, c->n_labels);
	for (size_t i = 0; i < c->n_labels; i++) {
		item_put_array(out, 3);
		item_put_uint(out, c->labels[i].category);
		item_put_text(out, c->labels[i].subcode);
		item_put_float(out, c->labels[i].score);
	}
}

static void put_evidence(struct buf *out, const struct classification *c)
{
	item_put_array(out, c->n_evidence);
	for (size_t i = 0; i < c->n_evidence; i++) {
		item_put_array(out, 3);
		item_put_text(out, c->evidence[i].rule);
		item_put_uint(out, c->evidence[i].start);
		item_put_uint(out, c->evidence[i].end);
	}
}

static void put_classification(struct buf *out, const struct classification *c)
{
	item_put_map(out, N_CLASSIFICATION_KEYS);
	item_put_uint(out, CLASSIFICATION_LABELS);
	put_labels(out, c);
	item_put_uint(out, CLASSIFICATION_RISK);
	item_put_float(out, c->risk);
	item_put_uint(out, CLASSIFICATION_OUT_OF_SCOPE);
	item_put_float(out, c->out_of_scope);
	item_put_uint(out, CLASSIFICATION_REFER_TO);
	item_put_text(out, c->refer_to);
	item_put_uint(out, CLASSIFICATION_EVIDENCE);
	put_evidence(out, c);
	item_put_uint(out, CLASSIFICATION_LEXICON_HASH);
	item_put_bytes(out, c->lexicon_hash, HASH_BYTES);
}

/* The list is sorted by class, so each class is one run. */
static void put_tokens(struct buf *out, const struct token_list *tokens)
{
	size_t i = 0;

	item_put_array(out, 2 + N_TOKEN_CLASSES);
	item_put_bool(out, tokens->cut);
	item_put_bytes_head(out, MAC_BYTES);
	buf_append_be64(out, tokens->key_check);
	for (unsigned int class = 0; class < N_TOKEN_CLASSES; class++) {
		size_t end = i;

		while (end < tokens->n && tokens->items[end].class == class)
			end++;
		item_put_bytes_head(out, (end - i) * MAC_BYTES);
		for (; i < end; i++)
			buf_append_be64(out, tokens->items[i].mac);
	}
	if (i != tokens->n)
		BUG("tokens are not sorted by class");
}

static void put_links(struct buf *out, const struct record *record)
{
	item_put_array(out, record->n_links);
	for (size_t i = 0; i < record->n_links; i++) {
		const struct link *link = &record->links[i];

		item_put_array(out, 4);
		item_put_bytes(out, link->tip_id.bytes, TIP_ID_BYTES);
		item_put_float(out, link->score);
		item_put_uint(out, link->reasons);
		item_put_bool(out, link->strong);
	}
}

static void put_routing(struct buf *out, const struct routing *routing)
{
	item_put_map(out, N_ROUTING_KEYS);
	item_put_uint(out, ROUTING_OUTCOME);
	item_put_uint(out, routing->outcome);
	item_put_uint(out, ROUTING_PRIORITY);
	item_put_uint(out, routing->priority);
	item_put_uint(out, ROUTING_CONFLICT);
	item_put_bool(out, routing->conflict);
	item_put_uint(out, ROUTING_TEAMS);
	item_put_array(out, routing->n_teams);
	for (size_t i = 0; i < routing->n_teams; i++)
		item_put_text(out, routing->teams[i]);
	item_put_uint(out, ROUTING_RULE);
	item_put_text(out, routing->rule);
	item_put_uint(out, ROUTING_POLICY_HASH);
	item_put_bytes(out, routing->policy_hash, HASH_BYTES);
}

static void put_steps(struct buf *out, const struct record *record)
{
	item_put_array(out, record->n_steps);
	for (size_t i = 0; i < record->n_steps; i++) {
		const struct record_step *step = &record->steps[i];

		item_put_array(out, 4);
		item_put_text(out, step->stage);
		item_put_text(out, step->version);
		item_put_uint(out, step->day);
		item_put_bytes(out, step->configuration, CONFIGURATION_BYTES);
	}
}

static void put_bytes_at(struct buf *out, unsigned int key, const uint8_t *data, size_t len)
{
	item_put_uint(out, key);
	item_put_bytes(out, data, len);
}

static void put_uint_at(struct buf *out, unsigned int key, uint64_t v)
{
	item_put_uint(out, key);
	item_put_uint(out, v);
}

/* Bits of the keys that this record has. */
static uint32_t keys_of(const struct record *record)
{
	uint32_t keys = RECORD_ALWAYS;

	if (record->parts & RECORD_CLASSIFIED)
		keys |= 1u << KEY_CLASSIFICATION;
	if (record->parts & RECORD_LINKED)
		keys |= 1u << KEY_CASE_ID | 1u << KEY_LINKS;
	if (record->parts & RECORD_ROUTED)
		keys |= 1u << KEY_ROUTING;
	else if (record->body.len)
		keys |= 1u << KEY_BODY;
	if (!(record->parts & RECORD_ROUTED) && (record->tokens.n || record->tokens.cut))
		keys |= 1u << KEY_TOKENS;
	if (record->sealed_case.len)
		keys |= 1u << KEY_SEALED_CASE;
	if (record->n_steps)
		keys |= 1u << KEY_STEPS;
	return keys;
}

static void check_counts(const struct record *record)
{
	if (record->classification.n_labels > LABELS_MAX || record->classification.n_evidence > EVIDENCE_MAX ||
	    record->n_links > LINKS_MAX || record->routing.n_teams > TEAMS_MAX ||
	    record->tokens.n > TOKENS_MAX || record->n_steps > STEPS_MAX)
		BUG("a record with a count over its limit");
}

static void put_always(struct buf *out, const struct record *record)
{
	put_uint_at(out, KEY_VERSION, RECORD_VERSION);
	put_bytes_at(out, KEY_TIP_ID, record->tip_id.bytes, TIP_ID_BYTES);
	put_uint_at(out, KEY_DAY, record->day);
	put_uint_at(out, KEY_ADAPTER, record->adapter);
	put_uint_at(out, KEY_CHANNEL, record->channel);
	put_bytes_at(out, KEY_DIGEST, record->digest, DIGEST_BYTES);
	put_bytes_at(out, KEY_CONTACT, record->contact.data, record->contact.len);
}

void record_encode(struct buf *out, const struct record *record)
{
	const uint32_t keys = keys_of(record);

	check_counts(record);
	item_put_map(out, (size_t)__builtin_popcount(keys));
	put_always(out, record);
	if (keys & 1u << KEY_BODY)
		put_bytes_at(out, KEY_BODY, record->body.data, record->body.len);
	if (keys & 1u << KEY_CLASSIFICATION) {
		item_put_uint(out, KEY_CLASSIFICATION);
		put_classification(out, &record->classification);
	}
	if (keys & 1u << KEY_TOKENS) {
		item_put_uint(out, KEY_TOKENS);
		put_tokens(out, &record->tokens);
	}
	if (keys & 1u << KEY_LINKS) {
		put_bytes_at(out, KEY_CASE_ID, record->case_id.bytes, TIP_ID_BYTES);
		item_put_uint(out, KEY_LINKS);
		put_links(out, record);
	}
	if (keys & 1u << KEY_ROUTING) {
		item_put_uint(out, KEY_ROUTING);
		put_routing(out, &record->routing);
	}
	if (keys & 1u << KEY_SEALED_CASE)
		put_bytes_at(out, KEY_SEALED_CASE, record->sealed_case.data, record->sealed_case.len);
	if (keys & 1u << KEY_STEPS) {
		item_put_uint(out, KEY_STEPS);
		put_steps(out, record);
	}
}
