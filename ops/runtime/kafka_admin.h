/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_admin: topics, offsets and whole-topic reads for operators' tools. Blocking; one thread.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_ADMIN_H
#define TIPLINE_OPS_RUNTIME_KAFKA_ADMIN_H

#include "ops/runtime/kafka.h"

struct kafka_admin;

struct kafka_setting {
	const char *name, *value;
};

struct kafka_topic_spec {
	const char *name;
	int partitions, replication;
	const struct kafka_setting *settings;
	size_t n_settings;
};

enum kafka_topic_result { KAFKA_TOPIC_CREATED, KAFKA_TOPIC_EXISTED, KAFKA_TOPIC_FAILED };

int kafka_admin_open(struct kafka_admin **out, const struct conf *conf, int timeout_ms, struct err *err)
	__attribute__((warn_unused_result));
void kafka_admin_close(struct kafka_admin *admin);

/* The first broker's version is not in the protocol; this gives the number of brokers that answer. */
int kafka_admin_brokers(struct kafka_admin *admin, int *n, struct err *err);
int kafka_admin_create(struct kafka_admin *admin, const struct kafka_topic_spec *spec,
		       enum kafka_topic_result *result, struct err *err);
/* *partitions is 0 when the topic does not exist. */
int kafka_admin_topic(struct kafka_admin *admin, const char *topic, int *partitions, int *replication,
		      struct err *err);
/* Calls `each` for every setting of the topic as the broker has it. ERR_UNAVAILABLE where the broker cannot say. */
int kafka_admin_settings(struct kafka_admin *admin, const char *topic,
			 void (*each)(void *arg, const char *name, const char *value), void *arg, struct err *err);
int kafka_admin_watermarks(struct kafka_admin *admin, const char *topic, int32_t partition, int64_t *low,
			   int64_t *high, struct err *err);
/*
 * For each of `n` partitions the offset of its first record that is as old as `timestamp_ms` or younger; its end when
 * there is none.
 */
int kafka_admin_offsets_at(struct kafka_admin *admin, const char *topic, int64_t timestamp_ms, int64_t *offsets, int n,
			   struct err *err);
/* The partition, of `n`, in which a kafka_producer puts a key. */
int32_t kafka_admin_partition_of(struct slice key, int n);
/* *next is -1 when the group never committed there. */
int kafka_admin_committed(struct kafka_admin *admin, const char *group, const char *topic, int32_t partition,
			  int64_t *next, struct err *err);
/*
 * Reads every partition of a topic from `from` (an array of n_partitions offsets, or NULL: from the beginning) to the
 * high watermark of this moment, in no order between partitions. `each` returns 0 to go on, 1 to stop, -1 to fail.
 * The record is valid during the call. Joins no group and commits nothing.
 */
int kafka_admin_scan(struct kafka_admin *admin, const char *topic, const int64_t *from,
		     int (*each)(void *arg, const struct kafka_record *record, struct err *err), void *arg,
		     struct err *err);

#endif
