/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topics: every Kafka topic of tipline with its settings, in one table, and the names of the headers and groups.
 * `tipctl topics create|check` and schema/asyncapi.yaml follow it.
 */
#ifndef TIPLINE_SCHEMA_TOPICS_H
#define TIPLINE_SCHEMA_TOPICS_H

#include <stddef.h>
#include <stdint.h>

#include "schema/tip_id.h"

#define TOPIC_SEALED "tip.sealed"         /* TPF1 frames; key: tip id */
#define TOPIC_CLASSIFIED "tip.classified" /* bus records; key: tip id; one partition: linking needs one order */
#define TOPIC_LINKED "tip.linked"         /* bus records; key: case id */
#define TOPIC_ROUTED "case.routed"        /* bus records without body; key: case id */
#define TOPIC_PARKED "tip.parked"         /* whatever could not go on, as it was; key: tip id */
#define TOPIC_RESOLVED "parked.resolved"  /* what operators did about the parked: ops/ctl/resolution.h */
#define TOPIC_LINK_INDEX "link.index"     /* compacted; key: tip id */
#define TOPIC_TEAM_PREFIX "team."         /* + team name: age files; key: case id */

/* Headers. Ids are hex text, numbers decimal text. */
#define HEADER_TIP_ID "tip-id"
#define HEADER_REASON "reason"
#define HEADER_STAGE "stage"
#define HEADER_ORIGIN_TOPIC "origin-topic"
#define HEADER_ORIGIN_PARTITION "origin-partition"
#define HEADER_ORIGIN_OFFSET "origin-offset"
#define HEADER_DAY "day"
#define HEADER_ATTEMPTS "attempts"
#define HEADER_ORIGIN_KEY "origin-key"   /* of a parked record whose key was not the tip id */
#define HEADER_PARKED_FROM "parked-from" /* of a replayed record: its offset on tip.parked */
#define HEADER_REPLAYS "replays"         /* how often it was replayed; stays when it is parked again */

struct topic_setting {
	const char *name, *value;
};

struct topic {
	const char *name;          /* a trailing '.' stands for one topic a team */
	int partitions;
	const struct topic_setting *settings; /* NULL-name ended */
	const char *what;
};

extern const struct topic topics[];
extern const size_t n_topics;

/* A stage's consumer group: "tipline-" || stage. */
#define GROUP_PREFIX "tipline-"
/* Whoever replays or discards holds the only partition of TOPIC_RESOLVED in this group. */
#define GROUP_OPERATORS "tipline-operators"

/* The topic a stage reads, by the stage's name; NULL when there is none. The order of a tip's way. */
struct topic_reader {
	const char *stage, *topic;
};
extern const struct topic_reader topic_readers[]; /* classify, dedupe, route, sink; NULL ended */

#endif
