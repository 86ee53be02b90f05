/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zap: the thread that answers libzmq's authentication requests (ZeroMQ RFC 27) from the allow-list.
 *
 * It admits CURVE clients of the domain whose key is on the list and not revoked; the messages of such a connection
 * then carry the adapter's name as "User-Id" and its transport key as ZAP_KEY_PROPERTY. Anything else, malformed
 * requests included, is refused, counted as PLAIN_REVOKED, and said in the log, at most once a minute and without a
 * name or a key: whoever is refused here tries again and again. It runs until the context is shut down
 * (zmq_ctx_shutdown). It must be started before the socket it guards is bound: without a handler, libzmq 4.3.4 admits
 * anyone.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_ZAP_H
#define TIPLINE_PRODUCERS_GATEWAY_ZAP_H

#include "ops/runtime/err.h"
#include "producers/gateway/allow.h"
#include "producers/gateway/counts.h"

#define ZAP_DOMAIN "intake"
#define ZAP_KEY_PROPERTY "X-Tipline-Key"
#define ZAP_SAY_MS 60000

struct zap;

int zap_start(struct zap **out, void *context, struct allow *allow, struct counts *counts, struct err *err)
	__attribute__((warn_unused_result));
void zap_join(struct zap *zap); /* after zmq_ctx_shutdown; NULL is allowed */

#endif
