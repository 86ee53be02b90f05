/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/taxonomy.h"

#include <string.h>

const char *const category_names[N_CATEGORIES] = {
	[CORRUPTION] = "corruption",
	[ABUSE_OF_POSITION] = "abuse-of-position",
	[DOMESTIC_ABUSE] = "domestic-abuse",
	[DISCRIMINATION] = "discrimination",
	[OUT_OF_SCOPE] = "out-of-scope",
};

const char *const channel_names[N_CHANNELS] = {
	[CHANNEL_WEB] = "web",
	[CHANNEL_PHONE] = "phone",
	[CHANNEL_PARTNER] = "partner",
	[CHANNEL_BATCH] = "batch",
	[CHANNEL_LETTER] = "letter",
};

const char *const contact_mode_names[N_CONTACT_MODES] = {
	[CONTACT_NONE] = "none",
	[CONTACT_MAILBOX] = "mailbox",
	[CONTACT_DETAILS] = "details",
};

const char *const outcome_names[N_OUTCOMES] = {
	[OUTCOME_INVESTIGATE] = "investigate",
	[OUTCOME_SAFEGUARD] = "safeguard",
	[OUTCOME_RECORD] = "record",
	[OUTCOME_REFER] = "refer",
	[OUTCOME_ASSESS] = "assess",
};

const char *const priority_names[N_PRIORITIES] = {
	[PRIORITY_IMMEDIATE] = "immediate",
	[PRIORITY_HIGH] = "high",
	[PRIORITY_NORMAL] = "normal",
	[PRIORITY_LOW] = "low",
};

static const char *const corruption[] = {
	"bribery", "disclosure", "association", "theft", "drugs", "evidence", NULL,
};
static const char *const abuse_of_position[] = { "sexual", "personal-benefit", NULL };
static const char *const domestic_abuse[] = { "physical", "coercive-control", "stalking", "child", NULL };
static const char *const discrimination[] = {
	"racism", "misogyny", "homophobia", "transphobia", "religion", "disablism", NULL,
};
/* Why a tip is not for this hotline; where it belongs is the record's `refer_to`. */
static const char *const out_of_scope[] = {
	"emergency", "ordinary-crime", "other-force", "service-complaint", "no-information", NULL,
};

const char *const *const category_subcodes[N_CATEGORIES] = {
	[CORRUPTION] = corruption,
	[ABUSE_OF_POSITION] = abuse_of_position,
	[DOMESTIC_ABUSE] = domestic_abuse,
	[DISCRIMINATION] = discrimination,
	[OUT_OF_SCOPE] = out_of_scope,
};

int taxonomy_find(const char *const *names, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return (int)i;
	return -1;
}

size_t taxonomy_count(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}
