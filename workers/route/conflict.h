/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict: whether a tip names a member of a team, by the keyed tokens of the team's staff register.
 *
 * A register is a text file that `tipctl register build` makes: "tipline-register 1", then lines of a token class and
 * 16 hex digits; '#' begins a comment. It holds no names, and without the linkage key nobody can make or test one.
 */
#ifndef TIPLINE_WORKERS_ROUTE_CONFLICT_H
#define TIPLINE_WORKERS_ROUTE_CONFLICT_H

#include "schema/record.h"

#define REGISTER_TOKENS_MAX 200000

struct staff_register {
	struct token_list tokens; /* sorted; owned */
};

/* Errors are ERR_CONFIG and say file:line. */
int staff_register_load(struct staff_register *reg, const char *path, struct err *err);
/* As staff_register_load; `name` stands for the file in messages. */
int staff_register_parse(struct staff_register *reg, const char *name, struct slice text, struct err *err);
void staff_register_release(struct staff_register *reg);

/* True when the tip names a member, as far as its tokens tell. */
bool staff_register_meets(const struct staff_register *reg, const struct token_list *tokens);
/* True when the tip may not reach the team: it names a member, or its list of tokens was cut, so that it may. A long
 * letter must not reach the man it names because his name stood behind the limit. */
bool staff_register_conflicts(const struct staff_register *reg, const struct token_list *tokens);

#endif
