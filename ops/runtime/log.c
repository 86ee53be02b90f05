/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "ops/runtime/utf8.h"

#define LOG_PROGRAM_MAX 64
#define LOG_CUT " cut=true\n"

/*
 * A line is built on the stack and leaves in one write of at most PIPE_BUF bytes, which a pipe takes whole: lines of
 * several threads and of several processes never mix, and logging cannot fail for want of memory.
 */
struct line {
	char text[PIPE_BUF];
	size_t len;
	bool cut;
};

/* Room that stays free for a value's closing quote and LOG_CUT. */
#define LINE_FREE (sizeof(LOG_CUT) + 1)

static char program[LOG_PROGRAM_MAX] = "tipline"; /* written by log_open, before threads start */
static atomic_int least_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_ERROR] = "error",
};

static void line_raw(struct line *line, const char *text, size_t len)
{
	if (line->cut || line->len + len > sizeof(line->text) - LINE_FREE) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void line_text(struct line *line, const char *text)
{
	line_raw(line, text, strlen(text));
}

/* Controls, and the characters that turn the direction of a line or break it: what a terminal might obey. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F || code == 0xFEFF;
}

static void line_char(struct line *line, const char *at, size_t n, uint32_t code, int valid)
{
	char escaped[16] = "";

	if (!valid)
		line_text(line, "\xEF\xBF\xBD");
	else if (code == '\n')
		line_text(line, "\\n");
	else if (code == '\t')
		line_text(line, "\\t");
	else if (is_control(code))
		line_raw(line, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", code));
	else if (code == '"' || code == '\\')
		line_raw(line, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\%c", (int)code));
	else
		line_raw(line, at, n);
}

static bool needs_quotes(const char *value)
{
	if (!*value)
		return true;
	for (; *value; value++) {
		if (*value <= ' ' || *value >= 0x7F || strchr("\"=\\", *value))
			return true;
	}
	return false;
}

static void line_escaped(struct line *line, const char *value, bool quoted)
{
	const size_t len = strlen(value);
	size_t at = 0;

	while (at < len && !line->cut) {
		uint32_t code;
		int valid;
		size_t n = utf8_next((const uint8_t *)value + at, len - at, &code, &valid);

		if (!quoted && valid && (code == '"' || code == '\\'))
			line_raw(line, value + at, n);
		else
			line_char(line, value + at, n, code, valid);
		at += n;
	}
}

static void line_field(struct line *line, const char *key, const char *value)
{
	line_text(line, line->len ? " " : "");
	line_text(line, key);
	line_text(line, "=");
	if (line->cut)
		return;
	if (!needs_quotes(value)) {
		line_text(line, value);
		if (!line->cut)
			return;
		line->cut = false; /* too long for the rest of the line: as much of it as there is room for */
	}
	line_text(line, "\"");
	if (line->cut)
		return;
	line_escaped(line, value, true);
	line->text[line->len++] = '"'; /* from LINE_FREE */
}

static void line_begin(struct line *line, enum log_level level, const char *event)
{
	line->len = 0;
	line->cut = false;
	line_field(line, "level", level_names[level]);
	line_field(line, "event", event);
	line_field(line, "program", program);
}

static void line_write(struct line *line)
{
	const char *end = line->cut ? LOG_CUT : "\n";
	ssize_t n;

	memcpy(line->text + line->len, end, strlen(end));
	line->len += strlen(end);
	n = write(STDERR_FILENO, line->text, line->len);
	(void)n; /* there is nowhere left to complain */
}

static bool wanted(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_open(const char *name, enum log_level least)
{
	snprintf(program, sizeof(program), "%s", name);
	log_set_level(least);
}

void log_set_level(enum log_level least)
{
	atomic_store(&least_level, (int)least);
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line line;
	const char *key, *value;
	va_list args;

	if (!wanted(level))
		return;
	line_begin(&line, level, event);
	va_start(args, event);
	while ((key = va_arg(args, const char *)) != NULL) {
		value = va_arg(args, const char *);
		line_field(&line, key, value ? value : "");
	}
	va_end(args);
	line_write(&line);
}

void log_eventf(enum log_level level, const char *event, const char *key, const char *fmt, ...)
{
	struct line line;
	char value[PIPE_BUF];
	va_list args;

	if (!wanted(level))
		return;
	va_start(args, fmt);
	if (vsnprintf(value, sizeof(value), fmt, args) < 0)
		value[0] = '\0';
	va_end(args);
	line_begin(&line, level, event);
	line_field(&line, key, value);
	line_write(&line);
}

void log_err(enum log_level level, const char *event, const struct err *err)
{
	if (err->reason)
		log_event(level, event, "reason", err->reason, "detail", err->text, NULL);
	else
		log_event(level, event, "detail", err->text, NULL);
}

void log_plain(const char *text)
{
	struct line line = { .len = 0 };

	line_text(&line, program);
	line_text(&line, ": ");
	line_escaped(&line, text, false);
	line_write(&line);
}
