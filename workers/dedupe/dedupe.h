/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dedupe: the stage that finds tips about the same incident and gives each tip its case. See dedupe.c for what it
 * reads, writes and parks.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_DEDUPE_H
#define TIPLINE_WORKERS_DEDUPE_DEDUPE_H

#include "workers/stage/stage.h"

extern const struct stage dedupe_stage;

#endif
