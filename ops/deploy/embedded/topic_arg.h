/* SPDX-License-Identifier: Apache-2.0 */
/* topic_arg: one operand of tipline-embedded-broker, TEAM or TOPIC=PARTITIONS. */
#ifndef TIPLINE_OPS_DEPLOY_EMBEDDED_TOPIC_ARG_H
#define TIPLINE_OPS_DEPLOY_EMBEDDED_TOPIC_ARG_H

#include "ops/runtime/err.h"

#define TOPIC_ARG_NAME_MAX 249 /* Kafka's own limit */
#define TOPIC_ARG_PARTITIONS_MAX 1000

struct topic_arg {
	char name[TOPIC_ARG_NAME_MAX + 1]; /* of the topic, with its prefix */
	int partitions;
};

/* "corruption" is team.corruption as schema/topics.h has it; "tip.sealed=12" that topic with 12 partitions. */
int topic_arg_read(struct topic_arg *arg, const char *text, struct err *err);

#endif
