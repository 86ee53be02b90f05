/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_consumer_state.h"

#define CLOSE_MS 2000
#define DESTROY_MS 1000

static void on_error(rd_kafka_t *rk, int rd_err, const char *text, void *opaque)
{
	struct kafka_consumer *consumer = opaque;

	(void)rk;
	kafka_link_error(&consumer->link, rd_err, text);
}

static rd_kafka_conf_t *settings(struct kafka_consumer *consumer, const struct conf *conf)
{
	static const struct kafka_setting_row rows[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "check.crcs", "true" },
		{ "partition.assignment.strategy", "range" }, /* not cooperative: librdkafka #4059, #4783, #4528 */
		{ "isolation.level", "read_committed" },
		{ "enable.partition.eof", "true" },
		{ "heartbeat.interval.ms", "1000" },
		{ "max.poll.interval.ms", "300000" },
		{ "queued.min.messages", "1000000" }, /* kafka.prefetch is the bound: passing either costs 1 s */
		/* Records that trickle in share an answer, and the wake-ups of three threads, within kafka.fetch_wait. */
		{ "fetch.min.bytes", "262144" },
		{ "fetch.error.backoff.ms", "100" },
		{ "topic.metadata.refresh.interval.ms", "10000" }, /* a topic or partition that is new */
	};
	const struct kafka_consumer_options *options = &consumer->options;
	rd_kafka_conf_t *rd_conf = kafka_client_conf(conf, options->client_id);

	kafka_client_set_rows(rd_conf, rows, sizeof rows / sizeof rows[0]);
	kafka_client_set(rd_conf, "group.id", options->group);
	if (*conf_str(conf, "kafka.instance"))
		kafka_client_set(rd_conf, "group.instance.id", conf_str(conf, "kafka.instance"));
	kafka_client_set_int(rd_conf, "session.timeout.ms",
			     options->session_timeout_ms > 0 ? options->session_timeout_ms : 6000);
	kafka_client_set_int(rd_conf, "fetch.wait.max.ms", conf_int(conf, "kafka.fetch_wait"));
	kafka_client_set_int(rd_conf, "queued.max.messages.kbytes", conf_int(conf, "kafka.prefetch") / 1024);
	rd_kafka_conf_set_opaque(rd_conf, consumer);
	rd_kafka_conf_set_rebalance_cb(rd_conf, kafka_rebalance_event);
	rd_kafka_conf_set_error_cb(rd_conf, on_error);
	return rd_conf;
}

static int subscribe(struct kafka_consumer *consumer, struct err *err)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t rd_err;

	rd_kafka_topic_partition_list_add(topics, consumer->topic, RD_KAFKA_PARTITION_UA);
	rd_err = rd_kafka_subscribe(consumer->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, "subscription");
}

static int open_client(struct kafka_consumer *consumer, const struct conf *conf, struct err *err)
{
	static const uint64_t one = 1;

	consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (consumer->wake_fd < 0)
		return err_errno(err, "eventfd");
	consumer->rk = kafka_client_new(RD_KAFKA_CONSUMER, settings(consumer, conf), err);
	if (!consumer->rk)
		return -1;
	rd_kafka_poll_set_consumer(consumer->rk);
	consumer->queue = rd_kafka_queue_get_consumer(consumer->rk);
	rd_kafka_queue_io_event_enable(consumer->queue, consumer->wake_fd, &one, sizeof one);
	return 0;
}

int kafka_consumer_new(struct kafka_consumer **out, const struct conf *conf,
		       const struct kafka_consumer_options *options, struct err *err)
{
	struct kafka_consumer *consumer = mem_alloc(sizeof *consumer);

	consumer->options = *options;
	consumer->group = mem_strdup(options->group);
	consumer->topic = mem_strdup(options->topic);
	consumer->options.group = consumer->group;
	consumer->options.topic = consumer->topic;
	consumer->returned_ms = clock_mono_ms();
	kafka_assignment_init(&consumer->assignment);
	if (open_client(consumer, conf, err) < 0 || subscribe(consumer, err) < 0) {
		kafka_consumer_free(consumer);
		return -1;
	}
	*out = consumer;
	return 0;
}

void kafka_consumer_free(struct kafka_consumer *consumer)
{
	if (!consumer)
		return;
	consumer->closing = true;
	kafka_consumer_drop_held(consumer);
	if (consumer->rk) {
		rd_kafka_queue_io_event_enable(consumer->queue, -1, NULL, 0); /* the client may outlive the eventfd */
		kafka_client_leave(consumer->rk, CLOSE_MS);
		rd_kafka_queue_destroy(consumer->queue);
		kafka_client_destroy(consumer->rk, DESTROY_MS);
	}
	if (consumer->wake_fd >= 0)
		close(consumer->wake_fd);
	kafka_rebalance_drop(consumer);
	kafka_assignment_release(&consumer->assignment);
	free(consumer->held);
	free(consumer->group);
	free(consumer->topic);
	free(consumer);
}
