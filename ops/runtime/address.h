/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address: "host:port" as it stands in configuration: a name, an IPv4 address, or an IPv6 address in brackets.
 */
#ifndef TIPLINE_OPS_RUNTIME_ADDRESS_H
#define TIPLINE_OPS_RUNTIME_ADDRESS_H

#include <stdint.h>

#include "ops/runtime/err.h"

#define ADDRESS_HOST_MAX 254 /* RFC 1035: 253 characters, and a NUL */

struct address {
	char host[ADDRESS_HOST_MAX]; /* without brackets */
	uint16_t port;               /* 0: the system chooses */
};

/* ERR_CONFIG, saying what is wrong with `text`. */
int address_read(struct address *out, const char *text, struct err *err) __attribute__((warn_unused_result));

#endif
