/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip: the JSON document a channel collects, as schema/tip.schema.json describes it, guarded, parsed and checked.
 *
 * Bounds are checked on the raw bytes before Jansson sees them (it would spend 79 MiB on 1 MiB of "{},"): valid UTF-8
 * without NUL, BOM or surrogates, depth at most 32, at most 10,000 values, no key twice (escaped or not), nothing
 * after the document, numbers that a double or 64-bit integer holds. Unknown members are allowed only under "x-…"
 * names.
 * Null and empty members count as absent. Text with control characters other than tab, newline and carriage return
 * (C0, DEL, C1) is TIP_INVALID, so that no tip can speak to a terminal; nothing is altered, an adapter cleans what it
 * collects. Bidirectional overrides and non-characters are let through: displays escape them. Strings are borrowed from
 * the parsed document, which tip_release frees and wipes. Errors carry the reason and the JSON pointer, never content.
 */
#ifndef TIPLINE_SCHEMA_TIP_H
#define TIPLINE_SCHEMA_TIP_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/taxonomy.h"

#define TIP_JSON_MAX (2 << 20) /* bytes of a document at intake; a sealed one has BODY_JSON_MAX */
#define TIP_DEPTH_MAX 32
#define TIP_VALUES_MAX 10000
#define TIP_SUBJECTS_MAX 64

struct subject {
	const char *name, *rank, *number, *station, *nickname, *handle, *vehicle, *as_written; /* NULL when absent */
};

struct tip {
	const char *narrative;  /* required, 1 byte or more */
	size_t narrative_len;
	const char *language;   /* BCP 47; "en" when absent */
	const char *received;   /* RFC 3339, exact, sealed; NULL when absent */
	const char *relation, *where, *when; /* NULL when absent */
	enum channel channel;   /* as the document says, CHANNEL_WEB when absent; what counts is the seal's own */
	enum contact_mode contact;
	const char *contact_details; /* only at intake: libtipline takes it out before sealing the body */
	struct subject subjects[TIP_SUBJECTS_MAX];
	size_t n_subjects;
	void *document; /* the parsed JSON */
};

/* The guard alone: TOO_LARGE, JSON_SYNTAX, JSON_UTF8, JSON_DEPTH, JSON_SIZE, JSON_DUPLICATE. */
int tip_guard(struct slice json, struct err *err);
/* Guard, parse, check. `intake`: contact_details and tip_id are allowed (they never stand in a sealed body). */
int tip_parse(struct tip *tip, struct slice json, bool intake, struct err *err);
/*
 * The document as it is sealed: compact, in the order given, without contact_details, tip_id, x- members and what is
 * null or empty. Appends to `out`. TOO_LARGE over BODY_JSON_MAX.
 */
int tip_dump(const struct tip *tip, struct buf *out, struct err *err);
void tip_release(struct tip *tip);
/* The member "tip_id" of an intake document, or NULL. */
const char *tip_given_id(const struct tip *tip);

/*
 * Jansson on an allocator that wipes what it frees. Call it before the first tip is parsed; again does no harm. It
 * stays compatible with plain malloc and free, so a program that uses Jansson itself is not disturbed.
 */
void tip_begin(void);
/* The same for libtipline: Jansson, which the program may use as well, says that memory is out and does not abort. */
void tip_begin_as_guest(void);

#endif
