/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_facts: what the conditions of a policy ask of a tip: the record, numbers worked out from it, and the few
 * things that stand only in the tip's own document, which is parsed when a condition first asks for one of them.
 */
#ifndef TIPLINE_WORKERS_ROUTE_MATCH_FACTS_H
#define TIPLINE_WORKERS_ROUTE_MATCH_FACTS_H

#include "schema/record.h"

#define MATCH_WORD_MAX 32

struct match_facts {
	const struct record *record;
	bool read, valid;
	char language[MATCH_WORD_MAX];
	char relation[MATCH_WORD_MAX]; /* "unknown" when the tip says nothing of it */
	size_t narrative_len;
	bool identified; /* a subject has a name, number, nickname, handle or vehicle */
};

/* The record is borrowed. */
void match_facts_init(struct match_facts *facts, const struct record *record);
/* Reads the document unless that was done; false when it cannot be read. */
bool match_facts_read(struct match_facts *facts);

/* The best score of a category or sub-code within scope. */
float match_facts_best(const struct match_facts *facts);
size_t match_facts_strong_links(const struct match_facts *facts);
/* Different words, stop words left out; SIZE_MAX when the list of tokens was cut. */
size_t match_facts_words(const struct match_facts *facts);

#endif
