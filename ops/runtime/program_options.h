/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_options: a command line read against a program's own options and those that every program has.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROGRAM_OPTIONS_H
#define TIPLINE_OPS_RUNTIME_PROGRAM_OPTIONS_H

#include "ops/runtime/program.h"

#define PROGRAM_OPTIONS_MAX 64

struct command_line {
	const struct program *program;
	struct given_option {
		const struct program_option *option;
		const char *value; /* of the last time it was given; "" for a flag; NULL: not given */
	} options[PROGRAM_OPTIONS_MAX];
	size_t n_options;
	struct occurrence {
		const struct program_option *option;
		const char *value;
	} *occurrences; /* every option with a value, as often as it was given, in the command line's order */
	size_t n_occurrences;
	const char **operands; /* in the command line's order, NULL at the end */
	int n_operands;
};

/* The options the program has, own ones first, none of them given. Release it in any case. */
void command_line_init(struct command_line *line, const struct program *program);
/* ERR_USAGE. What stands before the mistake is in `line`. */
int command_line_read(struct command_line *line, int argc, char **argv, struct err *err);
void command_line_release(struct command_line *line);

/* NULL when not given. An option that the program does not have is a BUG(). */
const char *command_line_value(const struct command_line *line, const char *option);
/* Of the `i`th time it was given, counted from 0; NULL when it was not given so often. */
const char *command_line_value_at(const struct command_line *line, const char *option, size_t i);

#endif
