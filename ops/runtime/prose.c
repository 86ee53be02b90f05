/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/prose.h"

#include "ops/runtime/utf8.h"

static int columns(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((uint8_t)text[i] & 0xC0) != 0x80;
	return n;
}

static bool is_verbatim(const char *line)
{
	return *line == ' ' || *line == '\t';
}

static size_t line_len(const char *line)
{
	return strcspn(line, "\n");
}

static const char *line_next(const char *line)
{
	line += line_len(line);
	return *line ? line + 1 : line;
}

/* One line's words, after those that stand at `*column` already; 0: at the start of a line. */
static void wrap_words(struct buf *out, int indent, int *column, const char *line, size_t len)
{
	const char *end = line + len;

	while (line < end) {
		size_t n;

		line += strspn(line, " \t");
		n = strcspn(line, " \t\n");
		if (n == 0 || line >= end)
			return;
		if (*column && *column + 1 + columns(line, n) > PROSE_WIDTH) {
			buf_append_byte(out, '\n');
			*column = 0;
		}
		if (*column)
			buf_append_byte(out, ' ');
		else
			buf_printf(out, "%*s", indent, "");
		buf_append(out, line, n);
		*column += (*column ? 1 : indent) + columns(line, n);
		line += n;
	}
}

void prose_wrap(struct buf *out, int indent, const char *text)
{
	int column = 0;

	for (; *text; text = line_next(text)) {
		const size_t len = line_len(text);

		if (len && !is_verbatim(text)) {
			wrap_words(out, indent, &column, text, len);
			continue;
		}
		if (column)
			buf_append_byte(out, '\n');
		column = 0;
		if (len)
			buf_printf(out, "%*s%.*s", indent, "", (int)len, text);
		buf_append_byte(out, '\n');
	}
	if (column)
		buf_append_byte(out, '\n');
}

static void roff_char(struct buf *out, uint32_t code)
{
	if (code == '\\')
		buf_append_str(out, "\\e");
	else if (code == '-')
		buf_append_str(out, "\\-"); /* a minus that can be copied into a shell, not a hyphen */
	else if (code == '\'')
		buf_append_str(out, "\\(aq");
	else if (code == '`')
		buf_append_str(out, "\\(ga");
	else if (code == '^')
		buf_append_str(out, "\\(ha");
	else if (code == '~')
		buf_append_str(out, "\\(ti");
	else if (code < 0x80)
		buf_append_byte(out, (uint8_t)code);
	else
		buf_printf(out, "\\[u%04X]", code);
}

static void roff_text(struct buf *out, const char *text, size_t len)
{
	uint32_t code;

	if (len && *text == '.')
		buf_append_str(out, "\\&");
	for (size_t at = 0; at < len;) {
		at += utf8_next((const uint8_t *)text + at, len - at, &code, NULL);
		roff_char(out, code);
	}
}

void prose_roff(struct buf *out, const char *text)
{
	roff_text(out, text, strlen(text));
}

/* Flowing text: broken where it grows long, so that the page's source can be read and compared as well. */
static void roff_flow(struct buf *out, const char *text, size_t len)
{
	const size_t width = PROSE_WIDTH - 8;

	while (len > width) {
		size_t n = width;

		while (n > 0 && text[n] != ' ')
			n--;
		if (n == 0)
			break;
		roff_text(out, text, n);
		buf_append_byte(out, '\n');
		n += strspn(text + n, " ");
		text += n;
		len -= n;
	}
	roff_text(out, text, len);
	buf_append_byte(out, '\n');
}

/* The requests that lie between a line and the one before it. */
static void roff_turn(struct buf *out, bool was_verbatim, bool verbatim, bool gap)
{
	if (was_verbatim && !verbatim)
		buf_append_str(out, ".EE\n.RE\n");
	if (gap && !(verbatim && was_verbatim))
		buf_append_str(out, ".PP\n");
	else if (gap)
		buf_append_str(out, "\n");
	if (verbatim && !was_verbatim)
		buf_append_str(out, ".RS 4\n.EX\n");
}

void prose_roff_paragraphs(struct buf *out, const char *text)
{
	bool was_verbatim = false, gap = false, any = false;
	size_t margin = 0; /* of the first line of a block that stands as it is: .RS takes its place */

	for (; *text; text = line_next(text)) {
		const size_t len = line_len(text);
		const bool verbatim = is_verbatim(text);
		const size_t blanks = strspn(text, " \t");
		size_t skip;

		if (verbatim && !was_verbatim)
			margin = blanks;
		skip = blanks < margin ? blanks : margin;
		if (len <= blanks) {
			gap = any;
			continue;
		}
		roff_turn(out, was_verbatim, verbatim, gap);
		if (verbatim) {
			roff_text(out, text + skip, len - skip);
			buf_append_byte(out, '\n');
		} else {
			roff_flow(out, text, len);
		}
		was_verbatim = verbatim;
		gap = false;
		any = true;
	}
	roff_turn(out, was_verbatim, false, false);
}
