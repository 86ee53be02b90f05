/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary_search: finds any of many byte strings in a stream of any length, in constant memory.
 *
 * All strings are at least MARKER_MIN bytes long, so one of every MARKER_MIN - 3 neighbouring blocks of 4 bytes, at
 * whichever place counting begins, lies in each of them at one of its first MARKER_MIN - 3 offsets (the idea of Wu and
 * Manber's agrep). Those blocks are entered into a table, and only each (MARKER_MIN - 3)-th place of the stream is
 * looked at: the rest of the time goes into reading.
 */
#ifndef TIPLINE_OPS_CTL_CANARY_SEARCH_H
#define TIPLINE_OPS_CTL_CANARY_SEARCH_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

#define SEARCH_WINDOW (1u << 20) /* bytes that are taken at once */

struct search;

struct search *search_new(void);
void search_free(struct search *search);
/* At least MARKER_MIN bytes; copied. `tag` is what a match of it is told with. */
void search_add(struct search *search, struct slice bytes, size_t tag);

/* A match: `at` counts as the stream does, `tag` is the string's. */
typedef void search_hit(void *arg, uint64_t at, size_t tag);

struct search_stream {
	const struct search *search; /* borrowed */
	search_hit *hit;
	void *arg;
	uint8_t *window; /* owned */
	size_t kept;     /* bytes at its start that were looked at before */
	uint64_t at;     /* of its first byte */
};

void search_stream_init(struct search_stream *stream, const struct search *search, search_hit *hit, void *arg);
void search_stream_release(struct search_stream *stream); /* the window is wiped */
/* What follows is at `at` and joins nothing that came before. */
void search_stream_begin(struct search_stream *stream, uint64_t at);
/* Where the next SEARCH_WINDOW bytes may be put; then how many of them there are. */
uint8_t *search_stream_room(struct search_stream *stream);
void search_stream_add(struct search_stream *stream, size_t n);
/* The same for bytes that lie elsewhere. */
void search_stream_feed(struct search_stream *stream, const uint8_t *data, size_t len);

#endif
