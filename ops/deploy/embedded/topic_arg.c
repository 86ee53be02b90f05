/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/deploy/embedded/topic_arg.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "schema/topics.h"

static bool plain(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return len > 0 && strspn(name, allowed) >= len;
}

static int team_partitions(void)
{
	for (size_t i = 0; i < n_topics; i++) {
		if (strcmp(topics[i].name, TOPIC_TEAM_PREFIX) == 0)
			return topics[i].partitions;
	}
	return 1;
}

int topic_arg_read(struct topic_arg *arg, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const char *prefix = equals ? "" : TOPIC_TEAM_PREFIX;
	char *end = NULL;
	long partitions;

	if (!plain(text, len) || strlen(prefix) + len > TOPIC_ARG_NAME_MAX)
		return err_set(err, ERR_USAGE, NULL, "\"%.40s\" is neither TEAM nor TOPIC=PARTITIONS", text);
	snprintf(arg->name, sizeof arg->name, "%s%.*s", prefix, (int)len, text);
	arg->partitions = team_partitions();
	if (!equals)
		return 0;
	errno = 0;
	partitions = strtol(equals + 1, &end, 10);
	if (errno || end == equals + 1 || *end || partitions < 1 || partitions > TOPIC_ARG_PARTITIONS_MAX)
		return err_set(err, ERR_USAGE, NULL, "%.40s: partitions are a number from 1 to %d", text,
			       TOPIC_ARG_PARTITIONS_MAX);
	arg->partitions = (int)partitions;
	return 0;
}
