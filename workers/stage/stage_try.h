/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_try: a stage over JSON lines, as `--try` of stage.h says. No broker, no network, no clock, no randomness.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_TRY_H
#define TIPLINE_WORKERS_STAGE_STAGE_TRY_H

#include <stdio.h>

#include "workers/stage/stage.h"

#define STAGE_TRY_LINE_MAX (2u << 20)
#define STAGE_TRY_DAY 20000u

/* Reads `in` to its end, writes `out` line by line. `records`: only what was emitted as records. */
int stage_try(const struct stage *stage, const struct conf *conf, bool records, FILE *in, FILE *out, struct err *err);

#endif
