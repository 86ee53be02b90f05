/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_command: the commands of a program that has some ("tipctl parked list"): which one a command line names,
 * which options go with it, and its own help. What it says is taken from the program's synopsis (the line that begins
 * with the command's words), description (the paragraph whose head, up to the first colon, names it) and options.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROGRAM_COMMAND_H
#define TIPLINE_OPS_RUNTIME_PROGRAM_COMMAND_H

#include "ops/runtime/program_options.h"

#define PROGRAM_COMMANDS_MAX 64

struct program_commands {
	struct program_command items[PROGRAM_COMMANDS_MAX];
	size_t n; /* 0: the program has none */
};

void program_commands_list(struct program_commands *commands, const struct program *program);

/* How many operands the words take up when they are what stands first, 0 when they are not. */
int program_words_match(const char *words, int argc, const char *const *argv);
/* Whether the command names the option as its own. */
bool program_command_takes(const struct program_command *command, const char *option);
/* Whether any command does; an option that none claims goes with all. */
bool program_commands_claim(const struct program_commands *commands, const char *option);

/* ERR_USAGE when an option was given that belongs to other commands; the message names them. */
int program_command_check(const struct command_line *line, struct err *err);

/* A few lines of how the command is called, or its whole help. False when the operands name none. */
bool program_command_usage(const struct command_line *line, struct buf *out);
/* The same for operands that name a part of a command or none; false when the program has no commands. */
bool program_commands_usage(const struct command_line *line, struct buf *out);
bool program_command_help(const struct command_line *line, struct buf *out);

#endif
