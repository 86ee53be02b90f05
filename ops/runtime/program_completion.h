/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_completion: what bash needs to complete a program's command line, from the same tables as its help: a script
 * that defines one function and ends in `complete`. It runs nothing and needs no other package.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROGRAM_COMPLETION_H
#define TIPLINE_OPS_RUNTIME_PROGRAM_COMPLETION_H

#include "ops/runtime/program_options.h"

void program_completion(const struct command_line *line, struct buf *out);

#endif
