/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart: the linking window as it would be had this process linked every tip of the index.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_RESTART_H
#define TIPLINE_WORKERS_DEDUPE_RESTART_H

#include "workers/dedupe/index.h"
#include "workers/dedupe/linker.h"

/* Fills a new linker. `n_since_noted`: how many tips came since the standing was noted. */
int restart_window(struct linker *linker, struct index *index, const struct linker_settings *settings,
		   size_t *n_since_noted, struct err *err);

#endif
