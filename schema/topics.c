/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings are about
 *
 * Records carry midnight of a day as their CreateTime, so that no broker knows when in the day a tip came. Kafka's
 * retention and segment rolling go by that time, which has three traps:
 *   - Retention deletes by a record's own timestamp, however young its offset. A record dated further back than
 *     retention.ms would be acknowledged and deleted minutes later. message.timestamp.before.max.ms, always shorter
 *     than the retention, makes the broker refuse it instead: loud, and the sender keeps what it has. So a stage dates
 *     what it emits with the day of emission, not with the tip's day.
 *   - A record dated in the future would outlive the retention. message.timestamp.after.max.ms is one day: enough for
 *     clocks that disagree about midnight, and fixed here because its default differs between releases.
 *   - Two midnights are 24 hours apart, and a segment rolls when the difference exceeds segment.ms. 12 hours rolls at
 *     the first record of each day, so what is due for deletion does not wait in a segment for what is younger.
 * A finite retention must outlast the longest stop of the stage that reads the topic.
 *
 * An acknowledgement is not an fsync. Where one broker is all there is, a power loss would take what a stage was told
 * is there, and its reader has committed the input by then. So every topic is flushed for each record. Replication and
 * min.insync.replicas depend on the number of brokers and are set where topics are created.
 */
#include "schema/topics.h"

#define HOUR "3600000"
#define HALF_DAY "43200000"
#define DAY "86400000"
#define DAYS_6 "518400000"
#define DAYS_7 "604800000"
#define DAYS_28 "2419200000"
#define DAYS_30 "2592000000"
#define DAYS_80 "6912000000"
#define DAYS_90 "7776000000"
#define FOR_EVER "-1"
#define ANY_AGE "9223372036854775807"

/* KAFKA_MESSAGE_MAX (2 MiB) and room for key, headers and the batch around them. */
#define MESSAGE_MAX "2162688"
/* Whatever another topic took can be parked, with the headers that say why: 64 KiB more than the others. */
#define PARKED_MAX "2228224"

#define EVERY_TOPIC(message_max) \
	{ "max.message.bytes", message_max }, { "message.timestamp.type", "CreateTime" }, \
	{ "message.timestamp.after.max.ms", DAY }, { "compression.type", "uncompressed" }, \
	{ "unclean.leader.election.enable", "false" }, { "flush.messages", "1" }

#define DELETED_AFTER(message_max, retention, oldest) \
	EVERY_TOPIC(message_max), { "cleanup.policy", "delete" }, { "retention.ms", retention }, \
	{ "retention.bytes", "-1" }, \
	{ "message.timestamp.before.max.ms", oldest }, { "segment.ms", HALF_DAY }

#define END { NULL, NULL }

static const struct topic_setting sealed[] = { DELETED_AFTER(MESSAGE_MAX, DAYS_90, DAYS_80), END };

static const struct topic_setting between_stages[] = { DELETED_AFTER(MESSAGE_MAX, DAYS_7, DAYS_6), END };

static const struct topic_setting routed[] = { DELETED_AFTER(MESSAGE_MAX, DAYS_30, DAYS_28), END };

/* Nothing parked disappears by itself: an operator or the erasure of its tip ends it. */
static const struct topic_setting parked[] = {
	DELETED_AFTER(PARKED_MAX, FOR_EVER, ANY_AGE), END
};

/* Who discarded what and why is kept for ever; what was replayed must be known as long as it is on tip.parked. */
static const struct topic_setting resolved[] = {
	DELETED_AFTER(MESSAGE_MAX, FOR_EVER, ANY_AGE), END
};

static const struct topic_setting team[] = { DELETED_AFTER(MESSAGE_MAX, DAYS_90, DAYS_80), END };

/*
 * Tombstones stay a week, so that a standby that was away rereads them. What a tombstone erased is gone from the disk
 * a day or so after max.compaction.lag.ms at the latest.
 */
static const struct topic_setting link_index[] = {
	EVERY_TOPIC(MESSAGE_MAX), { "cleanup.policy", "compact" }, { "segment.ms", HALF_DAY },
	{ "delete.retention.ms", DAYS_7 },
	{ "min.compaction.lag.ms", HOUR }, { "max.compaction.lag.ms", DAY },
	{ "message.timestamp.before.max.ms", ANY_AGE }, END
};

const struct topic topics[] = {
	{ TOPIC_SEALED, 6, sealed, "sealed tips, as adapters signed them" },
	{ TOPIC_CLASSIFIED, 1, between_stages, "tips with labels and keyed tokens, in one order" },
	{ TOPIC_LINKED, 6, between_stages, "tips with their case and links" },
	{ TOPIC_ROUTED, 6, routed, "outcomes and cases sealed to their teams, for the store" },
	{ TOPIC_PARKED, 1, parked, "what could not go on, as it was, with the reason" },
	{ TOPIC_RESOLVED, 1, resolved, "what operators did about parked records: who, why, which" },
	{ TOPIC_LINK_INDEX, 1, link_index, "dedupe's index, for a standby to rebuild it" },
	{ TOPIC_TEAM_PREFIX, 1, team, "a team's cases, sealed to it" },
};

const size_t n_topics = sizeof(topics) / sizeof(topics[0]);

const struct topic_reader topic_readers[] = {
	{ "classify", TOPIC_SEALED },
	{ "dedupe", TOPIC_CLASSIFIED },
	{ "route", TOPIC_LINKED },
	{ "sink", TOPIC_ROUTED },
	{ NULL, NULL },
};
