/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip_submit: the program tip-submit: tips from files, standard input or flags into libtipline.
 */
#ifndef TIPLINE_PRODUCERS_BATCH_TIP_SUBMIT_H
#define TIPLINE_PRODUCERS_BATCH_TIP_SUBMIT_H

#include "ops/runtime/program.h"

extern const struct program tip_submit_program;

int tip_submit_run(const struct program_call *call, struct err *err);

#endif
