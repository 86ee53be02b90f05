/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "workers/classify/lexicon_inner.h"

struct scan {
	struct lexicon *lexicon;
	enum field field;
	bool regex;
};

/* Overlapping places of one entry are one. */
static void keep_place(struct lexicon *lexicon, size_t entry, struct place place)
{
	struct place *places = &lexicon->places[entry * ENTRY_PLACES];
	uint8_t *n = &lexicon->n_places[entry];

	for (uint8_t i = 0; i < *n; i++) {
		if (place.start >= places[i].end || place.end <= places[i].start)
			continue;
		if (place.start < places[i].start)
			places[i].start = place.start;
		if (place.end > places[i].end)
			places[i].end = place.end;
		return;
	}
	if (*n < ENTRY_PLACES)
		places[(*n)++] = place;
}

/* Whether `start` in the normal text may follow what ended at `end`. */
static bool follows(const struct normal *normal, bool glued, uint32_t end, uint32_t start)
{
	if (end > start || start - end > GAP_MAX)
		return false;
	for (uint32_t i = end; i < start; i++)
		if (normal->text[i] == (glued ? ' ' : NORMAL_END))
			return false;
	return true;
}

/* Extends `place`, where `part` was met, back to where its pattern began. False when nothing fits before. */
static bool reach_back(const struct lexicon *lexicon, const struct part *part, struct place *place)
{
	const struct part *before;

	if (part->before < 0)
		return true;
	before = &lexicon->parts[part->before];
	if (before->scan != lexicon->scans)
		return false;
	for (uint8_t i = 0; i < before->n_seen; i++) {
		if (!follows(&lexicon->normal, part->glued, before->seen[i].end, place->start))
			continue;
		place->start = before->seen[i].start;
		return true;
	}
	return false;
}

static void remember(struct part *part, uint32_t scan, struct place place)
{
	if (part->scan != scan)
		part->n_seen = 0;
	part->scan = scan;
	if (part->n_seen == PART_MEMORY)
		part->seen[0] = part->seen[--part->n_seen];
	part->seen[part->n_seen++] = place;
}

/* From the normal text to the narrative: without the spaces at the ends, with the rest of a stem's word. */
static struct place to_origin(const struct normal *normal, const struct part *part, struct place place)
{
	uint32_t start = place.start + 1, end = place.end;

	if (part->stem) {
		while (end < normal->len && normal->text[end] != ' ')
			end++;
	} else {
		end--;
	}
	return (struct place){ normal->origin[start], normal->origin[end] };
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	const struct scan *scan = arg;
	struct lexicon *lexicon = scan->lexicon;
	const struct phrase *phrase = &(scan->regex ? &lexicon->regexes : &lexicon->literals)->phrases[id];
	struct part *part = &lexicon->parts[phrase->part];
	struct place place = { (uint32_t)from, (uint32_t)to };

	(void)flags;
	if (lexicon->entries[part->entry].field != scan->field)
		return 0;
	if (!scan->regex) {
		place.start = place.end - phrase->len;
		if (!reach_back(lexicon, part, &place))
			return 0;
	}
	if (!part->last) {
		/* A space may end one part and begin the next. */
		if (!part->stem)
			place.end--;
		remember(&lexicon->parts[part->as], lexicon->scans, place);
		return 0;
	}
	lexicon->met[part->entry] = 1;
	if (scan->field == FIELD_NARRATIVE && !lexicon->entries[part->entry].missing)
		keep_place(lexicon, part->entry, scan->regex ? place : to_origin(&lexicon->normal, part, place));
	return 0;
}

static int run(const struct matcher *matcher, const char *text, size_t len, struct scan *scan, struct err *err)
{
	hs_error_t status;

	if (!matcher->database)
		return 0;
	status = hs_scan(matcher->database, text, (unsigned)len, 0, matcher->scratch, on_match, scan);
	if (status != HS_SUCCESS)
		return err_set(err, ERR_BUG, NULL, "Hyperscan cannot scan (error %d)", status);
	return 0;
}

int lexicon_scan(struct lexicon *lexicon, enum field field, const char *text, size_t len, struct err *err)
{
	struct scan scan = { lexicon, field, false };
	int rc;

	if (len == 0)
		return 0;
	lexicon->scans++;
	normal_set(&lexicon->normal, text, len);
	rc = run(&lexicon->literals, (const char *)lexicon->normal.text, lexicon->normal.len, &scan, err);
	scan.regex = true;
	if (rc == 0)
		rc = run(&lexicon->regexes, text, len, &scan, err);
	normal_wipe(&lexicon->normal);
	return rc;
}
