/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/utf8.h"

#include <stdbool.h>

/* The leading bytes of RFC 3629, and the range that the byte after them must be in. */
static const struct lead {
	uint8_t first, last;
	uint8_t len, mask;
	uint8_t second_min, second_max;
} leads[] = {
	{ 0x00, 0x7F, 1, 0x7F, 0, 0 },
	{ 0xC2, 0xDF, 2, 0x1F, 0x80, 0xBF },
	{ 0xE0, 0xE0, 3, 0x0F, 0xA0, 0xBF },
	{ 0xE1, 0xEC, 3, 0x0F, 0x80, 0xBF },
	{ 0xED, 0xED, 3, 0x0F, 0x80, 0x9F },
	{ 0xEE, 0xEF, 3, 0x0F, 0x80, 0xBF },
	{ 0xF0, 0xF0, 4, 0x07, 0x90, 0xBF },
	{ 0xF1, 0xF3, 4, 0x07, 0x80, 0xBF },
	{ 0xF4, 0xF4, 4, 0x07, 0x80, 0x8F },
};

static const struct lead *lead_of(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	}
	return NULL;
}

static bool continues(const struct lead *lead, size_t at, uint8_t byte)
{
	if (at == 1)
		return byte >= lead->second_min && byte <= lead->second_max;
	return byte >= 0x80 && byte <= 0xBF;
}

size_t utf8_next(const uint8_t *p, size_t len, uint32_t *code, int *valid)
{
	const struct lead *lead = lead_of(p[0]);
	size_t n = 1;
	uint32_t c;

	if (lead) {
		c = p[0] & lead->mask;
		while (n < lead->len && n < len && continues(lead, n, p[n]))
			c = c << 6 | (p[n++] & 0x3Fu);
		if (n == lead->len) {
			*code = c;
			if (valid)
				*valid = 1;
			return n;
		}
	}
	*code = UTF8_REPLACEMENT;
	if (valid)
		*valid = 0;
	return n;
}

size_t utf8_whole(const char *text, size_t len)
{
	size_t back = 0;

	while (back < UTF8_MAX && back < len) {
		const uint8_t byte = (uint8_t)text[len - 1 - back];
		const struct lead *lead = lead_of(byte);

		back++;
		if (lead)
			return lead->len > back ? len - back : len;
		if ((byte & 0xC0) != 0x80)
			break;
	}
	return len;
}
