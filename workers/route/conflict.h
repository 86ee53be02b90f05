/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict: whether a tip names a member of a team, by the keyed tokens of the team's staff register.
 *
 * A register is a text file that `tipctl register build` makes: "tipline-register 1 KEYCHECK", then lines of a token
 * class and 16 hex digits; '#' begins a comment. It holds no names, and without the linkage key nobody can make or
 * test one. A register without a token is refused, since it would let everything through.
 *
 * KEYCHECK, 16 hex digits, says which linkage key made it. Tips of another key would meet nothing in it, so route
 * stops at such a tip and names the file. After a change of the linkage key tips of the old key may still be on their
 * way: a file may hold several registers, one after the other, each with its first line. So build the new ones into
 * another folder, append the old ones to them, and leave the old part out once route has read the last of the old
 * tips. `tipctl register build` replaces the part of its own key and keeps the others; it does not replace a file that
 * has no part of its own key.
 *
 * The staff list that it reads (--staff) is YAML, a list of people for each team:
 *
 *     corruption:
 *       - { rank: PC, number: 2214SN, forename: Ann, surname: Example }
 *       - { surname: Other, nickname: Bunny, handle: bunny_99 }
 *     oversight:
 *       - { rank: DCI, surname: Third }
 *
 * Each person has a surname or a number; each further member makes more tips find them. Other members are refused, and
 * so is a person of whom nothing could be found in a tip. A team that has no list says 'none' in route's configuration.
 */
#ifndef TIPLINE_WORKERS_ROUTE_CONFLICT_H
#define TIPLINE_WORKERS_ROUTE_CONFLICT_H

#include "schema/record.h"

#define REGISTER_TOKENS_MAX 200000
#define REGISTER_KEYS_MAX 4

struct staff_register {
	struct token_list tokens; /* sorted; owned; of all keys: 64-bit MACs of two keys do not meet by chance */
	uint64_t key_checks[REGISTER_KEYS_MAX];
	size_t n_keys; /* 0: the team has no register, by its configuration */
};

/* Errors are ERR_CONFIG and say file:line. */
int staff_register_load(struct staff_register *reg, const char *path, struct err *err);
/* As staff_register_load; `name` stands for the file in messages. */
int staff_register_parse(struct staff_register *reg, const char *name, struct slice text, struct err *err);
void staff_register_release(struct staff_register *reg);

/* False when the register cannot tell whether the tip names a member: the tip's tokens were made with a key that it
 * was not. */
bool staff_register_can_judge(const struct staff_register *reg, const struct token_list *tokens);
/* True when the tip names a member, as far as its tokens tell. */
bool staff_register_meets(const struct staff_register *reg, const struct token_list *tokens);
/* True when the tip may not reach the team: it names a member, or its list of tokens was cut, so that it may. A long
 * letter must not reach the man it names because his name stood behind the limit. */
bool staff_register_conflicts(const struct staff_register *reg, const struct token_list *tokens);

#endif
