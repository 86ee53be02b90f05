/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/act.h"

#include <string.h>

#include "producers/batch/cast.h"
#include "producers/batch/wording.h"

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

/* Members that are there, with the cast's changes. */
static void member_cast(struct buf *json, const char *key, const char *value, const struct cast *cast)
{
	struct buf changed = BUF_INIT;
	if (value == NULL || value[0] == '\0')
		return;
	cast_apply(cast, value, &changed);
	member(json, key, buf_text(&changed));
	buf_release(&changed);
}

static void write_narrative(const struct act *act, const struct cast *cast, struct dice *dice, struct buf *json)
{
	struct buf recast = BUF_INIT, text = BUF_INIT;

	cast_apply(cast, act->tale->tip.narrative, &recast);
	wording_vary(buf_text(&recast), act->named == NULL, dice, &text);
	if (act->named != NULL)
		buf_printf(&text, " %s %s %s, collar number %s, %s.", act->named->rank, act->named->forename,
			   act->named->surname, act->named->number, charge_of(act->tale->team));
	member(json, "narrative", buf_text(&text));
	buf_release(&recast);
	buf_release(&text);
}

/* Another minute of the same day. */
static void write_received(const char *received, struct dice *dice, struct buf *json)
{
	struct buf text = BUF_INIT;
	if (received == NULL || strlen(received) < 19)
		return;
	buf_append(&text, received, 11);
	buf_printf(&text, "%02zu:%02zu", dice_below(dice, 24), dice_below(dice, 60));
	buf_append_str(&text, received + 16);
	member(json, "received", buf_text(&text));
	buf_release(&text);
}

static void write_subject(const struct subject *subject, const struct cast *cast, struct buf *json)
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
		member_cast(json, members[i].key, members[i].value, cast);
	buf_append_byte(json, '}');
}

static void write_subjects(const struct act *act, const struct cast *cast, struct buf *json)
{
	const struct tip *tip = &act->tale->tip;
	const struct cast nobody = { .n = 0 };
	struct buf name = BUF_INIT;
	size_t n = 0;

	buf_append_str(json, ",\"subjects\":[");
	for (size_t i = 0; i < tip->n_subjects && n + 1 < TIP_SUBJECTS_MAX; i++) {
		buf_append_str(json, n++ > 0 ? "," : "");
		write_subject(&tip->subjects[i], cast, json);
	}
	if (act->named != NULL) {
		buf_printf(&name, "%s %s", act->named->forename, act->named->surname);
		const struct subject subject = { .name = buf_text(&name), .rank = act->named->rank,
						 .number = act->named->number };
		buf_append_str(json, n > 0 ? "," : "");
		write_subject(&subject, &nobody, json);
		buf_release(&name);
	}
	buf_append_byte(json, ']');
}

void act_write(const struct act *act, struct dice *dice, struct buf *json)
{
	const struct tip *tip = &act->tale->tip;
	struct cast *cast = mem_alloc(sizeof(*cast));

	cast_init(cast, tip, act->round);
	buf_append_byte(json, '{');
	member(json, "tip_id", act->tip_id);
	member(json, "channel", channel_names[tip->channel]);
	member(json, "language", tip->language);
	write_received(tip->received, dice, json);
	write_narrative(act, cast, dice, json);
	member_cast(json, "relation", tip->relation, cast);
	member_cast(json, "where", tip->where, cast);
	member_cast(json, "when", tip->when, cast);
	write_subjects(act, cast, json);
	member(json, "contact", contact_mode_names[tip->contact]);
	if (tip->contact_details != NULL)
		member(json, "contact_details", tip->contact_details);
	buf_append_byte(json, '}');
	cast_release(cast);
	free(cast);
}
