/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain: the form of a browser without JavaScript: its fields, in the clear, made the document that libtipline seals.
 *
 * What was typed is kept as it was but for what no tip may hold: line ends become one newline, other control
 * characters go, bytes that are not UTF-8 become U+FFFD. Fields of other names are left out. All of it is wiped by
 * plain_release.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_PLAIN_H
#define TIPLINE_PRODUCERS_WEBFORM_PLAIN_H

#include "ops/runtime/buf.h"
#include "producers/webform/pages.h"

struct plain {
	struct buf text[N_PLACES]; /* of the places that are fields of the form */
	bool wants_contact;
};

/* `body`: application/x-www-form-urlencoded. Of a name that comes twice the last counts. */
void plain_read(struct plain *plain, struct slice body);
void plain_release(struct plain *plain);
/*
 * The member that must be filled in and is not, as a JSON pointer, static; NULL: none. Blanks alone fill nothing in.
 * "/contact": contact details stand there, and staying anonymous is chosen.
 */
const char *plain_lacks(const struct plain *plain);
/* Appends the tip (tipline-tip(5)). */
void plain_document(const struct plain *plain, struct buf *json);
/* What was typed, to be shown again; borrowed from `plain`. */
void plain_places(const struct plain *plain, struct places *places);

#endif
