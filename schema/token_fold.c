/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/token_text.h"

/* U+00C0 to U+017F as plain letters; "" parts words. */
static const char latin[][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", /* 00c0 */
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "ss", /* 00d0 */
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", /* 00e0 */
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "y", /* 00f0 */
	"a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c", "d", "d", /* 0100 */
	"d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g", /* 0110 */
	"g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i", "i", "i", "i", "i", /* 0120 */
	"i", "i", "ij", "ij", "j", "j", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l", /* 0130 */
	"l", "l", "l", "n", "n", "n", "n", "n", "n", "n", "ng", "ng", "o", "o", "o", "o", /* 0140 */
	"o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s", /* 0150 */
	"s", "s", "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u", /* 0160 */
	"u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s", /* 0170 */
};

/* Ranges above Latin that are not letters: symbols, punctuation, private use, the replacement character. */
static const struct range {
	uint32_t first, last;
} parting[] = {
	{ 0x0080, 0x00BF }, { 0x2000, 0x206F }, { 0x20A0, 0x20CF }, { 0x2190, 0x2BFF }, { 0x2E00, 0x2E7F },
	{ 0x3000, 0x3004 }, { 0x3008, 0x303F }, { 0xD800, 0xF8FF }, { 0xFE10, 0xFE6F }, { 0xFF01, 0xFF0F },
	{ 0xFFF0, 0xFFFF }, { 0x1F000, 0x1FAFF }, { 0xE0000, 0x10FFFF },
};

/* Marks that combine with the letter before, joiners and direction marks that can hide inside a word, apostrophes. */
static const struct range dropped[] = {
	{ 0x00AD, 0x00AD }, { 0x02BC, 0x02BC }, { 0x0300, 0x036F }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
	{ 0x200B, 0x200F }, { 0x2018, 0x2019 }, { 0x202A, 0x202E }, { 0x2060, 0x2069 }, { 0x20D0, 0x20FF },
	{ 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF },
};

static bool in_ranges(const struct range *ranges, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n && code >= ranges[i].first; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

/* `code` is above ASCII. */
static size_t utf8_write(char *out, uint32_t code)
{
	static const uint8_t heads[] = { 0xC0, 0xE0, 0xF0 };
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	out[0] = (char)(heads[len - 2] | code);
	return len;
}

static bool latin_is_upper(uint32_t code)
{
	if (code < 0x100)
		return code < 0xDF;
	if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E))
		return code % 2 == 1;
	return code != 0x138 && code != 0x149 && (code == 0x178 || code % 2 == 0);
}

static void fold_latin(struct fold *fold, uint32_t code)
{
	const char *cell = latin[code - 0xC0];

	fold->kind = *cell ? FOLD_LETTER : FOLD_PART;
	fold->upper = latin_is_upper(code);
	while (cell[fold->len]) {
		fold->text[fold->len] = cell[fold->len];
		fold->len++;
	}
}

static uint32_t lower_wide(uint32_t code)
{
	if (code >= 0x0391 && code <= 0x03A9)
		return code + 0x20;
	if (code >= 0x0410 && code <= 0x042F)
		return code + 0x20;
	if (code >= 0x0400 && code <= 0x040F)
		return code + 0x50;
	return code;
}

void fold_code(struct fold *fold, uint32_t code)
{
	uint32_t lower;

	*fold = (struct fold){ .kind = FOLD_PART };
	if (code >= 0xC0 && code < 0x180) {
		fold_latin(fold, code);
		return;
	}
	if (in_ranges(dropped, sizeof(dropped) / sizeof(dropped[0]), code)) {
		fold->kind = FOLD_DROP;
		return;
	}
	if (code < 0x80 || in_ranges(parting, sizeof(parting) / sizeof(parting[0]), code))
		return;
	lower = lower_wide(code);
	fold->kind = FOLD_LETTER;
	fold->upper = lower != code;
	fold->len = (uint8_t)utf8_write(fold->text, lower);
}
