/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a whole topic, once, with a client of its own that joins no group. */
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_admin.h"
#include "ops/runtime/kafka_admin_client.h"

#define BATCH 256
#define SLICE_MS 5
#define DESTROY_MS 1000

struct scan {
	struct kafka_admin *admin;
	const char *topic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int64_t *ends; /* of each partition: read up to here; -1 when done */
	int n, open;   /* partitions, and those not done */
	int (*each)(void *arg, const struct kafka_record *record, struct err *err);
	void *arg;
	int64_t heard; /* when something last came */
};

static int open_client(struct scan *scan, struct err *err)
{
	static const struct kafka_setting_row rows[] = {
		{ "group.id", "tipline-scan" }, /* must be there; nothing joins it */
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "check.crcs", "true" },
		{ "isolation.level", "read_committed" },
		{ "enable.partition.eof", "true" }, /* the last offsets may be gone by compaction */
		{ "queued.min.messages", "1000000" },
	};
	rd_kafka_conf_t *rd_conf = kafka_admin_conf(scan->admin);

	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	kafka_client_set_int(rd_conf, "fetch.wait.max.ms", conf_int(scan->admin->conf, "kafka.fetch_wait"));
	kafka_client_set_int(rd_conf, "queued.max.messages.kbytes",
			     conf_int(scan->admin->conf, "kafka.prefetch") / 1024);
	scan->rk = kafka_client_new(RD_KAFKA_CONSUMER, rd_conf, err);
	if (!scan->rk)
		return -1;
	rd_kafka_poll_set_consumer(scan->rk);
	scan->queue = rd_kafka_queue_get_consumer(scan->rk);
	return 0;
}

/* Assigns what is not empty. */
static int assign(struct scan *scan, const int64_t *from, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(scan->n);
	rd_kafka_resp_err_t rd_err = RD_KAFKA_RESP_ERR_NO_ERROR;
	int result = 0;

	for (int i = 0; i < scan->n && result == 0; i++) {
		int64_t range[2], start;

		result = kafka_client_watermarks(scan->admin->rk, scan->topic, i, scan->admin->timeout_ms, range,
						 err);
		if (result < 0)
			break;
		start = from && from[i] > range[0] ? from[i] : range[0]; /* what retention took cannot be read */
		scan->ends[i] = start < range[1] ? range[1] : -1;
		if (scan->ends[i] < 0)
			continue;
		rd_kafka_topic_partition_list_add(list, scan->topic, i)->offset = start;
		scan->open++;
	}
	if (result == 0)
		rd_err = rd_kafka_assign(scan->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? result : kafka_client_fail(err, rd_err, "assignment");
}

static void done(struct scan *scan, int32_t partition)
{
	scan->ends[partition] = -1;
	scan->open--;
}

static int take(struct scan *scan, const rd_kafka_message_t *message, struct err *err)
{
	struct kafka_record record;
	int verdict = 0;

	if (message->offset >= scan->ends[message->partition]) {
		done(scan, message->partition);
		return 0;
	}
	kafka_client_record(&record, message);
	verdict = scan->each(scan->arg, &record, err);
	if (message->offset + 1 >= scan->ends[message->partition])
		done(scan, message->partition);
	return verdict;
}

static int take_any(struct scan *scan, const rd_kafka_message_t *message, struct err *err)
{
	if (kafka_client_transient(message->err))
		return 0;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		kafka_client_fail(err, message->err, scan->topic);
		return err_prefix(err, "reading");
	}
	if (message->partition < 0 || message->partition >= scan->n || scan->ends[message->partition] < 0)
		return 0;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return take(scan, message, err);
	done(scan, message->partition);
	return 0;
}

/* 1: `each` has had enough; -1: failed; 0 otherwise. */
static int read_batch(struct scan *scan, struct err *err)
{
	rd_kafka_message_t *messages[BATCH];
	ssize_t n = rd_kafka_consume_batch_queue(scan->queue, SLICE_MS, messages, BATCH);
	int verdict = 0;

	for (ssize_t i = 0; i < n; i++) {
		if (verdict == 0)
			verdict = take_any(scan, messages[i], err);
		rd_kafka_message_destroy(messages[i]);
	}
	if (n > 0)
		scan->heard = clock_mono_ms();
	return verdict;
}

static int read_all(struct scan *scan, struct err *err)
{
	int verdict = 0;

	scan->heard = clock_mono_ms();
	while (scan->open > 0 && verdict == 0) {
		verdict = read_batch(scan, err);
		if (verdict == 0 && clock_mono_ms() - scan->heard > scan->admin->timeout_ms)
			return err_set(err, ERR_UNAVAILABLE, "kafka-silent", "%s: nothing came for %d ms",
				       scan->topic, scan->admin->timeout_ms);
	}
	return verdict < 0 ? -1 : 0;
}

int kafka_admin_scan(struct kafka_admin *admin, const char *topic, const int64_t *from,
		     int (*each)(void *arg, const struct kafka_record *record, struct err *err), void *arg,
		     struct err *err)
{
	struct scan scan = { .admin = admin, .topic = topic, .each = each, .arg = arg };
	int replication, result;

	if (kafka_admin_topic(admin, topic, &scan.n, &replication, err) < 0)
		return -1;
	if (scan.n == 0)
		return err_set(err, ERR_UNAVAILABLE, "topic-missing",
			       "there is no topic %s: `tipctl topics create` makes what is missing", topic);
	if (open_client(&scan, err) < 0)
		return -1;
	scan.ends = mem_alloc((size_t)scan.n * sizeof *scan.ends);
	result = assign(&scan, from, err);
	if (result == 0)
		result = read_all(&scan, err);
	rd_kafka_assign(scan.rk, NULL);
	rd_kafka_queue_destroy(scan.queue);
	kafka_client_destroy(scan.rk, DESTROY_MS);
	free(scan.ends);
	return result;
}
