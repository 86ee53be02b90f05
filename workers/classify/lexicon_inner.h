/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon_inner: the compiled lexicon, shared by the code that reads it and the code that scores with it.
 */
#ifndef TIPLINE_WORKERS_CLASSIFY_LEXICON_INNER_H
#define TIPLINE_WORKERS_CLASSIFY_LEXICON_INNER_H

#include <hs/hs.h>

#include "ops/runtime/yaml.h"
#include "workers/classify/lexicon.h"
#include "workers/classify/normal.h"

#define LEXICON_ENTRIES_MAX 1024
#define LEXICON_PARTS_MAX 65536
#define LEXICON_EXPRESSIONS_MAX 65536
#define ENTRY_SUBS_MAX 4
#define ENTRY_PLACES 3  /* places of one entry that are kept as evidence */
#define REFERS_MAX 16

/* What an entry can weigh on: the categories, out-of-scope among them by its own name, then risk. */
enum target { TARGET_RISK = N_CATEGORIES, N_TARGETS };

enum field { FIELD_NARRATIVE, FIELD_RELATION, FIELD_RANK, FIELD_WHEN, N_FIELDS };
enum fact { FACT_NONE, FACT_NO_SUBJECTS, FACT_SHORT, N_FACTS };

struct entry {
	const char *name;             /* in the YAML tree, as all text */
	float weights[N_TARGETS];
	int category;                 /* whose sub-codes `subs` are; -1: none */
	uint8_t subs[ENTRY_SUBS_MAX]; /* indices into category_subcodes */
	size_t n_subs;
	int refer;                    /* index into refers, or -1 */
	float weight;                 /* the one written as `weight` */
	enum field field;
	enum fact fact;
	bool missing;                 /* holds when nothing matches */
};

struct place {
	uint32_t start, end;
};

/*
 * What Hyperscan looks for. A pattern without "..." or inner stems is one part. In "a ... b" b must begin at most
 * GAP_MAX bytes behind a in the same sentence; in "keep* quiet" the second part must begin where the word ends whose
 * stem was the first. Hyperscan could join them, but then could not tell where matches begin, and is many
 * times slower.
 */
#define GAP_MAX 40
#define PART_MEMORY 2
struct part {
	uint16_t entry;
	bool last;                       /* completes the pattern */
	bool stem, glued;                /* ends inside a word; continues the word that `before` left */
	int before;                      /* the part that must stand in front, or -1 */
	size_t as;                       /* the part that a match of this one is a match of */
	uint32_t scan;                   /* when `seen` was written; older is void */
	uint8_t n_seen;
	struct place seen[PART_MEMORY];  /* the last places up to here, from the first part's start on */
};

/* One expression: many may stand for one part. */
struct phrase {
	uint32_t part;
	uint32_t len; /* of a literal */
};

/* One Hyperscan database: literals over normal text, or regular expressions over the text itself. */
struct matcher {
	hs_database_t *database;
	hs_scratch_t *scratch;
	struct phrase *phrases; /* by Hyperscan's id */
};

struct lexicon {
	struct yaml *yaml;
	struct entry *entries;
	size_t n_entries;
	struct part *parts;
	size_t n_parts;
	uint32_t scans;
	struct matcher literals, regexes;
	struct normal normal;
	float bias[N_TARGETS], damp, report_above;
	const char *refers[REFERS_MAX];
	size_t n_refers;
	uint8_t hash[HASH_BYTES];
	/* of the tip at hand */
	uint8_t *met;
	struct place *places;         /* ENTRY_PLACES an entry */
	uint8_t *n_places;
};

/* Expressions on their way into Hyperscan. */
struct expressions {
	char **text;
	size_t *lens;
	unsigned *flags, *ids;
	int *lines;
	struct phrase *phrases;
	size_t n;
};

struct lexicon_source {
	struct expressions literals, regexes;
	struct part *parts;
	size_t n_parts;
};

/* lexicon_parts.c: a pattern as it is written becomes parts and expressions. */
int lexicon_add_pattern(struct lexicon_source *source, size_t entry, const struct yaml_node *node, struct err *err);
/* Fills met and places with what stands in one field. */
int lexicon_scan(struct lexicon *lexicon, enum field field, const char *text, size_t len, struct err *err);
int lexicon_read(struct lexicon *lexicon, struct lexicon_source *source, struct err *err);

#endif
