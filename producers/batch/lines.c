/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/signals.h"

void lines_init(struct lines *lines, int fd, size_t line_max)
{
	*lines = (struct lines){ .fd = fd, .line_max = line_max, .chunk = mem_alloc(LINES_CHUNK) };
}

void lines_release(struct lines *lines)
{
	mem_wipe(lines->chunk, lines->len);
	free(lines->chunk);
	lines->chunk = NULL;
	buf_release(&lines->line);
}

/* What was taken is wiped before the wait for more, except a line that is not whole yet. */
static bool fill(struct lines *lines)
{
	ssize_t n;

	mem_wipe(lines->chunk, lines->len);
	lines->at = lines->len = 0;
	do
		n = read(lines->fd, lines->chunk, LINES_CHUNK);
	while (n < 0 && errno == EINTR && !signals_stop_requested());
	if (n < 0)
		lines->error = errno;
	if (n > 0)
		lines->len = (size_t)n;
	return n > 0;
}

static void keep(struct lines *lines, const uint8_t *data, size_t len)
{
	const size_t room = lines->line_max + 1 - lines->line.len;

	buf_append(&lines->line, data, len < room ? len : room);
}

bool lines_next(struct lines *lines)
{
	bool any = false;

	buf_clear(&lines->line);
	while (lines->at < lines->len || fill(lines)) {
		const uint8_t *start = lines->chunk + lines->at, *end = memchr(start, '\n', lines->len - lines->at);
		const size_t n = end ? (size_t)(end - start) : lines->len - lines->at;

		keep(lines, start, n);
		lines->at += n + (end != NULL);
		any = true;
		if (end)
			return true;
	}
	return any && lines->error == 0;
}
