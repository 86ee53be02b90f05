/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff: how long to wait before trying again: a bound that doubles from `first_ms` to `max_ms`, and under it
 * a wait chosen evenly ("full jitter"), so that many workers that failed together do not come back together.
 */
#ifndef TIPLINE_WORKERS_STAGE_BACKOFF_H
#define TIPLINE_WORKERS_STAGE_BACKOFF_H

#include <stdint.h>

/* `failures` counts from 1; `random` is any 64 random bits. At least 1 ms. */
int64_t backoff_ms(int64_t first_ms, int64_t max_ms, unsigned failures, uint64_t random);

#endif
