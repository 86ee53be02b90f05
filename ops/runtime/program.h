/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: what every program of tipline does alike: options, --help, --version, --check, --man, configuration,
 * logging, exit status. main() is one line: `return program_main(argc, argv, &gateway_program);`
 *
 *   --config FILE (-c)   the configuration; required when the program has `conf_tables`
 *   --check              load and validate everything the program would use, start nothing; 0 or 78 with file:line
 *   --help, --version    on standard output, 0; behind a command, --help is that command's own
 *   --man                the manual page as roff, from the same tables, on standard output
 *   --completion         what bash needs to complete the command line, from the same tables, on standard output
 *   --log-level LEVEL    debug, info, warn, error
 * Options may stand before or after operands, `--opt value` or `--opt=value`; `--` ends them; the last of an option
 * counts, but where a program asks for each (program_value_at). Wrong options print what was possible and end with
 * 64; so does an ERR_USAGE from `run`, unless it has a reason (a wrong value, where its own sentence is enough). An
 * error from `run` is said once (a program of section 1 prints it, others log it) and becomes the exit status
 * (err_exit_status). `run` may also return a positive status of its own without an error. Standard output that
 * could not be written is an error too.
 */
#ifndef TIPLINE_OPS_RUNTIME_PROGRAM_H
#define TIPLINE_OPS_RUNTIME_PROGRAM_H

#include <stdbool.h>

#include "ops/runtime/conf.h"
#include "ops/runtime/err.h"

#define TIPLINE_VERSION "0.1.0"
#define TIPLINE_DATE "2026-11-24" /* of the version, for the manual pages: no build's own day */

struct program_option {
	const char *name;  /* "dry-run": long option without dashes */
	char letter;       /* 0: none */
	const char *value; /* what its argument is called in help ("FILE"), NULL for a flag */
	const char *help;
};

#define PROGRAM_OPTIONS_END { NULL, 0, NULL, NULL }

struct program_call {
	const struct conf *conf;     /* NULL when no --config was needed and none was given */
	const char *conf_path;
	int argc;                    /* operands, options removed */
	const char *const *argv;
	const void *opaque;          /* for program_given and program_value */
};

/* For completion in a shell: the values that an option can have. */
struct program_words {
	const char *option; /* NULL ends the table */
	void (*write)(struct buf *out); /* separated by spaces; none of them needs quoting */
};
/* The commands of a program that has some: for completion, for their own help, and to refuse options of others. */
struct program_command {
	const char *words;   /* "parked list"; those with the same first word stand together */
	const char *options; /* names of the options that it takes beside the program's common ones */
	bool files;          /* its operands are files */
	bool needs_conf;     /* it does not run without --config */
	const char *help;    /* a few words, lower case, no full stop */
};

struct program {
	const char *name, *section;  /* "tipline-gateway", "8" */
	const char *summary;         /* one line, lower case, no full stop */
	const char *synopsis;        /* "[--dry-run] [FILE …]": operands and own options; a line for each way */
	const char *description;     /* paragraphs separated by empty lines; the body of the manual page */
	const char *status_1;        /* what exit status 1 says, lower case, no full stop; NULL: `run` never returns 1 */
	const char *examples;        /* indented commands with a line of prose each; may be NULL */
	const struct program_option *options;        /* own ones; may be NULL */
	const struct conf_key *const *conf_tables;   /* NULL-ended; NULL: no configuration file */
	bool conf_optional;                          /* the program can run without --config */
	bool secrets;                /* opens or holds secrets: no core dump, not dumpable, from the first line on */
	int (*check)(const struct program_call *call, struct err *err); /* beyond the tables; may be NULL */
	int (*run)(const struct program_call *call, struct err *err);
	const struct program_words *words;                          /* may be NULL */
	size_t (*commands)(struct program_command *out, size_t max); /* returns how many; may be NULL */
	const void *context;         /* the program's own, untouched: a stage skeleton's stage */
};

int program_main(int argc, char **argv, const struct program *program);

bool program_given(const struct program_call *call, const char *option);
const char *program_value(const struct program_call *call, const char *option, const char *fallback);
/* Of the `i`th time that the option was given, counted from 0; NULL when it was not given so often. */
const char *program_value_at(const struct program_call *call, const char *option, size_t i);
const struct program *program_of(const struct program_call *call);

/* sd_notify("READY=1"), ("STOPPING=1"), ("WATCHDOG=1") when run under systemd; nothing otherwise. */
void program_notify(const char *state);

#endif
