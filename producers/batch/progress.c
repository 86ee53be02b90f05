/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/progress.h"

#include <stdio.h>
#include <string.h>

#include "ops/runtime/clock.h"

void progress_write(struct progress *progress, struct buf *out)
{
	const char *path = progress->conf_path, *base = strrchr(path, '/');
	base = base != NULL ? base + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t len = dot != NULL ? (size_t)(dot - base) : strlen(base);

	buf_append_str(out, "{\"adapter\":");
	buf_append_json(out, base, len);
	buf_printf(out, ",\"put\":%zu,\"stored\":%zu,\"duplicate\":%zu,\"refused\":%zu,\"waiting\":%zu}",
		   progress->put, receipts_count(progress->receipts, TIPLINE_STORED),
		   receipts_count(progress->receipts, TIPLINE_DUPLICATE),
		   receipts_count(progress->receipts, TIPLINE_REFUSED), tipline_waiting(progress->tipline));
}

/* Readers of the file see the old line or the new one, never half of one. */
static void replace_file(const char *path, const struct buf *line)
{
	struct buf beside = BUF_INIT;

	buf_printf(&beside, "%s.new", path);
	FILE *file = fopen(buf_text(&beside), "we");
	if (file != NULL) {
		bool whole = fprintf(file, "%s\n", buf_text(line)) > 0;
		if (fclose(file) == 0 && whole)
			(void)rename(buf_text(&beside), path);
	}
	buf_release(&beside);
}

void progress_show(struct progress *progress, bool now)
{
	int64_t time = clock_mono_ms();
	struct buf line = BUF_INIT;

	if (!now && time - progress->shown_ms < PROGRESS_MS)
		return;
	progress->shown_ms = time;
	progress_write(progress, &line);
	if (progress->path != NULL)
		replace_file(progress->path, &line);
	if (progress->terminal)
		(void)fprintf(stderr, "\r\033[K%s%s", buf_text(&line), now ? "\n" : "");
	buf_release(&line);
}
