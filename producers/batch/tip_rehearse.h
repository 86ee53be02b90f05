/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip_rehearse: the program tip-rehearse: an adapter that tells example tips in rounds, with retries, damage and
 * conflicts among them, for demonstrations, tests and measurements.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_TIP_REHEARSE_H
#define TIPLINE_PRODUCERS_BATCH_TIP_REHEARSE_H

#include "ops/runtime/program.h"

extern const struct program tip_rehearse_program;

#endif
