/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/allow.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct allow {
	pthread_rwlock_t lock;
	struct adapter_list list;
	char *path;
};

int allow_new(struct allow **out, const char *path, struct err *err)
{
	struct adapter_list list = { 0 };
	if (adapter_list_load(&list, path, err))
		return -1;
	struct allow *allow = mem_alloc(sizeof(*allow));
	allow->list = list;
	allow->path = mem_strdup(path);
	pthread_rwlock_init(&allow->lock, NULL);
	*out = allow;
	return 0;
}

void allow_free(struct allow *allow)
{
	if (allow == NULL)
		return;
	adapter_list_release(&allow->list);
	pthread_rwlock_destroy(&allow->lock);
	free(allow->path);
	free(allow);
}

int allow_reload(struct allow *allow, struct err *err)
{
	struct adapter_list fresh = { 0 }, old;
	if (adapter_list_load(&fresh, allow->path, err))
		return -1;
	pthread_rwlock_wrlock(&allow->lock);
	old = allow->list;
	allow->list = fresh;
	pthread_rwlock_unlock(&allow->lock);
	adapter_list_release(&old);
	return 0;
}

bool allow_by_curve(struct allow *allow, const char *curve_public, struct adapter *out)
{
	pthread_rwlock_rdlock(&allow->lock);
	const struct adapter *found = adapter_list_by_curve(&allow->list, curve_public);
	bool allowed = found != NULL && !found->revoked;
	if (allowed)
		*out = *found;
	pthread_rwlock_unlock(&allow->lock);
	return allowed;
}

bool allow_by_name(struct allow *allow, const char *name, const char *curve_public, struct adapter *out)
{
	/* The key decides; the name must agree: a key given to another adapter must not carry a session over. */
	return allow_by_curve(allow, curve_public, out) && strcmp(out->name, name) == 0;
}

void allow_each(struct allow *allow, void (*each)(void *arg, const struct adapter *adapter), void *arg)
{
	pthread_rwlock_rdlock(&allow->lock);
	for (size_t i = 0; i < allow->list.n; i++)
		each(arg, &allow->list.items[i]);
	pthread_rwlock_unlock(&allow->lock);
}
