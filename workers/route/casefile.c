/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/casefile.h"

#include "schema/hex.h"

static void put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":", name);
	buf_append_json(out, text, strlen(text));
}

static void put_slice(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "\"%s\":", name);
	buf_append_json(out, text.data ? (const char *)text.data : "", text.len);
}

static void put_hash(struct buf *out, const char *name, const uint8_t hash[HASH_BYTES])
{
	char hex[2 * HASH_BYTES + 1];

	hex_encode(hex, hash, HASH_BYTES);
	put_text(out, name, hex);
}

static void put_ids(struct buf *out, const struct record *record)
{
	char hex[TIP_ID_HEX];

	tip_id_hex(&record->tip_id, hex);
	buf_printf(out, "\"tip_id\":\"%s\",", hex);
	tip_id_hex(&record->case_id, hex);
	buf_printf(out, "\"case_id\":\"%s\",\"day\":%u,", hex, record->day);
	put_text(out, "channel", channel_names[record->channel]);
}

static void put_routing(struct buf *out, const struct casefile *casefile)
{
	const struct routing *routing = &casefile->record->routing;

	put_text(out, "outcome", outcome_names[routing->outcome]);
	buf_append_byte(out, ',');
	put_text(out, "priority", priority_names[routing->priority]);
	buf_append_str(out, ",\"teams\":[");
	for (size_t i = 0; i < routing->n_teams; i++) {
		buf_append_str(out, i ? "," : "");
		buf_append_json(out, (const char *)routing->teams[i].data, routing->teams[i].len);
	}
	buf_printf(out, "],\"conflict\":%s,", routing->conflict ? "true" : "false");
	for (size_t i = 0; i < casefile->n_conflict_with; i++) {
		buf_append_str(out, i ? "," : "\"conflict_with\":[");
		buf_append_json(out, casefile->conflict_with[i], strlen(casefile->conflict_with[i]));
		buf_append_str(out, i + 1 == casefile->n_conflict_with ? "]," : "");
	}
	put_slice(out, "rule", routing->rule);
	buf_append_byte(out, ',');
	put_text(out, "reason", casefile->reason);
	buf_append_byte(out, ',');
	put_hash(out, "policy", routing->policy_hash);
	buf_append_byte(out, ',');
	put_hash(out, "lexicon", casefile->record->classification.lexicon_hash);
}

static void put_label(struct buf *out, const struct label *label)
{
	const char *category = category_names[label->category];
	struct buf name = BUF_INIT;

	buf_append_str(&name, category);
	if (label->subcode.len > 0) {
		buf_append_byte(&name, '/');
		buf_append_slice(&name, label->subcode);
	}
	buf_append_byte(out, '{');
	put_slice(out, "label", buf_slice(&name));
	buf_printf(out, ",\"score\":%.3f}", (double)label->score);
	buf_release(&name);
}

static void put_scores(struct buf *out, const struct classification *classification)
{
	buf_append_str(out, "\"scores\":{\"labels\":[");
	for (size_t i = 0; i < classification->n_labels; i++) {
		buf_append_str(out, i ? "," : "");
		put_label(out, &classification->labels[i]);
	}
	buf_printf(out, "],\"risk\":%.3f,\"out_of_scope\":%.3f,", (double)classification->risk,
		   (double)classification->out_of_scope);
	put_slice(out, "refer_to", classification->refer_to);
	buf_append_str(out, "},\"evidence\":[");
	for (size_t i = 0; i < classification->n_evidence; i++) {
		const struct evidence *evidence = &classification->evidence[i];

		buf_append_str(out, i ? ",{" : "{");
		put_slice(out, "rule", evidence->rule);
		buf_printf(out, ",\"start\":%u,\"end\":%u}", evidence->start, evidence->end);
	}
	buf_append_byte(out, ']');
}

static void put_step(struct buf *out, const struct record_step *step)
{
	char hex[2 * CONFIGURATION_BYTES + 1];

	hex_encode(hex, step->configuration, CONFIGURATION_BYTES);
	buf_append_byte(out, '{');
	put_slice(out, "stage", step->stage);
	buf_append_byte(out, ',');
	put_slice(out, "version", step->version);
	buf_printf(out, ",\"day\":%u,", step->day);
	put_text(out, "configuration", hex);
	buf_append_byte(out, '}');
}

/* Which stages it passed, as what: whoever asks why later can find the very files they ran with. */
static void put_steps(struct buf *out, const struct casefile *casefile)
{
	const struct record *record = casefile->record;

	if (!casefile->step)
		return;
	buf_append_str(out, ",\"steps\":[");
	for (size_t i = 0; i < record->n_steps; i++) {
		put_step(out, &record->steps[i]);
		buf_append_byte(out, ',');
	}
	put_step(out, casefile->step);
	buf_append_byte(out, ']');
}

void casefile_write(struct buf *out, const struct casefile *casefile)
{
	const struct record *record = casefile->record;

	buf_printf(out, "{\"version\":%d,", CASEFILE_VERSION);
	put_ids(out, record);
	buf_append_byte(out, ',');
	put_routing(out, casefile);
	buf_append_byte(out, ',');
	put_scores(out, &record->classification);
	put_steps(out, casefile);
	/* Not the links, and not how many there are: see casefile.h. */
	buf_append_str(out, ",\"tip\":");
	buf_append_slice(out, record->body); /* classify has read it: it is one JSON object */
	buf_append_byte(out, '}');
}
