/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/topic_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"

#define MS_PER_DAY 86400000ll
#define DRAW_MS 200
#define NOT_READ INT64_MAX /* as an offset to begin at: behind every end */

struct pass {
	const struct topic_scan *scan;
	int (*each)(void *arg, const struct kafka_record *record, struct err *err);
	void *arg;
	int64_t *from;   /* of each partition */
	int n;
	bool terminal, drawn;
	int64_t read, total, drawn_ms;
};

static void draw(struct pass *pass)
{
	int64_t now = clock_mono_ms();

	if (!pass->terminal || now - pass->drawn_ms < DRAW_MS)
		return;
	pass->drawn_ms = now;
	pass->drawn = true;
	fprintf(stderr, "\r\033[K%s: %" PRId64 " of %" PRId64 " records read", pass->scan->topic, pass->read, pass->total);
}

static int take(void *arg, const struct kafka_record *record, struct err *err)
{
	struct pass *pass = arg;

	pass->read++;
	draw(pass);
	return pass->each(pass->arg, record, err);
}

/* How many records lie before us, for the line on the terminal alone: what cannot be asked counts for nothing. */
static int64_t count(const struct pass *pass)
{
	int64_t low, high, total = 0;

	for (int i = 0; i < pass->n; i++) {
		if (pass->from[i] == NOT_READ || kafka_admin_watermarks(pass->scan->ctl->kafka, pass->scan->topic, i, &low,
									&high, NULL) < 0)
			continue;
		low = pass->from[i] > low ? pass->from[i] : low;
		total += high > low ? high - low : 0;
	}
	return total;
}

static int run(struct pass *pass, struct err *err)
{
	int result;

	if (pass->terminal)
		pass->total += count(pass);
	pass->drawn_ms = clock_mono_ms(); /* what takes no time says nothing */
	result = kafka_admin_scan(pass->scan->ctl->kafka, pass->scan->topic, pass->from, take, pass, err);
	if (pass->drawn)
		fputs("\r\033[K", stderr);
	return result;
}

/* Only the partition of the key, or with `others` all but that. */
static void choose(int64_t *from, const int64_t *all, int n, int32_t own, bool others)
{
	for (int i = 0; i < n; i++)
		from[i] = (i == own) == others ? NOT_READ : all[i];
}

static int by_key(struct pass *pass, const int64_t *all, struct err *err)
{
	int32_t own = kafka_admin_partition_of(slice_str(pass->scan->key), pass->n);

	choose(pass->from, all, pass->n, own, false);
	if (run(pass, err) < 0)
		return -1;
	if (*pass->scan->found || pass->n == 1)
		return 0;
	choose(pass->from, all, pass->n, own, true);
	return run(pass, err);
}

static int passes(struct pass *pass, int64_t *all, struct err *err)
{
	const struct topic_scan *scan = pass->scan;

	if (scan->since > 0 && kafka_admin_offsets_at(scan->ctl->kafka, scan->topic, scan->since * MS_PER_DAY, all, pass->n,
						      err) < 0)
		return -1;
	if (scan->key)
		return by_key(pass, all, err);
	memcpy(pass->from, all, (size_t)pass->n * sizeof *all);
	return run(pass, err);
}

int topic_scan(const struct topic_scan *scan,
	       int (*each)(void *arg, const struct kafka_record *record, struct err *err), void *arg, struct err *err)
{
	struct pass pass = { .scan = scan, .each = each, .arg = arg, .terminal = isatty(STDERR_FILENO) == 1 };
	int replication, result;
	int64_t *all;

	if (kafka_admin_topic(scan->ctl->kafka, scan->topic, &pass.n, &replication, err) < 0)
		return -1;
	if (pass.n == 0)
		return err_set(err, ERR_UNAVAILABLE, "topic-missing",
			       "there is no topic %s: `tipctl topics create` makes what is missing", scan->topic);
	all = mem_alloc((size_t)pass.n * sizeof *all);
	pass.from = mem_alloc((size_t)pass.n * sizeof *all);
	result = passes(&pass, all, err);
	free(pass.from);
	free(all);
	return result;
}
