/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: the name a ROUTER socket gives a connection. Valid until the connection ends; a new one has another.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_ROUTE_H
#define TIPLINE_PRODUCERS_GATEWAY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ROUTE_MAX 32 /* libzmq gives 5 bytes; a client may choose a longer one of its own */

struct route {
	uint8_t len;
	uint8_t bytes[ROUTE_MAX];
};

static inline bool route_equal(const struct route *a, const struct route *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

#endif
