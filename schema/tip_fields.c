/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tip_fields.h"

#include <ctype.h>
#include <string.h>

#include "schema/seal.h"
#include "schema/tip.h"
#include "schema/tip_id.h"

static const char *check_language(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return "not a language tag";
	return NULL;
}

static bool number_between(const char *text, size_t digits, int least, int most)
{
	int n = 0;

	for (size_t i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		n = n * 10 + (text[i] - '0');
	}
	return n >= least && n <= most;
}

/* "Z" or "+HH:MM". */
static bool is_offset(const char *text)
{
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	return strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && number_between(text + 1, 2, 0, 23) &&
	       text[3] == ':' && number_between(text + 4, 2, 0, 59);
}

/* RFC 3339, 5.6. A wrong clock is not a fault of form: any year goes. */
static const char *check_time(const char *text, size_t len)
{
	static const char shape[] = "0000-00-00T00:00:00";
	static const struct {
		size_t at;
		int least, most;
	} parts[] = { { 5, 1, 12 }, { 8, 1, 31 }, { 11, 0, 23 }, { 14, 0, 59 }, { 17, 0, 60 } };
	size_t i;

	if (len < sizeof(shape))
		return "not an RFC 3339 time";
	for (i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == '0' ? !isdigit((unsigned char)text[i]) : toupper((unsigned char)text[i]) != shape[i])
			return "not an RFC 3339 time";
	for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
		if (!number_between(text + parts[part].at, 2, parts[part].least, parts[part].most))
			return "not an RFC 3339 time";
	if (text[i] == '.') {
		const size_t digits = strspn(text + i + 1, "0123456789");

		i += digits ? 1 + digits : 0;
	}
	return is_offset(text + i) ? NULL : "not an RFC 3339 time";
}

static const char *check_channel(const char *text, size_t len)
{
	return taxonomy_find(channel_names, N_CHANNELS, text, len) < 0
		? "not a channel; possible are web, phone, partner, batch, letter" : NULL;
}

static const char *check_contact(const char *text, size_t len)
{
	return taxonomy_find(contact_mode_names, N_CONTACT_MODES, text, len) < 0
		? "not a contact mode; possible are none, mailbox, details" : NULL;
}

static const char *check_tip_id(const char *text, size_t len)
{
	struct tip_id id;

	return tip_id_parse(&id, text, len) != 0 || tip_id_is_zero(&id) ? "not 32 lower-case hex digits" : NULL;
}

const struct tip_field tip_fields[] = {
	{ "narrative", TIP_NARRATIVE_MAX, offsetof(struct tip, narrative), false, NULL,
	  "What happened, in the tipster's or the call handler's words.", NULL, true },
	{ "language", 35, offsetof(struct tip, language), false, check_language,
	  "BCP 47 tag of the narrative.", "en", false },
	{ "received", 40, offsetof(struct tip, received), false, check_time,
	  "RFC 3339 time when the channel took the tip. Exact, so it stands only inside the seal.", NULL, false },
	{ "relation", 200, offsetof(struct tip, relation), false, NULL,
	  "Who the tipster is to the people in it, in plain words: neighbour, colleague, victim.", NULL, false },
	{ "where", 1000, offsetof(struct tip, where), false, NULL,
	  "Where it happened, as told.", NULL, false },
	{ "when", 1000, offsetof(struct tip, when), false, NULL,
	  "When it happened, as told.", NULL, false },
	{ "channel", 16, TIP_FIELD_NO_PLACE, false, check_channel,
	  "How the tip came. What counts later is the channel in the seal, which the adapter's key is "
	  "bound to.", NULL, false },
	{ "contact", 16, TIP_FIELD_NO_PLACE, false, check_contact,
	  "none: anonymous. mailbox: anonymous, comes back with a receipt code. details: left contact "
	  "details.", "none", false },
	{ "contact_details", CONTACT_TEXT_MAX, offsetof(struct tip, contact_details), true, NULL,
	  "At intake only, with contact \"details\". Sealed apart, to the contact custodian alone.", NULL, false },
	{ "tip_id", 32, TIP_FIELD_NO_PLACE, true, check_tip_id,
	  "At intake only: the id of a tip that is handed over again. 32 lower-case hex digits, not "
	  "all zero.", NULL, false },
	{ NULL, 0, 0, false, NULL, NULL, NULL, false },
};

const struct tip_field subject_fields[] = {
	{ "name", 200, offsetof(struct subject, name), false, NULL,
	  "Name, as far as it is known.", NULL, false },
	{ "rank", 100, offsetof(struct subject, rank), false, NULL,
	  "Rank, as it was told.", NULL, false },
	{ "number", 50, offsetof(struct subject, number), false, NULL,
	  "Shoulder, collar or warrant number.", NULL, false },
	{ "station", 200, offsetof(struct subject, station), false, NULL,
	  "Station or unit.", NULL, false },
	{ "nickname", 200, offsetof(struct subject, nickname), false, NULL,
	  "What others call them.", NULL, false },
	{ "handle", 200, offsetof(struct subject, handle), false, NULL,
	  "User name online.", NULL, false },
	{ "vehicle", 200, offsetof(struct subject, vehicle), false, NULL,
	  "Registration mark.", NULL, false },
	{ "as_written", 1000, offsetof(struct subject, as_written), false, NULL,
	  "The words of the narrative that point at this person.", NULL, false },
	{ NULL, 0, 0, false, NULL, NULL, NULL, false },
};

const struct tip_field *tip_field_find(const struct tip_field *fields, const char *name)
{
	while (fields->name && strcmp(fields->name, name) != 0)
		fields++;
	return fields->name ? fields : NULL;
}

bool tip_field_is_extra(const char *name)
{
	return name[0] == 'x' && name[1] == '-';
}
