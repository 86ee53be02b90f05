/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest: the word that somebody who mistyped another most likely meant, for "did you mean".
 *
 *	struct nearest n = nearest_to(typed);
 *	for (…) nearest_offer(&n, names[i]);
 *	n.best
 *
 * `best` is NULL when nothing offered is close. It is borrowed from what was offered.
 */
#ifndef TIPLINE_OPS_RUNTIME_NEAREST_H
#define TIPLINE_OPS_RUNTIME_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word, *best;
	size_t distance; /* of best; only what is nearer replaces it */
};

struct nearest nearest_to(const char *word);
void nearest_offer(struct nearest *nearest, const char *name);

#define NEAREST_HINT_MAX 200

/*
 * The end of a message about a word that is none of `names`: "; did you mean NAME?", or when none is near "; possible
 * are a, b, c", as many of them as fit. `n` names, or fewer when a NULL ends the list.
 */
void nearest_hint(char hint[NEAREST_HINT_MAX], const char *word, const char *const *names, size_t n);

#endif
