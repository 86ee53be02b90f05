/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/buf.h"

#include <stdarg.h>

#include "ops/runtime/err.h"
#include "ops/runtime/utf8.h"

#define BUF_FIRST 64

/* Not realloc: it may leave the old bytes behind in freed memory. */
static void buf_move(struct buf *buf, size_t cap)
{
	uint8_t *data = mem_alloc(cap);

	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		mem_wipe(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
}

uint8_t *buf_reserve(struct buf *buf, size_t len)
{
	size_t need, cap = buf->cap ? buf->cap : BUF_FIRST;

	if (len > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
		BUG("a buffer of %zu and %zu more bytes", buf->len, len);
	need = buf->len + len + 1;
	while (cap < need)
		cap *= 2;
	if (cap != buf->cap)
		buf_move(buf, cap);
	return buf->data + buf->len;
}

static void buf_advance(struct buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	uint8_t *at = buf_reserve(buf, len);

	if (len)
		memcpy(at, data, len);
	buf_advance(buf, len);
}

void buf_append_slice(struct buf *buf, struct slice s)
{
	buf_append(buf, s.data, s.len);
}

void buf_append_str(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_byte(struct buf *buf, uint8_t byte)
{
	buf_append(buf, &byte, 1);
}

static void buf_append_be(struct buf *buf, uint64_t v, size_t size)
{
	uint8_t *at = buf_reserve(buf, size);

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
	buf_advance(buf, size);
}

void buf_append_be16(struct buf *buf, uint16_t v)
{
	buf_append_be(buf, v, sizeof(v));
}

void buf_append_be32(struct buf *buf, uint32_t v)
{
	buf_append_be(buf, v, sizeof(v));
}

void buf_append_be64(struct buf *buf, uint64_t v)
{
	buf_append_be(buf, v, sizeof(v));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;
	size_t room;
	int n;

	buf_reserve(buf, 0);
	room = buf->cap - buf->len;
	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf((char *)buf->data + buf->len, room, fmt, args);
	va_end(args);
	if (n < 0)
		BUG("a format that cannot be printed: %s", fmt);
	if ((size_t)n >= room)
		(void)vsnprintf((char *)buf_reserve(buf, (size_t)n), (size_t)n + 1, fmt, again);
	va_end(again);
	buf_advance(buf, (size_t)n);
}

static void json_escape(struct buf *buf, uint32_t code)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(short_forms); i += 2) {
		if ((uint32_t)short_forms[i] == code) {
			buf_append_byte(buf, '\\');
			buf_append_byte(buf, (uint8_t)short_forms[i + 1]);
			return;
		}
	}
	buf_printf(buf, "\\u%04x", code);
}

/* DEL and the C1 controls may stand in JSON, but an operator's terminal would obey them. */
static bool json_must_escape(uint32_t code)
{
	return code < 0x20 || code == '"' || code == '\\' || (code >= 0x7F && code < 0xA0);
}

void buf_append_json(struct buf *buf, const char *text, size_t len)
{
	size_t at = 0;

	buf_append_byte(buf, '"');
	while (at < len) {
		uint32_t code;
		int valid;
		size_t n = utf8_next((const uint8_t *)text + at, len - at, &code, &valid);

		if (!valid)
			buf_append_str(buf, "\xEF\xBF\xBD");
		else if (json_must_escape(code))
			json_escape(buf, code);
		else
			buf_append(buf, text + at, n);
		at += n;
	}
	buf_append_byte(buf, '"');
}

struct slice buf_slice(const struct buf *buf)
{
	return slice_of(buf->data, buf->len);
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}

void buf_clear(struct buf *buf)
{
	mem_wipe(buf->data, buf->cap);
	buf->len = 0;
}

void buf_release(struct buf *buf)
{
	mem_wipe(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}
