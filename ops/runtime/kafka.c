/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka.h"

#include <string.h>

const struct conf_key kafka_conf_keys[] = {
	{ "kafka.brokers", CONF_LIST, NULL, 0, 0, CONF_ADDRESSES,
	  "host:port of the brokers to ask first; the others are learnt from them" },
	{ "kafka.security", CONF_CHOICE, "plaintext", 0, 0, "plaintext",
	  "how connections to the brokers are protected" },
	{ "kafka.client_id", CONF_STRING, "", 0, 0, NULL,
	  "name under which the brokers log this client; the program's own name when empty" },
	{ "kafka.instance", CONF_STRING, "", 0, 0, NULL,
	  "name of this process that outlives restarts: its partitions then wait for it (session timeout) instead of being "
	  "shared out anew, and a restart goes on at once; no two processes of a program may have the same" },
	{ "kafka.reconnect_max", CONF_DURATION, "200ms", 100, 60000, NULL,
	  "longest pause between attempts to reach a broker that does not answer" },
	{ "kafka.connect_timeout", CONF_DURATION, "5s", 1000, 60000, NULL, "time a connection may take to stand" },
	{ "kafka.socket_timeout", CONF_DURATION, "20s", 1000, 300000, NULL,
	  "time a broker may take to answer a request before the connection is given up" },
	{ "kafka.fetch_wait", CONF_DURATION, "50ms", 1, 5000, NULL,
	  "time a broker holds an answer back while it has little that is new, so that records that come close together "
  "share one: what a stage may add to a tip's time, and saves on each" },
	{ "kafka.prefetch", CONF_SIZE, "16m", 1048576, 1073741824, NULL,
	  "bytes read ahead by a consumer; twice what the stage handles in a second keeps it from starving" },
	CONF_KEYS_END
};

bool kafka_record_header(const struct kafka_record *record, const char *name, struct slice *value)
{
	for (size_t i = 0; i < record->n_headers; i++) {
		if (strcmp(record->headers[i].name, name) == 0) {
			*value = record->headers[i].value;
			return true;
		}
	}
	return false;
}
