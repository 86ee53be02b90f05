/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexicon: words and phrases that speak for or against a category, a sub-code, present risk, or "not for this
 * hotline", read from one YAML file (lexicon.yaml explains its form to those who keep it) and compiled once
 * with Hyperscan.
 *
 * Every score can be redone with pencil and paper: an entry counts once however often it is met;
 *     log-odds of a category = its bias + the weights of the entries met;   score = 1 / (1 + e^-log-odds)
 *     score of a sub-code    = score of its category * (1 - e^-(weights of its entries met))
 *     out of scope           = as a category, less `damp` * the highest score of any category; entries for what a tip
 *                              lacks (`missing`, `fact`) weigh for it at most twice what those met in the narrative do
 *     refer to               = the target whose entries met weigh most
 * rounded to three decimals, so that machines agree. Each place that an entry was met in the narrative is evidence,
 * by its bytes; the heaviest entries' come first when there are more than EVIDENCE_MAX.
 *
 * Text is matched as normal.h leaves it: words alone, in lower case. Hyperscan needs SSSE3. A lexicon has one
 * scratch space, so it is used by one thread. Slices in a classification borrow from the lexicon.
 */
#ifndef TIPLINE_WORKERS_CLASSIFY_LEXICON_H
#define TIPLINE_WORKERS_CLASSIFY_LEXICON_H

#include "ops/runtime/err.h"
#include "schema/record.h"
#include "schema/tip.h"

struct lexicon;

/* ERR_CONFIG with file:line when the file is wrong, ERR_SYSTEM when this processor cannot run Hyperscan. */
int lexicon_load(struct lexicon **out, const char *path, struct err *err) __attribute__((warn_unused_result));
int lexicon_parse(struct lexicon **out, const char *name, struct slice text, struct err *err)
	__attribute__((warn_unused_result));
void lexicon_free(struct lexicon *lexicon);

/* Fills all of `out`. ERR_BUG when Hyperscan fails, which it has no reason to. */
int lexicon_score(struct lexicon *lexicon, const struct tip *tip, struct classification *out, struct err *err);

/* For tools and tests: the entries, and which of them the last tip met. */
size_t lexicon_count(const struct lexicon *lexicon);
const char *lexicon_name(const struct lexicon *lexicon, size_t entry);
bool lexicon_met(const struct lexicon *lexicon, size_t entry);

/*
 * Calls `each` for every phrase that a pattern's groups stand for: "(a|b) c" gives "a c" and "b c", "(very )?bad"
 * gives "bad" and "very bad". ERR_CONFIG when the pattern is not well formed or stands for too many.
 */
#define LEXICON_EXPANSIONS_MAX 4096
int lexicon_expand(const char *pattern, int (*each)(void *arg, const char *plain, struct err *err), void *arg,
		   struct err *err);

#endif
