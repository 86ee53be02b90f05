/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/classify/lexicon.h"

#include <errno.h>

#include "ops/runtime/file.h"
#include "schema/digest.h"
#include "workers/classify/lexicon_inner.h"

#define LEXICON_FILE_MAX (4u << 20)

static int hs_problem(struct err *err, const char *what, hs_error_t status)
{
	return err_set(err, ERR_SYSTEM, NULL, "Hyperscan cannot %s (error %d)", what, status);
}

static int platform_check(struct err *err)
{
	if (hs_valid_platform() == HS_SUCCESS)
		return 0;
	return err_set(err, ERR_SYSTEM, NULL, "this processor lacks SSSE3, which Hyperscan needs: run classify elsewhere");
}

static void expressions_init(struct expressions *list)
{
	list->text = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->text));
	list->lens = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->lens));
	list->flags = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->flags));
	list->ids = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->ids));
	list->lines = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->lines));
	list->phrases = mem_alloc(LEXICON_EXPRESSIONS_MAX * sizeof(*list->phrases));
	list->n = 0;
}

/* The phrases went to the matcher. */
static void expressions_release(struct expressions *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->text[i]);
	free(list->text);
	free(list->lens);
	free(list->flags);
	free(list->ids);
	free(list->lines);
}

static int compile_problem(const struct expressions *list, const char *name, hs_compile_error_t *problem,
			   struct err *err)
{
	int at = problem->expression;

	if (errno == ENOMEM) /* it would blame the expression it had in hand */
		mem_refused(err, name);
	else if (at >= 0 && (size_t)at < list->n)
		err_set(err, ERR_CONFIG, NULL, "%s:%d: %s (%s)", name, list->lines[at], problem->message, list->text[at]);
	else
		err_set(err, ERR_CONFIG, NULL, "%s: %s", name, problem->message);
	hs_free_compile_error(problem);
	return -1;
}

/* No expressions, no database. */
static int matcher_compile(struct matcher *matcher, const struct expressions *list, bool literal, const char *name,
			   struct err *err)
{
	const char *const *text = (const char *const *)list->text;
	hs_compile_error_t *problem = NULL;
	hs_error_t status;

	if (list->n == 0)
		return 0;
	errno = 0;
	if (literal)
		status = hs_compile_lit_multi(text, list->flags, list->ids, list->lens, (unsigned)list->n, HS_MODE_BLOCK,
					      NULL, &matcher->database, &problem);
	else
		status = hs_compile_multi(text, list->flags, list->ids, (unsigned)list->n, HS_MODE_BLOCK, NULL,
					  &matcher->database, &problem);
	if (status != HS_SUCCESS)
		return compile_problem(list, name, problem, err);
	status = hs_alloc_scratch(matcher->database, &matcher->scratch);
	return status == HS_SUCCESS ? 0 : hs_problem(err, "make its scratch space", status);
}

static void matcher_release(struct matcher *matcher)
{
	hs_free_scratch(matcher->scratch);
	hs_free_database(matcher->database);
	free(matcher->phrases);
}

static void take_parts(struct lexicon *lexicon, struct lexicon_source *source)
{
	lexicon->n_parts = source->n_parts;
	lexicon->parts = mem_grow(source->parts, (source->n_parts + 1) * sizeof(*source->parts));
}

static int build(struct lexicon *lexicon, const char *name, struct slice text, struct err *err)
{
	struct lexicon_source source = { .n_parts = 0 };
	int rc;

	if (yaml_parse(&lexicon->yaml, name, (const char *)text.data, text.len, err) != 0)
		return -1;
	digest_hash(lexicon->hash, text);
	lexicon->entries = mem_alloc(LEXICON_ENTRIES_MAX * sizeof(*lexicon->entries));
	expressions_init(&source.literals);
	expressions_init(&source.regexes);
	source.parts = mem_alloc(LEXICON_PARTS_MAX * sizeof(*source.parts));
	lexicon->literals.phrases = source.literals.phrases;
	lexicon->regexes.phrases = source.regexes.phrases;
	rc = lexicon_read(lexicon, &source, err);
	if (rc == 0)
		rc = matcher_compile(&lexicon->literals, &source.literals, true, name, err);
	if (rc == 0)
		rc = matcher_compile(&lexicon->regexes, &source.regexes, false, name, err);
	expressions_release(&source.literals);
	expressions_release(&source.regexes);
	take_parts(lexicon, &source);
	lexicon->met = mem_alloc(lexicon->n_entries);
	lexicon->n_places = mem_alloc(lexicon->n_entries);
	lexicon->places = mem_alloc(lexicon->n_entries * ENTRY_PLACES * sizeof(*lexicon->places));
	return rc;
}

int lexicon_parse(struct lexicon **out, const char *name, struct slice text, struct err *err)
{
	struct lexicon *lexicon;

	if (platform_check(err) != 0)
		return -1;
	lexicon = mem_alloc(sizeof(*lexicon));
	if (build(lexicon, name, text, err) != 0) {
		lexicon_free(lexicon);
		return -1;
	}
	*out = lexicon;
	return 0;
}

int lexicon_load(struct lexicon **out, const char *path, struct err *err)
{
	struct buf text = BUF_INIT; /* not yaml_load: the hash is of the bytes themselves */
	int rc = file_read(&text, path, LEXICON_FILE_MAX, err);

	if (rc == 0)
		rc = lexicon_parse(out, path, buf_slice(&text), err);
	buf_release(&text);
	return rc;
}

void lexicon_free(struct lexicon *lexicon)
{
	if (!lexicon)
		return;
	matcher_release(&lexicon->literals);
	matcher_release(&lexicon->regexes);
	normal_release(&lexicon->normal);
	yaml_free(lexicon->yaml);
	free(lexicon->entries);
	free(lexicon->parts);
	free(lexicon->met);
	free(lexicon->n_places);
	free(lexicon->places);
	free(lexicon);
}

size_t lexicon_count(const struct lexicon *lexicon)
{
	return lexicon->n_entries;
}

const char *lexicon_name(const struct lexicon *lexicon, size_t entry)
{
	return lexicon->entries[entry].name;
}

bool lexicon_met(const struct lexicon *lexicon, size_t entry)
{
	return lexicon->met[entry];
}
