/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions: connections that have said HELLO, by their routing id, and the credit of each.
 *
 * Credit is cumulative: limit = answered + window, and never falls. While credit is frozen it does not rise; the
 * adapter then spends what it has and waits. A ROUTER socket does not tell when a peer goes: a session ends when a
 * send finds nobody, on BYE, or after silence.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_SESSIONS_H
#define TIPLINE_PRODUCERS_GATEWAY_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/gateway/route.h"

#define SESSIONS_MAX 1024
#define SESSION_BUCKETS 2048

struct session {
	struct route route;
	uint16_t adapter;
	uint64_t last_seq, answered, limit;
	int64_t seen_ms;
	bool used;
	struct session *next; /* bucket */
};

struct sessions {
	struct session items[SESSIONS_MAX];
	struct session *buckets[SESSION_BUCKETS];
	size_t n, window;
	bool frozen;
};

void sessions_init(struct sessions *sessions, size_t window);
struct session *sessions_find(struct sessions *sessions, const struct route *route);
/* A new session, or that of a connection that says HELLO again, begun anew. NULL when there are too many. */
struct session *sessions_open(struct sessions *sessions, const struct route *route, uint16_t adapter, int64_t now_ms);
void sessions_close(struct sessions *sessions, struct session *session);
void sessions_answered(struct sessions *sessions, struct session *session);
/* Raises the limit where credit allows; true when it rose. */
bool sessions_grant(struct sessions *sessions, struct session *session);

#endif
