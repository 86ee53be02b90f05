/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages: what the public sees, read from a folder at the start: pages with places to fill in, style and script.
 *
 * A place is {{name}} with one of the names of PAGE_PLACES; a page with another name is refused, with its file and
 * line, and so is a report page that lacks the list of recipients or the root key, and any page that does not say the
 * hash of the script (integrity="sha512-…"). What is filled in is text, escaped for HTML in element content and in
 * quoted attributes; a page must not use it anywhere else. Nothing changes after pages_open, so any thread may render.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_PAGES_H
#define TIPLINE_PRODUCERS_WEBFORM_PAGES_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

/* X(symbol, name) */
#define PAGE_PLACES(X) \
	X(ORGANISATION, "organisation") \
	X(PHONE, "phone") \
	X(EXIT, "exit") \
	X(RECIPIENTS, "recipients") \
	X(ROOT, "root") \
	X(PROBLEM, "problem") \
	X(PROBLEM_AT, "problem_at") \
	X(PROBLEM_MARK, "problem_mark") \
	X(PROBLEM_HIDDEN, "problem_hidden") \
	X(NARRATIVE, "narrative") \
	X(WHERE, "where") \
	X(WHEN, "when") \
	X(RELATION, "relation") \
	X(SUBJECT_NAME, "subject_name") \
	X(SUBJECT_RANK, "subject_rank") \
	X(SUBJECT_NUMBER, "subject_number") \
	X(SUBJECT_STATION, "subject_station") \
	X(CONTACT_NONE, "contact_none") \
	X(CONTACT_DETAILS_CHECKED, "contact_details_checked") \
	X(CONTACT_DETAILS, "contact_details")

enum place {
#define PAGE_PLACE(symbol, name) PLACE_##symbol,
	PAGE_PLACES(PAGE_PLACE)
#undef PAGE_PLACE
	N_PLACES
};

enum page { PAGE_START, PAGE_SAFETY, PAGE_REPORT, PAGE_RECEIVED, PAGE_UNAVAILABLE, PAGE_MISSING, N_PAGES };
enum asset { ASSET_STYLE, ASSET_SCRIPT, N_ASSETS };

/* What is filled in; NULL is as good as "". */
struct places {
	const char *text[N_PLACES];
};

struct pages;

int pages_open(struct pages **out, const char *folder, struct err *err) __attribute__((warn_unused_result));
void pages_free(struct pages *pages); /* NULL is allowed */
/* Appends the page. */
void pages_render(const struct pages *pages, enum page page, const struct places *places, struct buf *out);
/* Borrowed until pages_free. */
struct slice pages_asset(const struct pages *pages, enum asset asset);

#endif
