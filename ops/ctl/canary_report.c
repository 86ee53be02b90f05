/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked through, counted and reported. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/canary.h"
#include "ops/ctl/canary_forms.h"

#define HITS_LISTED_MAX 1000

/* A tag says the marker and the encoding, which is one of the names that canary_forms gives. */
static const char *const encodings[] = {
	"utf-8", "utf-8 lower case", "utf-8 upper case", "utf-16le", "utf-16be", "percent", "base64 +0", "base64 +1",
	"base64 +2", "base64url +0", "base64url +1", "base64url +2", "hex", "json",
};

#define N_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

static size_t tag_of(size_t marker, const char *encoding)
{
	for (size_t i = 0; i < N_ENCODINGS; i++)
		if (strcmp(encodings[i], encoding) == 0)
			return marker * N_ENCODINGS + i;
	BUG("no name for an encoding");
}

static json_t *text(const char *s)
{
	json_t *value = json_string(s);

	return value ? value : json_string("(not UTF-8)");
}

static void on_hit(void *arg, uint64_t at, size_t tag)
{
	struct canary *canary = arg;

	canary->hits_here++;
	if (canary->n_hits++ >= HITS_LISTED_MAX)
		return;
	json_array_append_new(canary->hits, json_pack("{s:o, s:I, s:s, s:o}", "place", text(canary->object), "at",
						      (json_int_t)at, "encoding", encodings[tag % N_ENCODINGS], "marker",
						      text(canary->markers->names[tag / N_ENCODINGS])));
}

void canary_init(struct canary *canary, const struct canary_markers *markers)
{
	memset(canary, 0, sizeof(*canary));
	canary->markers = markers;
	canary->search = search_new();
	canary->places = json_array();
	canary->hits = json_array();
	canary->not_searched = json_array();
	for (size_t i = 0; i < markers->n; i++) {
		struct canary_form forms[CANARY_FORMS_MAX];
		const size_t n = canary_forms(forms, markers->texts[i]);

		for (size_t k = 0; k < n; k++) {
			search_add(canary->search, buf_slice(&forms[k].bytes), tag_of(i, forms[k].encoding));
			buf_release(&forms[k].bytes);
		}
	}
	search_stream_init(&canary->stream, canary->search, on_hit, canary);
}

void canary_release(struct canary *canary)
{
	search_stream_release(&canary->stream);
	search_free(canary->search);
	json_decref(canary->places);
	json_decref(canary->hits);
	json_decref(canary->not_searched);
}

static void count_hit(void *arg, uint64_t at, size_t tag)
{
	size_t *n = arg;

	(void)at;
	(void)tag;
	(*n)++;
}

/* A form in two pieces, at every distance from where the search looks. */
static bool finds(struct search_stream *stream, const struct buf *form)
{
	static const uint8_t filling[MARKER_MIN + 1] = "############";
	const size_t half = form->len / 2, *n = stream->arg;
	const size_t before = *n;

	for (size_t shift = 0; shift <= MARKER_MIN; shift++) {
		search_stream_begin(stream, 0);
		search_stream_feed(stream, filling, shift);
		search_stream_feed(stream, form->data, half);
		search_stream_feed(stream, form->data + half, form->len - half);
	}
	return *n - before >= MARKER_MIN + 1;
}

static bool finds_all(struct search_stream *stream, const char *marker)
{
	struct canary_form forms[CANARY_FORMS_MAX];
	const size_t n = canary_forms(forms, marker);
	bool found = true;

	for (size_t i = 0; i < n; i++) {
		found = found && finds(stream, &forms[i].bytes);
		buf_release(&forms[i].bytes);
	}
	return found;
}

int canary_self_check(struct canary *canary, struct err *err)
{
	struct search_stream stream;
	size_t n = 0, i = 0;

	search_stream_init(&stream, canary->search, count_hit, &n);
	while (i < canary->markers->n && finds_all(&stream, canary->markers->texts[i]))
		i++;
	search_stream_release(&stream);
	if (i == canary->markers->n)
		return 0;
	return err_set(err, ERR_BUG, NULL, "the search does not find marker %s where it was put",
		       canary->markers->names[i]);
}

void canary_place(struct canary *canary, const char *kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(canary->place, sizeof(canary->place), fmt, args);
	va_end(args);
	canary->kind = kind;
	canary->bytes = 0;
	canary->objects = 0;
	canary->hits_here = 0;
}

void canary_place_end(struct canary *canary)
{
	json_array_append_new(canary->places,
			      json_pack("{s:o, s:s, s:I, s:I, s:I}", "place", text(canary->place), "kind", canary->kind,
					"objects", (json_int_t)canary->objects, "bytes", (json_int_t)canary->bytes, "hits",
					(json_int_t)canary->hits_here));
}

void canary_object(struct canary *canary, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(canary->object, sizeof(canary->object), fmt, args);
	va_end(args);
	canary->objects++;
	search_stream_begin(&canary->stream, 0);
}

void canary_took(struct canary *canary, size_t n)
{
	search_stream_add(&canary->stream, n);
	canary->bytes += n;
}

int canary_read(struct canary *canary, int fd)
{
	for (;;) {
		const ssize_t n = read(fd, search_stream_room(&canary->stream), SEARCH_WINDOW);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		canary_took(canary, (size_t)n);
	}
}

int canary_pread(struct canary *canary, int fd, uint64_t at, uint64_t end)
{
	search_stream_begin(&canary->stream, at);
	while (at < end) {
		const size_t most = end - at < SEARCH_WINDOW ? (size_t)(end - at) : SEARCH_WINDOW;
		const ssize_t n = pread(fd, search_stream_room(&canary->stream), most, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		canary_took(canary, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

void canary_not_searched(struct canary *canary, const char *object, const char *fmt, ...)
{
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	json_array_append_new(canary->not_searched, json_pack("{s:o, s:o}", "place", text(object), "why", text(why)));
}
