/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl: what tipctl's commands share. A command is a row of the grammar (grammar.c): the words that name it, its
 * operands, what it needs, and a function that makes a JSON value. One place prints the value, as JSON with --json or
 * as a table for people, so the two never say different things.
 *
 * Nothing here holds a key that opens a tip, except while `keys init` and `register build` run, and what is
 * given to `explain` and `age open`. `recipients sign` holds the root key, which opens nothing but says who may.
 */
#ifndef TIPLINE_OPS_CTL_CTL_H
#define TIPLINE_OPS_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>

#include "ops/runtime/err.h"
#include "ops/runtime/kafka_admin.h"
#include "ops/runtime/program.h"
#include "schema/store/store.h"

extern const struct conf_key ctl_keys[];

struct ctl {
	const struct program_call *call;
	const struct conf *conf;        /* NULL for commands that need none */
	bool json;
	int argc;                       /* operands behind the command's words */
	const char *const *argv;
	struct kafka_admin *kafka;      /* connected when the row says CTL_KAFKA; may be NULL with CTL_KAFKA_IF_THERE */
	struct err no_kafka;            /* then says why */
	struct store *store;            /* open for reading by CTL_STORE; may be NULL with CTL_STORE_IF_THERE */
};

/* How a list of objects is shown to people; the JSON has all members. */
struct ctl_column {
	const char *key, *title; /* key NULL ends the list */
	bool right;
};

struct ctl_output {
	json_t *value;                    /* owned; an array of objects, or an object */
	const struct ctl_column *columns; /* for an array, or for the arrays inside an object */
	const char *note;                 /* a line for people behind the table; static; may be NULL */
	json_t *remarks;                  /* owned; texts for people behind the table, a line each; may be NULL */
	bool written;                     /* the command wrote standard output itself */
	/* exit status when all went well: 0, or 1 for "looked, and it is not right" */
	int status;
};

enum ctl_needs { CTL_CONF = 1, CTL_KAFKA = 2, CTL_STORE = 4, CTL_KAFKA_IF_THERE = 8, CTL_STORE_IF_THERE = 16 };

struct ctl_command {
	const char *words;    /* "parked show" */
	const char *operands; /* "ID", "[FILE …]"; for help */
	int min_args, max_args;
	int needs;
	int (*run)(struct ctl *ctl, struct ctl_output *out, struct err *err);
	const char *help;
	const char *options; /* names of the options it takes, separated by spaces; besides those of every program */
};

extern const struct ctl_command ctl_commands[]; /* words NULL ends it */

int ctl_run(const struct program_call *call, struct err *err);

/* ERR_USAGE: "there is no WHAT "word"", and which of the names was most likely meant. */
int ctl_no_such(const char *what, const char *word, const char *const *names, size_t n, struct err *err);
/* --team: ERR_USAGE when it is given and not one of the configuration's; NULL when it is not given. */
int ctl_team(const struct ctl *ctl, const char **team, struct err *err);
/*
 * After a file that the command line names could not be read: puts `what` it was for in front of `err`; one that is not
 * there is ERR_USAGE, whatever was to be read. Returns -1.
 */
int ctl_file_error(const char *what, const char *path, struct err *err);
/* --limit: a whole number, 0 (none) when it is not given. */
int ctl_limit(const struct ctl *ctl, size_t *limit, struct err *err);
/* An option that is a day, "2026-11-24", as days since 1970-01-01; -1 when it is not given. */
int ctl_day(const struct ctl *ctl, const char *option, int64_t *day, struct err *err);
/* A score from 0 to 1 as a new number of three decimals, as it stands in cases. */
json_t *ctl_share(float share);
/* Days since 1970-01-01 as a new string, "2026-11-24". */
json_t *ctl_date(int64_t day);

int ctl_topics_create(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_topics_check(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_init(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_recipients_root(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_recipients_sign(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_recipients_show(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_recipients_check(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_list(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_check(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_export(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_add(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_rotate(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_retire(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_revoke(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_operator(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_confirm(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_keys_destroy(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_register_build(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_age_seal(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_age_open(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_status(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_parked_list(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_parked_show(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_parked_replay(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_parked_discard(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_parked_release(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_store_copy(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_cases_list(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_cases_show(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_cases_tips(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_cases_summary(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_explain(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_formats(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_config_check(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_top(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_reconcile(struct ctl *ctl, struct ctl_output *out, struct err *err);

#endif
