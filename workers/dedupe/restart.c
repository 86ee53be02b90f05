/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/restart.h"

/* What a start takes from the index into memory. */
struct loading {
	struct linker *linker;
	size_t *n_since_noted;
	int64_t standing; /* rows up to this one are of a window that was noted: what they forgot is not among them */
};

static int load_row(void *arg, const struct index_row *row, struct err *err)
{
	struct loading *loading = arg;

	(void)err;
	if (row->seq > loading->standing) {
		linker_advance(loading->linker, row->day);
		++*loading->n_since_noted;
	}
	linker_add(loading->linker, &row->tip_id, &row->case_id, row->day, &row->tokens);
	return 0;
}

/* That of the standing noted last, and what came since. Under other settings than then all tips are gone through. */
int restart_window(struct linker *linker, struct index *index, const struct linker_settings *settings,
		   size_t *n_since_noted, struct err *err)
{
	struct loading loading = { linker, n_since_noted, 0 };
	struct index_standing standing = { .seq = 0 };
	int found = index_standing(index, &standing, err);
	int64_t from = 0;

	*n_since_noted = 0;
	if (found < 0)
		return -1;
	if (found > 0 && standing.window_days == (int64_t)settings->window_days &&
	    standing.window_tips == (int64_t)settings->window_tips && standing.n_tips <= standing.window_tips) {
		linker_resume(linker, standing.today);
		loading.standing = standing.seq;
		from = standing.seq - standing.n_tips;
	}
	return index_walk(index, from, load_row, &loading, err);
}
