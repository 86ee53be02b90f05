/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapters: the list of adapters as the file has it now. The gateway takes up a changed list at once; a classify that
 * did not would park what the gateway has just acknowledged. So the file is looked at (one stat) before each search
 * and read again when it has changed. A list that cannot be read leaves the old one in force and is logged once.
 */
#ifndef TIPLINE_WORKERS_CLASSIFY_ADAPTERS_H
#define TIPLINE_WORKERS_CLASSIFY_ADAPTERS_H

#include <sys/stat.h>

#include "schema/keys.h"

struct adapters {
	struct adapter_list list;
	const char *path; /* borrowed */
	struct stat seen; /* of the file that `list`, or the last failure, came from */
};

int adapters_load(struct adapters *adapters, const char *path, struct err *err);
/* Takes up the file where it has changed, as adapters_find does. */
void adapters_look(struct adapters *adapters);
/* Valid until the next call; NULL when there is none of that id. */
const struct adapter *adapters_find(struct adapters *adapters, uint16_t id);
void adapters_release(struct adapters *adapters);

#endif
