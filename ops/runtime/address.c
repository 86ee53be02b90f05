/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/address.h"

#include <string.h>

#include "ops/runtime/number.h"

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

int address_read(struct address *out, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len = colon ? (size_t)(colon - text) : 0;
	const char *allowed = HOST_CHARACTERS;
	int64_t port;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
		allowed = "0123456789abcdefABCDEF:.";
	}
	if (len == 0 || len >= sizeof(out->host) || strspn(host, allowed) < len)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not host:port, as in 127.0.0.1:9092", text);
	if (number_int(colon + 1, &port) != NUMBER_OK || colon[1] == '+' || port < 0 || port > UINT16_MAX)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" does not end in a port, 0 to 65535", text);
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	out->port = (uint16_t)port;
	return 0;
}
