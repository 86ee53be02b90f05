/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "workers/classify/lexicon.h"

#define DEPTH_MAX 8

struct expander {
	int (*each)(void *arg, const char *plain, struct err *err);
	void *arg;
	size_t n;
	unsigned depth;
};

static int wrong(struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, NULL, "%s", what);
}

/* The bracket that closes the one at `p`, or NULL. */
static const char *closing(const char *p)
{
	unsigned depth = 0;

	for (; *p; p++) {
		depth += *p == '(';
		if (*p == ')' && --depth == 0)
			return p;
	}
	return NULL;
}

/* The end of the alternative that begins at `p`: a | of this group, or its end. */
static const char *alternative_end(const char *p, const char *group_end)
{
	unsigned depth = 0;

	for (; p < group_end; p++) {
		depth += *p == '(';
		depth -= *p == ')';
		if (*p == '|' && depth == 0)
			return p;
	}
	return group_end;
}

static int expand(struct expander *ex, const char *pattern, struct err *err);

/* Expands `head` + `middle` + `tail`. */
static int expand_with(struct expander *ex, struct slice head, struct slice middle, const char *tail, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc;

	buf_append_slice(&text, head);
	buf_append_slice(&text, middle);
	buf_append_str(&text, tail);
	rc = expand(ex, buf_text(&text), err);
	buf_release(&text);
	return rc;
}

static int expand_group(struct expander *ex, const char *pattern, const char *open, struct err *err)
{
	const char *close = closing(open), *tail, *end;
	struct slice head = slice_of(pattern, (size_t)(open - pattern));

	if (!close)
		return wrong(err, "a group is not closed");
	tail = close + 1 + (close[1] == '?');
	if (tail > close + 1 && expand_with(ex, head, slice_of("", 0), tail, err) != 0)
		return -1;
	for (const char *p = open + 1; p <= close; p = end + 1) {
		end = alternative_end(p, close);
		if (expand_with(ex, head, slice_of(p, (size_t)(end - p)), tail, err) != 0)
			return -1;
	}
	return 0;
}

static int expand(struct expander *ex, const char *pattern, struct err *err)
{
	const char *open = strchr(pattern, '(');
	int rc;

	if (open) {
		if (++ex->depth > DEPTH_MAX)
			return wrong(err, "more than 8 groups");
		rc = expand_group(ex, pattern, open, err);
		ex->depth--;
		return rc;
	}
	if (strpbrk(pattern, "|)?"))
		return wrong(err, "| ) or ? without a group");
	if (++ex->n > LEXICON_EXPANSIONS_MAX)
		return wrong(err, "a pattern that stands for too many phrases");
	return ex->each(ex->arg, pattern, err);
}

int lexicon_expand(const char *pattern, int (*each)(void *arg, const char *plain, struct err *err), void *arg,
		   struct err *err)
{
	struct expander ex = { .each = each, .arg = arg };

	return expand(&ex, pattern, err);
}
