/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/match_facts.h"

#include "schema/tip.h"

void match_facts_init(struct match_facts *facts, const struct record *record)
{
	*facts = (struct match_facts){ .record = record };
}

static bool is_identified(const struct tip *tip)
{
	for (size_t i = 0; i < tip->n_subjects; i++) {
		const struct subject *subject = &tip->subjects[i];

		if (subject->name || subject->number || subject->nickname || subject->handle || subject->vehicle)
			return true;
	}
	return false;
}

bool match_facts_read(struct match_facts *facts)
{
	struct tip tip;

	if (facts->read)
		return facts->valid;
	facts->read = true;
	if (tip_parse(&tip, facts->record->body, false, NULL) < 0)
		return false;
	snprintf(facts->language, sizeof(facts->language), "%s", tip.language);
	snprintf(facts->relation, sizeof(facts->relation), "%s", tip.relation ? tip.relation : "unknown");
	facts->narrative_len = tip.narrative_len;
	facts->identified = is_identified(&tip);
	tip_release(&tip);
	return facts->valid = true;
}

float match_facts_best(const struct match_facts *facts)
{
	const struct classification *classification = &facts->record->classification;
	float best = 0;

	for (size_t i = 0; i < classification->n_labels; i++) {
		const struct label *label = &classification->labels[i];

		if (label->category != OUT_OF_SCOPE && label->score > best)
			best = label->score;
	}
	return best;
}

size_t match_facts_strong_links(const struct match_facts *facts)
{
	const struct record *record = facts->record;
	size_t n = 0;

	for (size_t i = 0; i < record->n_links; i++)
		n += record->links[i].strong;
	return n;
}

size_t match_facts_words(const struct match_facts *facts)
{
	const struct token_list *tokens = &facts->record->tokens;
	size_t n = 0;

	if (tokens->cut)
		return SIZE_MAX;
	for (size_t i = 0; i < tokens->n; i++)
		n += tokens->items[i].class == TOKEN_WORD;
	return n;
}
