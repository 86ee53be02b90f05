/* SPDX-License-Identifier: Apache-2.0 */
/*
 * teams: the teams that the policy names, with their public keys and staff registers, as the files have them now.
 *
 * Each team has a register, or "none" by the word of the configuration; two teams never share a recipient, since the
 * one that is passed over would open what the other gets.
 */
#ifndef TIPLINE_WORKERS_ROUTE_TEAMS_H
#define TIPLINE_WORKERS_ROUTE_TEAMS_H

#include "ops/runtime/conf.h"
#include "schema/age.h"
#include "schema/topics.h"
#include "workers/route/conflict.h"
#include "workers/route/policy.h"

#define ROUTE_TEAMS_MAX 64

struct team {
	char name[TEAM_NAME_MAX];
	char topic[sizeof(TOPIC_TEAM_PREFIX) + TEAM_NAME_MAX];
	struct age_recipient recipient;
	struct staff_register staff;
	const char *recipient_path, *register_path; /* the configuration's */
};

struct team_list {
	struct team *items; /* owned */
	size_t n;
};

/* Strings are borrowed from `conf`, which must outlive the list. Sets `list` on success alone. */
int team_list_load(struct team_list *list, const struct policy *policy, const struct conf *conf, struct err *err);
void team_list_release(struct team_list *list);
/* A name of the policy that was loaded with. */
const struct team *team_list_find(const struct team_list *list, const char *name);

/* The files that the list came from. */
void team_list_paths(const struct team_list *list, void (*each)(void *arg, const char *path), void *arg);
/* "team:FINGERPRINT" of each recipient, "register:TEAM:KEYCHECK" of each key a register was made with. */
void team_list_names(const struct team_list *list, void (*each)(void *arg, const char *name), void *arg);

#endif
