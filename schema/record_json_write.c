/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/hex.h"
#include "schema/record.h"
#include "schema/record_json.h"
#include "schema/tip.h"

const char *const link_reason_names[LINK_REASONS] = { "words", "name", "number", "date", "place", "handle" };

static const char *name_of(const char *const *names, size_t n, size_t index)
{
	return index < n ? names[index] : "";
}

static void put_name(struct buf *out, const char *member)
{
	buf_append_json(out, member, strlen(member));
	buf_append_byte(out, ':');
}

static void put_text(struct buf *out, const char *member, struct slice text)
{
	put_name(out, member);
	buf_append_json(out, (const char *)text.data, text.len);
}

/* Nine digits give back the same float; it is read as a double first. */
static void put_float(struct buf *out, const char *member, float f)
{
	char text[32];

	/* The shortest that is this very number when it is read again: 0.605, not 0.605000019. */
	for (int digits = 1; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)f);
		if ((float)strtod(text, NULL) == f)
			break;
	}
	put_name(out, member);
	buf_append_str(out, text);
}

static void put_hex(struct buf *out, const uint8_t *data, size_t len)
{
	buf_append_byte(out, '"');
	hex_encode((char *)buf_reserve(out, 2 * len), data, len);
	out->len += 2 * len;
	buf_append_byte(out, '"');
}

static void put_hex_member(struct buf *out, const char *member, const uint8_t *data, size_t len)
{
	put_name(out, member);
	put_hex(out, data, len);
}

static void put_base64(struct buf *out, const char *member, struct slice data)
{
	const size_t room = sodium_base64_ENCODED_LEN(data.len, sodium_base64_VARIANT_ORIGINAL);

	put_name(out, member);
	buf_append_byte(out, '"');
	sodium_bin2base64((char *)buf_reserve(out, room), room, data.data, data.len, sodium_base64_VARIANT_ORIGINAL);
	out->len += room - 1;
	buf_append_byte(out, '"');
}

/* Without the white space between values; inside strings there are no raw control characters. */
static void put_compact(struct buf *out, struct slice json)
{
	bool quoted = false, escaped = false;

	for (size_t i = 0; i < json.len; i++) {
		const uint8_t c = json.data[i];

		if (!quoted && isspace(c))
			continue;
		buf_append_byte(out, c);
		if (c == '"' && !escaped)
			quoted = !quoted;
		escaped = quoted && c == '\\' && !escaped;
	}
}

static bool is_object(struct slice json)
{
	size_t i = 0;

	while (i < json.len && isspace(json.data[i]))
		i++;
	return i < json.len && json.data[i] == '{' && tip_guard(json, NULL) == 0;
}

static void put_body(struct buf *out, struct slice body)
{
	buf_append_byte(out, ',');
	if (!is_object(body)) {
		put_base64(out, "body_base64", body);
		return;
	}
	put_name(out, "body");
	put_compact(out, body);
}

static void put_labels(struct buf *out, const struct classification *c)
{
	buf_append_str(out, "\"labels\":[");
	for (size_t i = 0; i < c->n_labels; i++) {
		const struct label *label = &c->labels[i];

		buf_append_str(out, i ? ",{" : "{");
		put_text(out, "category", slice_str(name_of(category_names, N_CATEGORIES, label->category)));
		buf_append_byte(out, ',');
		put_text(out, "subcode", label->subcode);
		buf_append_byte(out, ',');
		put_float(out, "score", label->score);
		buf_append_byte(out, '}');
	}
	buf_append_str(out, "],");
}

static void put_evidence(struct buf *out, const struct classification *c)
{
	buf_append_str(out, "\"evidence\":[");
	for (size_t i = 0; i < c->n_evidence; i++) {
		const struct evidence *e = &c->evidence[i];

		buf_append_str(out, i ? ",{" : "{");
		put_text(out, "rule", e->rule);
		buf_printf(out, ",\"start\":%u,\"end\":%u}", (unsigned int)e->start, (unsigned int)e->end);
	}
	buf_append_str(out, "],");
}

static void put_classification(struct buf *out, const struct classification *c)
{
	buf_append_str(out, ",\"classification\":{");
	put_labels(out, c);
	put_float(out, "risk", c->risk);
	buf_append_byte(out, ',');
	put_float(out, "out_of_scope", c->out_of_scope);
	buf_append_byte(out, ',');
	put_text(out, "refer_to", c->refer_to);
	buf_append_byte(out, ',');
	put_evidence(out, c);
	put_hex_member(out, "lexicon_hash", c->lexicon_hash, HASH_BYTES);
	buf_append_byte(out, '}');
}

static void put_tokens(struct buf *out, const struct token_list *tokens)
{
	int class = -1;

	buf_printf(out, ",\"tokens\":{\"cut\":%s", tokens->cut ? "true" : "false");
	if (tokens->key_check)
		buf_printf(out, ",\"key_check\":\"%016llx\"", (unsigned long long)tokens->key_check);
	for (size_t i = 0; i < tokens->n; i++) {
		const struct token *token = &tokens->items[i];

		if (class != token->class) {
			buf_append_str(out, class < 0 ? "," : "],");
			put_name(out, name_of(token_class_names, N_TOKEN_CLASSES, token->class));
			buf_append_byte(out, '[');
		} else {
			buf_append_byte(out, ',');
		}
		class = token->class;
		buf_printf(out, "\"%016llx\"", (unsigned long long)token->mac);
	}
	buf_append_str(out, class < 0 ? "}" : "]}");
}

static void put_reasons(struct buf *out, uint32_t reasons)
{
	const char *comma = "";

	buf_append_str(out, "\"reasons\":[");
	for (size_t bit = 0; bit < LINK_REASONS; bit++) {
		if (!(reasons & 1u << bit))
			continue;
		buf_printf(out, "%s\"%s\"", comma, link_reason_names[bit]);
		comma = ",";
	}
	buf_append_str(out, "],");
}

static void put_links(struct buf *out, const struct record *record)
{
	buf_append_byte(out, ',');
	put_hex_member(out, "case_id", record->case_id.bytes, TIP_ID_BYTES);
	buf_append_str(out, ",\"links\":[");
	for (size_t i = 0; i < record->n_links; i++) {
		const struct link *link = &record->links[i];

		buf_append_str(out, i ? ",{" : "{");
		put_hex_member(out, "tip_id", link->tip_id.bytes, TIP_ID_BYTES);
		buf_append_byte(out, ',');
		put_float(out, "score", link->score);
		buf_append_byte(out, ',');
		put_reasons(out, link->reasons);
		buf_printf(out, "\"strong\":%s}", link->strong ? "true" : "false");
	}
	buf_append_byte(out, ']');
}

static void put_routing(struct buf *out, const struct routing *routing)
{
	buf_append_str(out, ",\"routing\":{");
	put_text(out, "outcome", slice_str(name_of(outcome_names, N_OUTCOMES, routing->outcome)));
	buf_append_byte(out, ',');
	put_text(out, "priority", slice_str(name_of(priority_names, N_PRIORITIES, routing->priority)));
	buf_printf(out, ",\"conflict\":%s,\"teams\":[", routing->conflict ? "true" : "false");
	for (size_t i = 0; i < routing->n_teams; i++) {
		buf_append_str(out, i ? "," : "");
		buf_append_json(out, (const char *)routing->teams[i].data, routing->teams[i].len);
	}
	buf_append_str(out, "],");
	put_text(out, "rule", routing->rule);
	buf_append_byte(out, ',');
	put_hex_member(out, "policy_hash", routing->policy_hash, HASH_BYTES);
	buf_append_byte(out, '}');
}

static void put_steps(struct buf *out, const struct record *record)
{
	buf_append_str(out, ",\"steps\":[");
	for (size_t i = 0; i < record->n_steps; i++) {
		const struct record_step *step = &record->steps[i];

		buf_append_str(out, i ? ",{" : "{");
		put_text(out, "stage", step->stage);
		buf_append_byte(out, ',');
		put_text(out, "version", step->version);
		buf_printf(out, ",\"day\":%u,", (unsigned int)step->day);
		put_hex_member(out, "configuration", step->configuration, CONFIGURATION_BYTES);
		buf_append_byte(out, '}');
	}
	buf_append_byte(out, ']');
}

static void put_always(struct buf *out, const struct record *record)
{
	buf_append_byte(out, '{');
	put_hex_member(out, "tip_id", record->tip_id.bytes, TIP_ID_BYTES);
	buf_printf(out, ",\"day\":%u,\"adapter\":%u,", (unsigned int)record->day, (unsigned int)record->adapter);
	put_text(out, "channel", slice_str(name_of(channel_names, N_CHANNELS, record->channel)));
	buf_append_byte(out, ',');
	put_hex_member(out, "digest", record->digest, DIGEST_BYTES);
	buf_append_byte(out, ',');
	put_base64(out, "contact", record->contact);
}

void record_to_json(struct buf *out, const struct record *record)
{
	const bool routed = record->parts & RECORD_ROUTED;

	put_always(out, record);
	if (record->body.len && !routed)
		put_body(out, record->body);
	if (record->parts & RECORD_CLASSIFIED)
		put_classification(out, &record->classification);
	if ((record->tokens.n || record->tokens.cut) && !routed)
		put_tokens(out, &record->tokens);
	if (record->parts & RECORD_LINKED)
		put_links(out, record);
	if (record->parts & RECORD_ROUTED)
		put_routing(out, &record->routing);
	if (record->sealed_case.len) {
		buf_append_byte(out, ',');
		put_base64(out, "sealed_case", record->sealed_case);
	}
	if (record->n_steps)
		put_steps(out, record);
	buf_append_byte(out, '}');
}
