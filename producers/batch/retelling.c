/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/retelling.h"

#include <string.h>

#include "producers/batch/paraphrase.h"
#include "producers/batch/pseudonyms.h"

/* What is said of a member of staff, in words that leave no doubt which team it concerns. */
static const struct {
	const char *team, *says;
} charges[] = {
	{ "corruption", "takes cash in envelopes for number plate checks and passes police information to criminals" },
	{ "abuse-of-position", "used the job to pressure a victim into sex and messages her at night" },
	{ "domestic-abuse", "hits his wife and controls her money and her phone at home" },
	{ "discrimination", "posts racist and homophobic messages in the team's WhatsApp group" },
};

static const char *charge_of(const char *team)
{
	for (size_t i = 0; i < sizeof(charges) / sizeof(charges[0]); i++)
		if (strcmp(charges[i].team, team) == 0)
			return charges[i].says;
	return "is part of it";
}

static void member(struct buf *json, const char *key, const char *value)
{
	uint8_t last = json->len > 0 ? json->data[json->len - 1] : '{';
	buf_printf(json, "%s\"%s\":", last == '{' ? "" : ",", key);
	buf_append_json(json, value, strlen(value));
}

/* Members that are there, with the changes of the pseudonyms. */
static void member_pseudonym(struct buf *json, const char *key, const char *value, const struct pseudonyms *pseudonyms)
{
	struct buf changed = BUF_INIT;
	if (value == NULL || value[0] == '\0')
		return;
	pseudonyms_apply(pseudonyms, value, &changed);
	member(json, key, buf_text(&changed));
	buf_release(&changed);
}

static void write_narrative(const struct retelling *retelling, const struct pseudonyms *pseudonyms, struct prng *prng,
			    struct buf *json)
{
	struct buf pseudonymise = BUF_INIT, text = BUF_INIT;

	pseudonyms_apply(pseudonyms, retelling->example->tip.narrative, &pseudonymise);
	paraphrase_vary(buf_text(&pseudonymise), retelling->named == NULL, prng, &text);
	if (retelling->named != NULL)
		buf_printf(&text, " %s %s %s, collar number %s, %s.", retelling->named->rank, retelling->named->forename,
			   retelling->named->surname, retelling->named->number, charge_of(retelling->example->team));
	member(json, "narrative", buf_text(&text));
	buf_release(&pseudonymise);
	buf_release(&text);
}

/* Another minute of the same day. */
static void write_received(const char *received, struct prng *prng, struct buf *json)
{
	struct buf text = BUF_INIT;
	if (received == NULL || strlen(received) < 19)
		return;
	buf_append(&text, received, 11);
	buf_printf(&text, "%02zu:%02zu", prng_below(prng, 24), prng_below(prng, 60));
	buf_append_str(&text, received + 16);
	member(json, "received", buf_text(&text));
	buf_release(&text);
}

static void write_subject(const struct subject *subject, const struct pseudonyms *pseudonyms, struct buf *json)
{
	const struct {
		const char *key, *value;
	} members[] = {
		{ "name", subject->name },         { "rank", subject->rank },         { "number", subject->number },
		{ "station", subject->station },   { "nickname", subject->nickname }, { "handle", subject->handle },
		{ "vehicle", subject->vehicle },   { "as_written", subject->as_written },
	};
	buf_append_byte(json, '{');
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		member_pseudonym(json, members[i].key, members[i].value, pseudonyms);
	buf_append_byte(json, '}');
}

static void write_subjects(const struct retelling *retelling, const struct pseudonyms *pseudonyms, struct buf *json)
{
	const struct tip *tip = &retelling->example->tip;
	const struct pseudonyms nobody = { .n = 0 };
	struct buf name = BUF_INIT;
	size_t n = 0;

	buf_append_str(json, ",\"subjects\":[");
	for (size_t i = 0; i < tip->n_subjects && n + 1 < TIP_SUBJECTS_MAX; i++) {
		buf_append_str(json, n++ > 0 ? "," : "");
		write_subject(&tip->subjects[i], pseudonyms, json);
	}
	if (retelling->named != NULL) {
		buf_printf(&name, "%s %s", retelling->named->forename, retelling->named->surname);
		const struct subject subject = { .name = buf_text(&name), .rank = retelling->named->rank,
						 .number = retelling->named->number };
		buf_append_str(json, n > 0 ? "," : "");
		write_subject(&subject, &nobody, json);
		buf_release(&name);
	}
	buf_append_byte(json, ']');
}

void retelling_write(const struct retelling *retelling, struct prng *prng, struct buf *json)
{
	const struct tip *tip = &retelling->example->tip;
	struct pseudonyms *pseudonyms = mem_alloc(sizeof(*pseudonyms));

	pseudonyms_init(pseudonyms, tip, retelling->round);
	buf_append_byte(json, '{');
	member(json, "tip_id", retelling->tip_id);
	member(json, "channel", channel_names[tip->channel]);
	member(json, "language", tip->language);
	write_received(tip->received, prng, json);
	write_narrative(retelling, pseudonyms, prng, json);
	member_pseudonym(json, "relation", tip->relation, pseudonyms);
	member_pseudonym(json, "where", tip->where, pseudonyms);
	member_pseudonym(json, "when", tip->when, pseudonyms);
	write_subjects(retelling, pseudonyms, json);
	member(json, "contact", contact_mode_names[tip->contact]);
	if (tip->contact_details != NULL)
		member(json, "contact_details", tip->contact_details);
	buf_append_byte(json, '}');
	pseudonyms_release(pseudonyms);
	free(pseudonyms);
}
