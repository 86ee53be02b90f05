/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/age_armour.h"

#include <string.h>

#include <sodium.h>

#include "schema/reason.h"

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----"
#define END_LINE "-----END AGE ENCRYPTED FILE-----"
#define COLUMNS 64
#define LINE_BYTES 48

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, REASON_AGE_ARMOUR, "age armour: %s", what);
}

void age_armour_init(struct age_armour *armour)
{
	armour->at = ARMOUR_BEFORE;
	armour->len = armour->space = 0;
}

static bool is_space(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr(" \t\r\n", text.data[i], 4) == NULL)
			return false;
	return true;
}

static int skip_space(struct age_armour *armour, size_t len, struct err *err)
{
	armour->space += len;
	return armour->space <= AGE_ARMOUR_SPACE_MAX ? 0 : refuse(err, "too much white space around it");
}

static int take_before(struct age_armour *armour, struct slice line, struct err *err)
{
	if (!slice_equal(line, slice_str(BEGIN_LINE)))
		return refuse(err, "no line that begins it");
	armour->at = ARMOUR_LINES;
	return 0;
}

static int take_end(struct age_armour *armour, struct slice line, struct err *err)
{
	if (!slice_equal(line, slice_str(END_LINE)))
		return refuse(err, "a line behind its last");
	armour->at = ARMOUR_BEHIND;
	armour->space = 0;
	return 0;
}

/* 64 columns, or fewer in the last line, and never none. */
static int take_line(struct age_armour *armour, struct buf *out, struct slice line, struct err *err)
{
	size_t len;

	if (slice_equal(line, slice_str(END_LINE)))
		return take_end(armour, line, err);
	if (line.len == 0 || line.len > COLUMNS)
		return refuse(err, "a line that is empty or longer than 64 columns");
	/* libsodium 1.0.18 reads bytes over 0x7f as if they were digits. */
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] > 0x7f)
			return refuse(err, "not base64");
	if (sodium_base642bin(buf_reserve(out, LINE_BYTES), LINE_BYTES, (const char *)line.data, line.len, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return refuse(err, "not base64");
	out->len += len;
	out->data[out->len] = '\0';
	if (len < LINE_BYTES)
		armour->at = ARMOUR_LAST_LINE;
	return 0;
}

/* A line without its line feed. */
static int end_line(struct age_armour *armour, struct buf *out, struct err *err)
{
	struct slice line = slice_of(armour->line, armour->len);

	armour->len = 0;
	if (armour->at == ARMOUR_BEFORE && is_space(line))
		return skip_space(armour, line.len + 1, err);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (armour->at == ARMOUR_BEFORE)
		return take_before(armour, line, err);
	return armour->at == ARMOUR_LINES ? take_line(armour, out, line, err) : take_end(armour, line, err);
}

int age_armour_update(struct age_armour *armour, struct buf *out, struct slice text, struct err *err)
{
	while (text.len > 0) {
		const uint8_t *end;
		size_t len;

		if (armour->at == ARMOUR_BEHIND)
			return is_space(text) ? skip_space(armour, text.len, err) : refuse(err, "more behind its end");
		end = memchr(text.data, '\n', text.len);
		len = end != NULL ? (size_t)(end - text.data) : text.len;
		if (len > sizeof(armour->line) - armour->len)
			return refuse(err, "a line that is too long");
		memcpy(armour->line + armour->len, text.data, len);
		armour->len += len;
		if (end == NULL)
			return 0;
		if (end_line(armour, out, err) != 0)
			return -1;
		text = slice_of(text.data + len + 1, text.len - len - 1);
	}
	return 0;
}

int age_armour_final(struct age_armour *armour, struct buf *out, struct err *err)
{
	if (armour->len > 0 && armour->at != ARMOUR_BEHIND && end_line(armour, out, err) != 0)
		return -1;
	return armour->at == ARMOUR_BEHIND ? 0 : refuse(err, "it does not end");
}
