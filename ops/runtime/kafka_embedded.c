/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_embedded.h"

#include <string.h>
#include <syslog.h>

#include "ops/runtime/kafka_client.h"
#include "ops/runtime/log.h"

#include <librdkafka/rdkafka_mock.h>

#define FAULTS_MAX 1000
#define BROKERS_MAX 16

struct kafka_embedded {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	int brokers;
};

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	/* The handle that carries the brokers is no client: it has none to speak to and says so. */
	log_event(level <= LOG_ERR ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "kafka.embedded", "facility", facility,
		  "detail", text, NULL);
}

int kafka_embedded_new(struct kafka_embedded **out, int brokers, struct err *err)
{
	rd_kafka_conf_t *rd_conf = rd_kafka_conf_new();
	struct kafka_embedded *broker;
	rd_kafka_t *rk;

	if (brokers < 1 || brokers > BROKERS_MAX) {
		rd_kafka_conf_destroy(rd_conf);
		return err_set(err, ERR_CONFIG, NULL, "1 to %d embedded brokers", BROKERS_MAX);
	}
	rd_kafka_conf_set_log_cb(rd_conf, on_log);
	kafka_client_set(rd_conf, "client.id", "embedded-broker");
	rk = kafka_client_new(RD_KAFKA_PRODUCER, rd_conf, err);
	if (!rk)
		return -1;
	broker = mem_alloc(sizeof *broker);
	broker->rk = rk;
	broker->brokers = brokers;
	broker->cluster = rd_kafka_mock_cluster_new(rk, brokers);
	if (!broker->cluster) {
		kafka_embedded_free(broker);
		return err_set(err, ERR_SYSTEM, NULL, "embedded broker: cannot listen");
	}
	*out = broker;
	return 0;
}

int kafka_embedded_topic(struct kafka_embedded *broker, const char *topic, int partitions, struct err *err)
{
	rd_kafka_resp_err_t rd_err =
		rd_kafka_mock_topic_create(broker->cluster, topic, partitions, broker->brokers);

	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	kafka_client_fail(err, rd_err, topic);
	return err_prefix(err, "embedded broker");
}

const char *kafka_embedded_address(const struct kafka_embedded *broker)
{
	return rd_kafka_mock_cluster_bootstraps(broker->cluster);
}

static const struct {
	const char *name;
	int16_t key;
} requests[] = {
	{ "Produce", 0 },     { "Fetch", 1 },           { "ListOffsets", 2 }, { "Metadata", 3 },
	{ "OffsetCommit", 8 }, { "OffsetFetch", 9 },     { "FindCoordinator", 10 }, { "JoinGroup", 11 },
	{ "Heartbeat", 12 },  { "LeaveGroup", 13 },     { "SyncGroup", 14 },  { "InitProducerId", 22 },
};

static int find_request(const char *name, int16_t *key)
{
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		if (strcmp(requests[i].name, name) == 0) {
			*key = requests[i].key;
			return 0;
		}
	}
	return -1;
}

static int find_error(const char *name, rd_kafka_resp_err_t *rd_err)
{
	const struct rd_kafka_err_desc *errors;
	size_t n;

	rd_kafka_get_err_descs(&errors, &n);
	for (size_t i = 0; i < n; i++) {
		if (errors[i].name && strcmp(errors[i].name, name) == 0) {
			*rd_err = errors[i].code;
			return 0;
		}
	}
	return -1;
}

int kafka_embedded_fail(struct kafka_embedded *broker, const char *request, const char *error, int n,
			struct err *err)
{
	rd_kafka_resp_err_t rd_err, *list;
	int16_t key;

	if (find_request(request, &key) < 0 || find_error(error, &rd_err) < 0 || n < 1 || n > FAULTS_MAX)
		return err_set(err, ERR_USAGE, NULL, "no such fault: %s %s", request, error);
	list = mem_alloc((size_t)n * sizeof *list);
	for (int i = 0; i < n; i++)
		list[i] = rd_err;
	rd_kafka_mock_push_request_errors_array(broker->cluster, key, (size_t)n, list);
	free(list);
	return 0;
}

int kafka_embedded_fail_produce(struct kafka_embedded *broker, const char *error, int n, struct err *err)
{
	return kafka_embedded_fail(broker, "Produce", error, n, err);
}

void kafka_embedded_heal(struct kafka_embedded *broker, const char *request)
{
	int16_t key;

	if (find_request(request, &key) < 0)
		BUG("no such request: %s", request);
	rd_kafka_mock_clear_request_errors(broker->cluster, key);
}

int kafka_embedded_delay(struct kafka_embedded *broker, const char *request, int delay_ms, int n, struct err *err)
{
	int16_t key;

	if (find_request(request, &key) < 0 || delay_ms < 0 || n < 1 || n > FAULTS_MAX)
		return err_set(err, ERR_USAGE, NULL, "no such delay: %s", request);
	for (int id = 1; id <= broker->brokers; id++) {
		for (int i = 0; i < n; i++)
			rd_kafka_mock_broker_push_request_error_rtts(broker->cluster, id, key, 1,
								     RD_KAFKA_RESP_ERR_NO_ERROR, delay_ms);
	}
	return 0;
}

void kafka_embedded_hide_topic(struct kafka_embedded *broker, const char *topic, bool hidden)
{
	rd_kafka_mock_topic_set_error(broker->cluster, topic,
				      hidden ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
}

int kafka_embedded_set_down(struct kafka_embedded *broker, int broker_id, bool down, struct err *err)
{
	rd_kafka_resp_err_t rd_err = down ? rd_kafka_mock_broker_set_down(broker->cluster, broker_id)
					  : rd_kafka_mock_broker_set_up(broker->cluster, broker_id);

	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, "embedded broker");
}

void kafka_embedded_free(struct kafka_embedded *broker)
{
	if (!broker)
		return;
	if (broker->cluster)
		rd_kafka_mock_cluster_destroy(broker->cluster);
	rd_kafka_destroy(broker->rk);
	free(broker);
}
