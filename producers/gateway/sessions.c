/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/sessions.h"

void sessions_init(struct sessions *sessions, size_t window)
{
	memset(sessions, 0, sizeof(*sessions));
	sessions->window = window;
}

/* Routing ids are libzmq's counters or a client's choice; only admitted adapters get this far, and at most 1,024. */
static struct session **bucket_of(struct sessions *sessions, const struct route *route)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < route->len; i++)
		hash = (hash ^ route->bytes[i]) * 16777619u;
	return &sessions->buckets[hash % SESSION_BUCKETS];
}

struct session *sessions_find(struct sessions *sessions, const struct route *route)
{
	struct session *session = *bucket_of(sessions, route);
	while (session != NULL && !route_equal(&session->route, route))
		session = session->next;
	return session;
}

static struct session *place(struct sessions *sessions)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (!sessions->items[i].used)
			return &sessions->items[i];
	return NULL;
}

struct session *sessions_open(struct sessions *sessions, const struct route *route, uint16_t adapter, int64_t now_ms)
{
	struct session *session = sessions_find(sessions, route);
	if (session != NULL)
		sessions_close(sessions, session);
	session = place(sessions);
	if (session == NULL)
		return NULL;
	struct session **bucket = bucket_of(sessions, route);
	*session = (struct session){ .route = *route, .adapter = adapter, .seen_ms = now_ms, .used = true,
				     .next = *bucket };
	*bucket = session;
	sessions->n++;
	(void)sessions_grant(sessions, session);
	return session;
}

void sessions_close(struct sessions *sessions, struct session *session)
{
	struct session **at = bucket_of(sessions, &session->route);
	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	session->used = false;
	sessions->n--;
}

void sessions_answered(struct sessions *sessions, struct session *session)
{
	session->answered++;
	(void)sessions_grant(sessions, session);
}

bool sessions_grant(struct sessions *sessions, struct session *session)
{
	uint64_t limit = session->answered + sessions->window;
	if (sessions->frozen || limit <= session->limit)
		return false;
	session->limit = limit;
	return true;
}
