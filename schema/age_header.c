/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an age header. Strict: what a writer following the specification cannot have written is refused. */
#include <string.h>

#include <sodium.h>

#include "schema/age_parts.h"
#include "schema/hkdf.h"
#include "schema/reason.h"

#define BODY_COLUMNS 64
#define BODY_LINE_BYTES 48
#define ARGUMENTS_KEPT 2

struct cursor {
	struct slice rest;
};

struct stanza_lines {
	struct slice arguments[ARGUMENTS_KEPT];
	size_t n_arguments; /* all of them; the first few are kept */
	uint8_t body[AGE_HEADER_MAX];
	size_t body_len;
};

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, REASON_AGE_HEADER, "age header: %s", what);
}

/* The next line without its line feed; -1 when there is none. */
static int next_line(struct cursor *cursor, struct slice *line)
{
	const uint8_t *end = memchr(cursor->rest.data, '\n', cursor->rest.len);
	size_t len;

	if (end == NULL)
		return -1;
	len = (size_t)(end - cursor->rest.data);
	*line = slice_of(cursor->rest.data, len);
	cursor->rest = slice_of(end + 1, cursor->rest.len - len - 1);
	return 0;
}

static bool starts_with(struct slice s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && memcmp(s.data, text, len) == 0;
}

/* Canonical base64 without padding, of at most `size` bytes. */
static int base64_decode(uint8_t *out, size_t size, size_t *len, struct slice text)
{
	/* libsodium 1.0.18 reads bytes over 0x7f as if they were digits, which would give a MAC several spellings. */
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] > 0x7f)
			return -1;
	return sodium_base642bin(out, size, (const char *)text.data, text.len, NULL, len, NULL,
				 sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

static int base64_decode_32(uint8_t out[32], struct slice text)
{
	size_t len = 0;

	return text.len == AGE_BASE64_32 && base64_decode(out, 32, &len, text) == 0 && len == 32 ? 0 : -1;
}

/* One space between arguments, each of printable characters and none empty. */
static int split_arguments(struct stanza_lines *lines, struct slice line)
{
	lines->n_arguments = 0;
	for (size_t start = 0, i = 0; i <= line.len; i++) {
		if (i < line.len && line.data[i] != ' ') {
			if (line.data[i] < 0x21 || line.data[i] > 0x7e)
				return -1;
			continue;
		}
		if (i == start)
			return -1;
		if (lines->n_arguments < ARGUMENTS_KEPT)
			lines->arguments[lines->n_arguments] = slice_of(line.data + start, i - start);
		lines->n_arguments++;
		start = i + 1;
	}
	return 0;
}

/* Full lines of 64 columns, then a shorter one, which may be empty. */
static int read_body(struct stanza_lines *lines, struct cursor *cursor)
{
	struct slice line;
	size_t len;

	lines->body_len = 0;
	do {
		if (next_line(cursor, &line) != 0 || line.len > BODY_COLUMNS)
			return -1;
		if (base64_decode(lines->body + lines->body_len, BODY_LINE_BYTES, &len, line) != 0)
			return -1;
		lines->body_len += len;
	} while (line.len == BODY_COLUMNS);
	return 0;
}

static int take_x25519(struct age_header *header, const struct stanza_lines *lines)
{
	struct age_stanza *stanza = &header->stanzas[header->n];

	if (lines->n_arguments != 2 || lines->body_len != AGE_WRAPPED_BYTES ||
	    base64_decode_32(stanza->share, lines->arguments[1]) != 0)
		return -1;
	memcpy(stanza->wrapped, lines->body, AGE_WRAPPED_BYTES);
	header->n++;
	return 0;
}

static int read_stanza(struct age_header *header, struct cursor *cursor, struct slice line, struct err *err)
{
	struct stanza_lines lines;

	if (!starts_with(line, AGE_STANZA_START))
		return refuse(err, "neither a stanza nor the MAC");
	line = slice_of(line.data + strlen(AGE_STANZA_START), line.len - strlen(AGE_STANZA_START));
	if (split_arguments(&lines, line) != 0)
		return refuse(err, "stanza arguments");
	if (read_body(&lines, cursor) != 0)
		return refuse(err, "stanza body");
	/* A passphrase is never a tipline recipient, and guessing at one is made to cost time. */
	if (slice_equal(lines.arguments[0], slice_str("scrypt")))
		return refuse(err, "sealed to a passphrase");
	if (!slice_equal(lines.arguments[0], slice_str(AGE_X25519))) {
		header->n_others++;
		return 0;
	}
	return take_x25519(header, &lines) == 0 ? 0 : refuse(err, "X25519 stanza");
}

static int read_mac(struct age_header *header, struct slice line)
{
	static const size_t start = sizeof(AGE_MAC_START " ") - 1;

	if (!starts_with(line, AGE_MAC_START " "))
		return -1;
	return base64_decode_32(header->mac, slice_of(line.data + start, line.len - start));
}

int age_header_parse(struct age_header *header, struct slice file, struct err *err)
{
	struct cursor cursor = { slice_of(file.data, file.len < AGE_HEADER_MAX ? file.len : AGE_HEADER_MAX) };
	struct slice line;

	header->n = header->n_others = 0;
	if (!starts_with(cursor.rest, AGE_VERSION_LINE))
		return refuse(err, "not age version 1");
	cursor.rest = slice_of(file.data + strlen(AGE_VERSION_LINE), cursor.rest.len - strlen(AGE_VERSION_LINE));
	for (;;) {
		if (next_line(&cursor, &line) != 0)
			return refuse(err, "unfinished or too long");
		if (starts_with(line, AGE_MAC_START))
			break;
		if (header->n + header->n_others == AGE_RECIPIENTS_MAX)
			return refuse(err, "too many stanzas");
		if (read_stanza(header, &cursor, line, err) != 0)
			return -1;
	}
	if (header->n + header->n_others == 0)
		return refuse(err, "no stanza");
	if (read_mac(header, line) != 0)
		return refuse(err, "MAC line");
	header->covered = slice_of(file.data, (size_t)(line.data - file.data) + strlen(AGE_MAC_START));
	header->size = (size_t)(cursor.rest.data - file.data);
	return 0;
}

int age_look(struct age_look *look, struct slice file, struct err *err)
{
	struct age_header header;

	if (age_header_parse(&header, file, err) != 0)
		return -1;
	*look = (struct age_look){ .stanzas = header.n, .others = header.n_others };
	return 0;
}

void age_header_mac(uint8_t mac[AGE_MAC_BYTES], const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice covered)
{
	uint8_t key[HKDF_BYTES];

	hkdf_sha256(key, slice_of(file_key, AGE_FILE_KEY_BYTES), slice_str(""), slice_str("header"));
	hmac_sha256(mac, slice_of(key, sizeof(key)), covered);
	sodium_memzero(key, sizeof(key));
}
