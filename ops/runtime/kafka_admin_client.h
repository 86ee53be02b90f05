/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_admin_client: what kafka_admin.c and kafka_scan.c know of a struct kafka_admin. */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_ADMIN_CLIENT_H
#define TIPLINE_OPS_RUNTIME_KAFKA_ADMIN_CLIENT_H

#include "ops/runtime/kafka_client.h"

struct kafka_admin {
	struct kafka_link link;
	const struct conf *conf;
	int timeout_ms;
	rd_kafka_t *rk;
	rd_kafka_t *group_rk; /* asks for the offsets of `group` */
	char *group;          /* NULL: there is no group_rk to use */
};

/* Settings for one more client. */
rd_kafka_conf_t *kafka_admin_conf(const struct kafka_admin *admin);

#endif
