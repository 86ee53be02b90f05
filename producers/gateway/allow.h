/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allow: the allow-list of adapters in force, shared by the gateway's loop and the ZAP thread, replaced whole on a
 * reload. A list that does not load leaves the old one in force. Answers are copies, so they outlive a reload.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_ALLOW_H
#define TIPLINE_PRODUCERS_GATEWAY_ALLOW_H

#include <stdbool.h>

#include "ops/runtime/err.h"
#include "schema/keys.h"

struct allow;

int allow_new(struct allow **out, const char *path, struct err *err) __attribute__((warn_unused_result));
void allow_free(struct allow *allow); /* NULL is allowed */
int allow_reload(struct allow *allow, struct err *err);
/* False when there is no such adapter or it is revoked. */
bool allow_by_curve(struct allow *allow, const char *curve_public, struct adapter *out);
/* The adapter of this name, if it still has this transport key and is not revoked. */
bool allow_by_name(struct allow *allow, const char *name, const char *curve_public, struct adapter *out);
/* Calls `each` for every adapter of the list. */
void allow_each(struct allow *allow, void (*each)(void *arg, const struct adapter *adapter), void *arg);

#endif
