/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl_program: tipctl as a program: its options, configuration and manual page.
 */
#ifndef TIPLINE_OPS_CTL_CTL_PROGRAM_H
#define TIPLINE_OPS_CTL_CTL_PROGRAM_H

#include "ops/runtime/program.h"

extern const struct program ctl_program;

#endif
