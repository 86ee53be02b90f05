/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "workers/classify/lexicon_inner.h"

#define GAP " ... "

struct adding {
	struct lexicon_source *source;
	const struct yaml_node *node; /* where the pattern stands */
	size_t part;
};

static int add_expression(struct expressions *list, struct slice text, unsigned flags, const struct adding *add,
			  size_t part, struct err *err)
{
	size_t i = list->n;

	if (i == LEXICON_EXPRESSIONS_MAX)
		return yaml_error(add->node, err, "the patterns stand for more than %d phrases", LEXICON_EXPRESSIONS_MAX);
	list->text[i] = mem_alloc(text.len + 1);
	memcpy(list->text[i], text.data, text.len);
	list->lens[i] = text.len;
	list->flags[i] = flags;
	list->ids[i] = (unsigned)i;
	list->phrases[i] = (struct phrase){ (uint32_t)part, (uint32_t)text.len };
	list->lines[i] = yaml_line(add->node);
	list->n++;
	return 0;
}

static int new_part(const struct adding *add, size_t entry, int before, size_t *out, struct err *err)
{
	struct lexicon_source *source = add->source;
	struct part *part = &source->parts[source->n_parts];

	if (source->n_parts == LEXICON_PARTS_MAX)
		return yaml_error(add->node, err, "more than %d parts of patterns", LEXICON_PARTS_MAX);
	part->entry = (uint16_t)entry;
	part->before = before;
	part->as = source->n_parts;
	*out = source->n_parts++;
	return 0;
}

/* A plain piece without stems inside, as normal text: " word word ", or " stem". */
static int add_literal(const struct adding *add, size_t part, const char *plain, size_t len, bool stem,
		       struct err *err)
{
	struct normal normal = { 0 };
	int rc;

	normal_set(&normal, plain, len);
	if (stem && normal.len > 0)
		normal.len--;
	if (normal.len < 2)
		rc = yaml_error(add->node, err, "a pattern without a word");
	else
		rc = add_expression(&add->source->literals, slice_of(normal.text, normal.len), 0, add, part, err);
	normal_release(&normal);
	return rc;
}

/*
 * One phrase of the part `add->part`. A stem that is not at the end makes parts of its own, chained by `glued`; the
 * last of them counts as the part itself. Stemmed ends need a part of their own too, to know that they are.
 */
static int add_phrase(void *arg, const char *plain, struct err *err)
{
	const struct adding *add = arg;
	struct part *parts = add->source->parts;
	const struct part *whole = &parts[add->part];
	int before = whole->before;
	bool glued = false;
	const char *star;

	while ((star = strchr(plain, '*')) != NULL) {
		bool ends = star[1] == '\0';
		size_t part = 0;

		if (!ends && star[1] != ' ')
			return yaml_error(add->node, err, "* stands at the end of a word");
		if (new_part(add, whole->entry, before, &part, err) != 0 ||
		    add_literal(add, part, plain, (size_t)(star - plain), true, err) != 0)
			return -1;
		parts[part].stem = true;
		parts[part].glued = glued;
		if (ends) {
			parts[part].last = whole->last;
			parts[part].as = add->part;
			return 0;
		}
		before = (int)part;
		glued = true;
		plain = star + 1;
	}
	if (glued) {
		size_t part = 0;

		if (new_part(add, whole->entry, before, &part, err) != 0)
			return -1;
		parts[part].glued = true;
		parts[part].last = whole->last;
		parts[part].as = add->part;
		return add_literal(add, part, plain, strlen(plain), false, err);
	}
	return add_literal(add, add->part, plain, strlen(plain), false, err);
}

static int add_regex(struct adding *add, size_t entry, const char *text, size_t len, struct err *err)
{
	const unsigned flags = HS_FLAG_CASELESS | HS_FLAG_SOM_LEFTMOST;

	if (new_part(add, entry, -1, &add->part, err) != 0)
		return -1;
	add->source->parts[add->part].last = true;
	return add_expression(&add->source->regexes, slice_of(text, len), flags, add, add->part, err);
}

static int add_between_gaps(struct adding *add, size_t entry, const char *text, int before, bool last,
			    struct err *err)
{
	struct err why = ERR_INIT;

	if (new_part(add, entry, before, &add->part, err) != 0)
		return -1;
	add->source->parts[add->part].last = last;
	if (lexicon_expand(text, add_phrase, add, &why) == 0)
		return 0;
	return yaml_error(add->node, err, "%s: %s", text, why.text);
}

int lexicon_add_pattern(struct lexicon_source *source, size_t entry, const struct yaml_node *node, struct err *err)
{
	struct adding add = { source, node, 0 };
	const char *text = yaml_scalar(node), *gap;
	size_t len = text ? strlen(text) : 0;
	int before = -1, rc = 0;

	if (len == 0)
		return yaml_error(node, err, "a pattern is text");
	if (len > 2 && text[0] == '/' && text[len - 1] == '/')
		return add_regex(&add, entry, text + 1, len - 2, err);
	while (rc == 0 && (gap = strstr(text, GAP)) != NULL) {
		char *piece = mem_strdup(text);

		piece[gap - text] = '\0';
		rc = add_between_gaps(&add, entry, piece, before, false, err);
		free(piece);
		before = (int)add.part;
		text = gap + strlen(GAP);
	}
	return rc == 0 ? add_between_gaps(&add, entry, text, before, true, err) : -1;
}
