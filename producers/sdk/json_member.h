/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_member: where a member of a JSON object stands, as the bytes it was written in. Not a parser: documents are
 * judged by schema/tip.h; this finds a part of one without reading the rest. It never looks outside `object`, whatever
 * the bytes are; of a document that is not valid JSON the answer means nothing.
 */
#ifndef TIPLINE_PRODUCERS_SDK_JSON_MEMBER_H
#define TIPLINE_PRODUCERS_SDK_JSON_MEMBER_H

#include <stdbool.h>

#include "ops/runtime/buf.h"

/* The value of the first member whose key is written exactly so, without escapes. */
bool json_member(struct slice object, const char *key, struct slice *value);
/* The i-th element of an array. */
bool json_element(struct slice array, size_t i, struct slice *value);
/* A value that is a string without escapes: its text. */
bool json_plain_string(struct slice value, struct slice *text);

#endif
