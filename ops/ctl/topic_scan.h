/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic_scan: looking through a topic for the records of one tip, without reading more of it than needed, and without
 * leaving who waits in the dark.
 *
 * A key tells the partition (ours and those of tools in other languages place it alike), so that one alone is read, and
 * the others only when it has nothing: the topic may have had other partitions once. A day tells where to begin: record
 * timestamps are days, and what came on that day or later cannot lie before the first record of that day. When standard
 * error is a terminal, a line there says how far it is; it is gone at the end.
 */
#ifndef TIPLINE_OPS_CTL_TOPIC_SCAN_H
#define TIPLINE_OPS_CTL_TOPIC_SCAN_H

#include "ops/ctl/ctl.h"

struct topic_scan {
	struct ctl *ctl;          /* with a broker */
	const char *topic;
	const char *key;          /* NULL: it may lie in any partition */
	int64_t since;            /* days since 1970-01-01: what is wanted is not older; negative: it may be of any age */
	const json_int_t *found;  /* with a key: what `each` counts up; 0 after its partition sends us to the others */
};

/* As kafka_admin_scan, whose errors it returns. */
int topic_scan(const struct topic_scan *scan,
	       int (*each)(void *arg, const struct kafka_record *record, struct err *err), void *arg, struct err *err);

#endif
