/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition starts: the rule of kafka_consumer.h. */
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_assignment.h"

#define LOOKUP_MS 4000 /* the caller asks again, so that a stop is never far away */

/* Fills `committed` (as long as list) with the group's offsets, -1 where there is none. */
static int find_committed(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, int64_t *committed,
			  int timeout_ms, struct err *err)
{
	rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_copy(list);
	rd_kafka_resp_err_t rd_err = rd_kafka_committed(rk, asked, timeout_ms);

	for (int i = 0; i < asked->cnt && rd_err == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		rd_err = asked->elems[i].err;
		committed[i] = asked->elems[i].offset < 0 ? -1 : asked->elems[i].offset;
	}
	rd_kafka_topic_partition_list_destroy(asked);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, "committed offsets");
}

static int start_one(const struct kafka_consumer_options *options, const int64_t range[2], int64_t committed,
		     struct kafka_part *part, struct err *err)
{
	const char *topic = options->topic;
	int64_t start = -1;

	if (options->position)
		start = options->position(options->arg, topic, part->partition);
	if (start < 0)
		start = committed;
	if (start < 0 && (range[0] == 0 || options->start_anywhere))
		start = range[0];
	if (start < 0)
		return err_set(err, ERR_DATA, "offset-lost",
			       "%s [%d]: group %s never committed there, and the records before %lld are gone", topic,
			       part->partition, options->group, (long long)range[0]);
	/* Beyond the high watermark is for the leader to judge: a new one may be behind for a moment. */
	if (start < range[0])
		return err_set(err, ERR_DATA, "offset-lost",
			       "%s [%d]: group %s stands at %lld, but the records before %lld are gone", topic,
			       part->partition, options->group, (long long)start, (long long)range[0]);
	part->next_read = part->committed = start;
	part->high = range[1];
	return 0;
}

int kafka_assignment_start(rd_kafka_t *rk, const struct kafka_consumer_options *options,
			   const rd_kafka_topic_partition_list_t *list, struct kafka_part *parts, struct err *err)
{
	int64_t deadline = clock_mono_ms() + LOOKUP_MS;
	int64_t *committed = mem_alloc((size_t)list->cnt * sizeof *committed);
	int result = find_committed(rk, list, committed, LOOKUP_MS, err);

	for (int i = 0; i < list->cnt && result == 0; i++) {
		int64_t range[2];

		parts[i].partition = list->elems[i].partition;
		result = kafka_client_watermarks(rk, options->topic, parts[i].partition, kafka_client_left(deadline),
						 range, err);
		if (result == 0)
			result = start_one(options, range, committed[i], &parts[i], err);
	}
	free(committed);
	return result;
}
