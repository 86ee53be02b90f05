/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_answer: one record of a batch through the stage: opened, handled until its answer is final, what it emitted
 * held for sending, or parked. Part of stage_batch.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_ANSWER_H
#define TIPLINE_WORKERS_STAGE_STAGE_ANSWER_H

#include "workers/stage/stage_batch.h"

enum step { STEP_NEXT, STEP_CUT, STEP_FAILED }; /* answered; a stop came before; the worker must end */

/* Answers record number `i`. Waits where the stage says RETRY. `err` is set where it failed. */
enum step stage_answer(struct stage_batch *batch, size_t i, struct err *err);
/* Parks record number `i`, for the reason in `why`. */
enum step stage_answer_park(struct stage_batch *batch, size_t i, struct err *why, struct err *err);
/* The 1st, 2nd, 4th, 8th … time, so that a long outage does not fill the log. */
void stage_answer_log_retry(unsigned failures, const struct err *why);

#endif
