/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/file.h"
#include "ops/runtime/utf8.h"
#include "schema/digest.h"

#define PAGE_BYTES_MAX (256 << 10)
#define ASSET_BYTES_MAX (2 << 20)
#define OPENING "{{"
#define CLOSING "}}"
#define MARK_LEN 2

/* A stretch of a page's text, then what stands in a place; the last has none (N_PLACES). */
struct piece {
	struct slice text;
	enum place place;
};

struct leaf {
	struct buf text;
	struct piece *pieces;
	size_t n_pieces;
};

struct pages {
	struct leaf leaves[N_PAGES];
	struct buf assets[N_ASSETS];
};

static const char *const place_names[N_PLACES] = {
#define PLACE_NAME(symbol, name) name,
	PAGE_PLACES(PLACE_NAME)
#undef PLACE_NAME
};

static const char *const leaf_files[N_PAGES] = {
	[PAGE_START] = "start.html",           [PAGE_SAFETY] = "safety.html",
	[PAGE_REPORT] = "report.html",         [PAGE_RECEIVED] = "received.html",
	[PAGE_UNAVAILABLE] = "unavailable.html", [PAGE_MISSING] = "missing.html",
};

static const char *const asset_files[N_ASSETS] = { [ASSET_STYLE] = "site.css", [ASSET_SCRIPT] = "report.js" };

/* Without these the script has nobody to seal to. */
static const enum place report_needs[] = { PLACE_RECIPIENTS, PLACE_ROOT };

static int place_of(const char *name, size_t len)
{
	for (int i = 0; i < N_PLACES; i++)
		if (strlen(place_names[i]) == len && memcmp(place_names[i], name, len) == 0)
			return i;
	return -1;
}

static size_t line_of(const char *text, const char *at)
{
	size_t line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int no_such_place(const char *path, size_t line, struct err *err)
{
	struct buf names = BUF_INIT;

	for (int i = 0; i < N_PLACES; i++)
		buf_printf(&names, " %s", place_names[i]);
	err_set(err, ERR_CONFIG, NULL, "%s:%zu: " OPENING "…" CLOSING " must name one of:%s", path, line, buf_text(&names));
	buf_release(&names);
	return -1;
}

static void add_piece(struct leaf *leaf, const char *from, const char *to, enum place place)
{
	leaf->pieces = mem_grow(leaf->pieces, (leaf->n_pieces + 1) * sizeof(*leaf->pieces));
	leaf->pieces[leaf->n_pieces++] = (struct piece){ slice_of(from, (size_t)(to - from)), place };
}

static int split(struct leaf *leaf, const char *path, struct err *err)
{
	const char *const text = buf_text(&leaf->text);
	const char *from = text, *open;

	while ((open = strstr(from, OPENING)) != NULL) {
		const char *name = open + MARK_LEN, *close = strstr(name, CLOSING);
		const int place = close != NULL ? place_of(name, (size_t)(close - name)) : -1;

		if (place < 0)
			return no_such_place(path, line_of(text, open), err);
		add_piece(leaf, from, open, (enum place)place);
		from = close + MARK_LEN;
	}
	add_piece(leaf, from, text + leaf->text.len, N_PLACES);
	return 0;
}

static bool has_place(const struct leaf *leaf, enum place place)
{
	for (size_t i = 0; i < leaf->n_pieces; i++)
		if (leaf->pieces[i].place == place)
			return true;
	return false;
}

static int check_report(const struct leaf *leaf, const char *path, struct err *err)
{
	for (size_t i = 0; i < sizeof(report_needs) / sizeof(report_needs[0]); i++)
		if (!has_place(leaf, report_needs[i]))
			return err_set(err, ERR_CONFIG, NULL, "%s: lacks " OPENING "%s" CLOSING ", which the script seals by",
				       path, place_names[report_needs[i]]);
	return 0;
}

static int check_utf8(const struct leaf *leaf, const char *path, struct err *err)
{
	const char *const text = buf_text(&leaf->text);
	uint32_t code;
	int valid = 1;

	for (size_t at = 0; at < leaf->text.len; ) {
		const size_t n = utf8_next(leaf->text.data + at, leaf->text.len - at, &code, &valid);

		if (!valid)
			return err_set(err, ERR_CONFIG, NULL, "%s:%zu: bytes that are not UTF-8", path, line_of(text, text + at));
		at += n;
	}
	return 0;
}

static int read_leaf(struct leaf *leaf, enum page page, const char *folder, struct err *err)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", folder, leaf_files[page]);
	int rc = file_read(&leaf->text, buf_text(&path), PAGE_BYTES_MAX, err);
	if (rc == 0)
		rc = check_utf8(leaf, buf_text(&path), err);
	if (rc == 0)
		rc = split(leaf, buf_text(&path), err);
	if (rc == 0 && page == PAGE_REPORT)
		rc = check_report(leaf, buf_text(&path), err);
	buf_release(&path);
	return rc;
}

static int read_asset(struct buf *asset, const char *name, const char *folder, struct err *err)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", folder, name);
	int rc = file_read(asset, buf_text(&path), ASSET_BYTES_MAX, err);
	buf_release(&path);
	return rc;
}

/* A browser does not run a script that has another hash than the page says: the form would open for nobody. */
static int check_script(const struct pages *pages, const char *folder, struct err *err)
{
	char integrity[DIGEST_SRI + 16], hash[DIGEST_SRI];

	digest_sri(hash, buf_slice(&pages->assets[ASSET_SCRIPT]));
	(void)snprintf(integrity, sizeof(integrity), "integrity=\"%s\"", hash);
	for (int i = 0; i < N_PAGES; i++)
		if (strstr(buf_text(&pages->leaves[i].text), integrity) == NULL)
			return err_set(err, ERR_CONFIG, NULL, "%s/%s: has not the hash of %s/%s, so that no browser would run it: "
				       "it must say %s", folder, leaf_files[i], folder, asset_files[ASSET_SCRIPT], integrity);
	return 0;
}

static int read_all(struct pages *pages, const char *folder, struct err *err)
{
	for (int i = 0; i < N_PAGES; i++)
		if (read_leaf(&pages->leaves[i], (enum page)i, folder, err))
			return -1;
	for (int i = 0; i < N_ASSETS; i++)
		if (read_asset(&pages->assets[i], asset_files[i], folder, err))
			return -1;
	return check_script(pages, folder, err);
}

int pages_open(struct pages **out, const char *folder, struct err *err)
{
	struct pages *pages = mem_alloc(sizeof(*pages));

	if (read_all(pages, folder, err)) {
		pages_free(pages);
		return -1;
	}
	*out = pages;
	return 0;
}

void pages_free(struct pages *pages)
{
	if (pages == NULL)
		return;
	for (int i = 0; i < N_PAGES; i++) {
		buf_release(&pages->leaves[i].text);
		free(pages->leaves[i].pieces);
	}
	for (int i = 0; i < N_ASSETS; i++)
		buf_release(&pages->assets[i]);
	free(pages);
}

static const char *escape_of(char c)
{
	static const struct {
		char c;
		const char *escape;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		if (escapes[i].c == c)
			return escapes[i].escape;
	return NULL;
}

static void append_escaped(struct buf *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		const char *escape = escape_of(*text);

		if (escape != NULL)
			buf_append_str(out, escape);
		else
			buf_append_byte(out, (uint8_t)*text);
	}
}

void pages_render(const struct pages *pages, enum page page, const struct places *places, struct buf *out)
{
	const struct leaf *leaf = &pages->leaves[page];

	for (size_t i = 0; i < leaf->n_pieces; i++) {
		buf_append_slice(out, leaf->pieces[i].text);
		if (leaf->pieces[i].place < N_PLACES)
			append_escaped(out, places->text[leaf->pieces[i].place]);
	}
}

struct slice pages_asset(const struct pages *pages, enum asset asset)
{
	return buf_slice(&pages->assets[asset]);
}
