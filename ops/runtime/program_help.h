/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_help: what --help, --man and a wrong command line print, from the program's tables.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROGRAM_HELP_H
#define TIPLINE_OPS_RUNTIME_PROGRAM_HELP_H

#include "ops/runtime/program_options.h"

struct exit_meaning {
	int status;
	const char *meaning;
};

extern const struct exit_meaning program_exit_meanings[]; /* ends with a NULL meaning */

/* "HEADprogram WAY", broken into lines under each other where it is long; not within brackets. */
void program_way_write(struct buf *out, const char *head, const char *program, const char *way);
void program_option_write(const struct program_option *option, struct buf *out);
void program_usage(const struct command_line *line, struct buf *out); /* synopsis and names of options: a few lines */
void program_help(const struct command_line *line, struct buf *out);
void program_man(const struct command_line *line, struct buf *out);
/* The first lines of any page: its title and name. */
void program_man_head(const char *name, const char *section, const char *summary, struct buf *out);

/*
 * The next way to call the program, without its name, into the emptied `way`: how it takes its configuration, and a
 * line of its own synopsis, of which `*rest` (at first NULL) is what is left. False when there is no other way.
 */
bool program_next_way(const struct program *program, const char **rest, struct buf *way);

#endif
