/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify: the stage that opens sealed tips, checks them again and says what they are about. See classify.c for
 * what it reads, writes and parks.
 */
#ifndef TIPLINE_WORKERS_CLASSIFY_CLASSIFY_H
#define TIPLINE_WORKERS_CLASSIFY_CLASSIFY_H

#include "workers/stage/stage.h"

extern const struct stage classify_stage;

#endif
