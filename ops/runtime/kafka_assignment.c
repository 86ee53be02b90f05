/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_assignment.h"

void kafka_assignment_init(struct kafka_assignment *assignment)
{
	pthread_mutex_init(&assignment->lock, NULL);
	assignment->parts = NULL;
	assignment->n = 0;
	assignment->between = false;
}

void kafka_assignment_release(struct kafka_assignment *assignment)
{
	free(assignment->parts);
	pthread_mutex_destroy(&assignment->lock);
}

void kafka_assignment_take(struct kafka_assignment *assignment, struct kafka_part *parts, size_t n)
{
	pthread_mutex_lock(&assignment->lock);
	free(assignment->parts);
	assignment->parts = parts;
	assignment->n = n;
	assignment->between = false;
	pthread_mutex_unlock(&assignment->lock);
}

void kafka_assignment_clear(struct kafka_assignment *assignment)
{
	kafka_assignment_take(assignment, NULL, 0);
	assignment->between = true;
}

struct kafka_part *kafka_assignment_find(struct kafka_assignment *assignment, int32_t partition)
{
	for (size_t i = 0; i < assignment->n; i++) {
		if (assignment->parts[i].partition == partition)
			return &assignment->parts[i];
	}
	return NULL;
}

bool kafka_assignment_may_commit(struct kafka_assignment *assignment, int32_t partition, int64_t next)
{
	const struct kafka_part *part = kafka_assignment_find(assignment, partition);

	return part ? next >= part->committed : assignment->between;
}

void kafka_assignment_committed(struct kafka_assignment *assignment, int32_t partition, int64_t next)
{
	struct kafka_part *part = kafka_assignment_find(assignment, partition);

	if (!part)
		return;
	pthread_mutex_lock(&assignment->lock);
	part->committed = next;
	pthread_mutex_unlock(&assignment->lock);
}

size_t kafka_assignment_size(struct kafka_assignment *assignment)
{
	size_t n;

	pthread_mutex_lock(&assignment->lock);
	n = assignment->n;
	pthread_mutex_unlock(&assignment->lock);
	return n;
}

size_t kafka_assignment_lag(struct kafka_assignment *assignment, rd_kafka_t *rk, const char *topic,
			    struct kafka_lag *lag, size_t max)
{
	size_t n;

	pthread_mutex_lock(&assignment->lock);
	n = assignment->n < max ? assignment->n : max;
	for (size_t i = 0; i < n; i++) {
		const struct kafka_part *part = &assignment->parts[i];
		int64_t low, high = -1;

		/* From the last fetch; no request. */
		rd_kafka_get_watermark_offsets(rk, topic, part->partition, &low, &high);
		lag[i].partition = part->partition;
		lag[i].next = part->committed;
		lag[i].high = high > part->high ? high : part->high;
	}
	pthread_mutex_unlock(&assignment->lock);
	return n;
}

rd_kafka_topic_partition_list_t *kafka_assignment_list(const struct kafka_assignment *assignment, const char *topic)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)assignment->n);

	for (size_t i = 0; i < assignment->n; i++) {
		const struct kafka_part *part = &assignment->parts[i];

		rd_kafka_topic_partition_list_add(list, topic, part->partition)->offset = part->next_read;
	}
	return list;
}
