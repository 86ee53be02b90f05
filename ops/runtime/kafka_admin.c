/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/kafka_admin.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_admin_client.h"
#include "ops/runtime/log.h"

#define AGAIN_MS 50
#define DESTROY_MS 1000

static void on_error(rd_kafka_t *rk, int rd_err, const char *text, void *opaque)
{
	struct kafka_admin *admin = opaque;

	(void)rk;
	kafka_link_error(&admin->link, rd_err, text);
}

rd_kafka_conf_t *kafka_admin_conf(const struct kafka_admin *admin)
{
	rd_kafka_conf_t *rd_conf = kafka_client_conf(admin->conf, "tipline-admin");

	rd_kafka_conf_set_error_cb(rd_conf, on_error);
	rd_kafka_conf_set_opaque(rd_conf, (void *)(uintptr_t)admin);
	return rd_conf;
}

int kafka_admin_open(struct kafka_admin **out, const struct conf *conf, int timeout_ms, struct err *err)
{
	struct kafka_admin *admin = mem_alloc(sizeof *admin);
	int brokers;

	admin->conf = conf;
	admin->timeout_ms = timeout_ms;
	admin->rk = kafka_client_new(RD_KAFKA_PRODUCER, kafka_admin_conf(admin), err);
	if (!admin->rk || kafka_admin_brokers(admin, &brokers, err) < 0) {
		kafka_admin_close(admin);
		return -1;
	}
	*out = admin;
	return 0;
}

void kafka_admin_close(struct kafka_admin *admin)
{
	if (!admin)
		return;
	if (admin->group_rk)
		kafka_client_destroy(admin->group_rk, DESTROY_MS);
	if (admin->rk)
		kafka_client_destroy(admin->rk, DESTROY_MS);
	free(admin->group);
	free(admin);
}

int kafka_admin_brokers(struct kafka_admin *admin, int *n, struct err *err)
{
	const rd_kafka_metadata_t *all;
	rd_kafka_resp_err_t rd_err = rd_kafka_metadata(admin->rk, 1, NULL, &all, admin->timeout_ms);

	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_poll(admin->rk, 0); /* brings what the connections died of */
		return err_set(err, ERR_UNAVAILABLE, "kafka-refused",
			       "no broker answers: %s; is the broker up, and kafka.brokers right?",
			       *admin->link.trouble ? admin->link.trouble : rd_kafka_err2str(rd_err));
	}
	*n = all->broker_cnt;
	rd_kafka_metadata_destroy(all);
	return 0;
}

int kafka_admin_topic(struct kafka_admin *admin, const char *topic, int *partitions, int *replication,
		      struct err *err)
{
	struct kafka_topic_state state;

	if (kafka_client_topic(admin->rk, topic, admin->timeout_ms, &state, err) < 0)
		return -1;
	*partitions = state.partitions;
	*replication = state.replication;
	return 0;
}

/*
 * The embedded broker names a controller that is none of its brokers, and librdkafka would look for it until time is
 * up.
 */
static int need_controller(struct kafka_admin *admin, const char *what, struct err *err)
{
	const rd_kafka_metadata_t *all;
	rd_kafka_resp_err_t rd_err = rd_kafka_metadata(admin->rk, 1, NULL, &all, admin->timeout_ms);
	int32_t controller;
	bool found = false;

	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_client_fail(err, rd_err, what);
	controller = rd_kafka_controllerid(admin->rk, admin->timeout_ms);
	for (int i = 0; i < all->broker_cnt; i++)
		found = found || all->brokers[i].id == controller;
	rd_kafka_metadata_destroy(all);
	if (found)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "kafka-unsupported", "%s: no broker here takes administrative requests",
		       what);
}

/* Waits for the answer to an admin request that was sent to `queue`. */
static int await(struct kafka_admin *admin, rd_kafka_queue_t *queue, rd_kafka_event_t **out, const char *what,
		 struct err *err)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, admin->timeout_ms);
	rd_kafka_resp_err_t rd_err = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		*out = event;
		return 0;
	}
	if (rd_err == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
		err_set(err, ERR_UNAVAILABLE, "kafka-unsupported", "%s: this broker cannot do that", what);
	else
		err_set(err, ERR_UNAVAILABLE, "kafka-refused", "%s: %s", what,
			event ? rd_kafka_event_error_string(event) : rd_kafka_err2str(rd_err));
	if (event)
		rd_kafka_event_destroy(event);
	return -1;
}

static rd_kafka_AdminOptions_t *options_for(struct kafka_admin *admin, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->rk, op);
	char text[256];

	rd_kafka_resp_err_t rd_err =
		rd_kafka_AdminOptions_set_request_timeout(options, admin->timeout_ms, text, sizeof text);

	/* How long the broker may take to carry it out, where it has something to carry out. */
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR && op == RD_KAFKA_ADMIN_OP_CREATETOPICS)
		rd_err = rd_kafka_AdminOptions_set_operation_timeout(options, admin->timeout_ms, text, sizeof text);
	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR)
		BUG("admin timeout %d: %s", admin->timeout_ms, text);
	return options;
}

static int new_topic(const struct kafka_topic_spec *spec, rd_kafka_NewTopic_t **out, struct err *err)
{
	char text[256];
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(spec->name, spec->partitions, spec->replication, text, sizeof text);

	if (!topic)
		return err_set(err, ERR_CONFIG, NULL, "topic %s: %s", spec->name, text);
	for (size_t i = 0; i < spec->n_settings; i++) {
		if (rd_kafka_NewTopic_set_config(topic, spec->settings[i].name, spec->settings[i].value) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR) {
			rd_kafka_NewTopic_destroy(topic);
			return err_set(err, ERR_CONFIG, NULL, "topic %s: setting %s", spec->name,
				       spec->settings[i].name);
		}
	}
	*out = topic;
	return 0;
}

static int created(rd_kafka_event_t *event, const struct kafka_topic_spec *spec,
		   enum kafka_topic_result *result, struct err *err)
{
	size_t n = 0;
	const rd_kafka_CreateTopics_result_t *answer = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(answer, &n);
	rd_kafka_resp_err_t rd_err = n == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
	const char *text = n == 1 ? rd_kafka_topic_result_error_string(topics[0]) : NULL;

	*result = KAFKA_TOPIC_CREATED;
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	*result = KAFKA_TOPIC_EXISTED;
	if (rd_err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return 0;
	*result = KAFKA_TOPIC_FAILED;
	return err_set(err, ERR_UNAVAILABLE, "kafka-refused", "topic %s: %s", spec->name,
		       text ? text : rd_kafka_err2str(rd_err));
}

static int create(struct kafka_admin *admin, const struct kafka_topic_spec *spec, enum kafka_topic_result *result,
		  struct err *err)
{
	rd_kafka_AdminOptions_t *options;
	rd_kafka_NewTopic_t *topic;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	int status;

	if (need_controller(admin, spec->name, err) < 0 || new_topic(spec, &topic, err) < 0)
		return -1;
	options = options_for(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	queue = rd_kafka_queue_new(admin->rk);
	rd_kafka_CreateTopics(admin->rk, &topic, 1, options, queue);
	status = await(admin, queue, &event, spec->name, err);
	if (status == 0) {
		status = created(event, spec, result, err);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(topic);
	return status;
}

/* A topic is created before every broker shows it; clients that come at once would find none. */
static int await_topic(struct kafka_admin *admin, const struct kafka_topic_spec *spec, struct err *err)
{
	int64_t deadline = clock_mono_ms() + admin->timeout_ms;
	struct kafka_topic_state state = { 0 };

	while (kafka_client_left(deadline) > 0) {
		if (kafka_client_topic(admin->rk, spec->name, kafka_client_left(deadline), &state, err) < 0)
			return -1;
		if (state.ready)
			return 0;
		rd_kafka_poll(admin->rk, AGAIN_MS);
	}
	return err_set(err, ERR_UNAVAILABLE, "topic-missing", "topic %s: created, but without leaders", spec->name);
}

int kafka_admin_create(struct kafka_admin *admin, const struct kafka_topic_spec *spec,
		       enum kafka_topic_result *result, struct err *err)
{
	struct kafka_topic_state state;

	*result = KAFKA_TOPIC_FAILED;
	if (kafka_client_topic(admin->rk, spec->name, admin->timeout_ms, &state, err) < 0)
		return -1;
	if (state.partitions > 0) {
		*result = KAFKA_TOPIC_EXISTED;
		return 0;
	}
	if (create(admin, spec, result, err) < 0)
		return -1;
	return await_topic(admin, spec, err);
}

static int give_settings(rd_kafka_event_t *event, const char *topic,
			 void (*each)(void *arg, const char *name, const char *value), void *arg, struct err *err)
{
	size_t n = 0, n_entries = 0;
	const rd_kafka_DescribeConfigs_result_t *answer = rd_kafka_event_DescribeConfigs_result(event);
	const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(answer, &n);
	const rd_kafka_ConfigEntry_t **entries;
	rd_kafka_resp_err_t rd_err = n == 1 ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;

	if (rd_err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_client_fail(err, rd_err, topic);
		return err_prefix(err, "settings");
	}
	entries = rd_kafka_ConfigResource_configs(resources[0], &n_entries);
	for (size_t i = 0; i < n_entries; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		each(arg, rd_kafka_ConfigEntry_name(entries[i]), value ? value : "");
	}
	return 0;
}

int kafka_admin_settings(struct kafka_admin *admin, const char *topic,
			 void (*each)(void *arg, const char *name, const char *value), void *arg, struct err *err)
{
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	int status;

	if (need_controller(admin, topic, err) < 0)
		return -1;
	resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	if (!resource)
		return err_set(err, ERR_CONFIG, NULL, "topic %s cannot be asked for", topic);
	options = options_for(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	queue = rd_kafka_queue_new(admin->rk);
	rd_kafka_DescribeConfigs(admin->rk, &resource, 1, options, queue);
	status = await(admin, queue, &event, topic, err);
	if (status == 0) {
		status = give_settings(event, topic, each, arg, err);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	return status;
}

int kafka_admin_offsets_at(struct kafka_admin *admin, const char *topic, int64_t timestamp_ms, int64_t *offsets, int n,
			   struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
	rd_kafka_resp_err_t rd_err;

	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = timestamp_ms;
	rd_err = rd_kafka_offsets_for_times(admin->rk, list, admin->timeout_ms);
	for (int i = 0; i < n && rd_err == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		const rd_kafka_topic_partition_t *part = &list->elems[i];
		int64_t low, high;

		rd_err = part->err;
		offsets[i] = part->offset;
		if (!rd_err && part->offset < 0 && kafka_admin_watermarks(admin, topic, i, &low, &high, err) < 0)
			return rd_kafka_topic_partition_list_destroy(list), -1;
		if (part->offset < 0)
			offsets[i] = rd_err ? 0 : high;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, topic);
}

int32_t kafka_admin_partition_of(struct slice key, int n)
{
	return rd_kafka_msg_partitioner_murmur2(NULL, key.data, key.len, n, NULL, NULL);
}

int kafka_admin_watermarks(struct kafka_admin *admin, const char *topic, int32_t partition, int64_t *low,
			   int64_t *high, struct err *err)
{
	int64_t range[2];

	if (kafka_client_watermarks(admin->rk, topic, partition, admin->timeout_ms, range, err) < 0)
		return -1;
	*low = range[0];
	*high = range[1];
	return 0;
}

/* A client that is of the group in name only: it never subscribes, so the group does not see it. */
static int in_group(struct kafka_admin *admin, const char *group, struct err *err)
{
	rd_kafka_conf_t *rd_conf;

	if (admin->group && strcmp(admin->group, group) == 0)
		return 0;
	if (admin->group_rk)
		kafka_client_destroy(admin->group_rk, DESTROY_MS);
	free(admin->group);
	admin->group = NULL;
	rd_conf = kafka_admin_conf(admin);
	kafka_client_set(rd_conf, "group.id", group);
	admin->group_rk = kafka_client_new(RD_KAFKA_CONSUMER, rd_conf, err);
	if (!admin->group_rk)
		return -1;
	admin->group = mem_strdup(group);
	return 0;
}

int kafka_admin_committed(struct kafka_admin *admin, const char *group, const char *topic, int32_t partition,
			  int64_t *next, struct err *err)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t rd_err;

	if (in_group(admin, group, err) < 0)
		return -1;
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, partition);
	rd_err = rd_kafka_committed(admin->group_rk, list, admin->timeout_ms);
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_err = list->elems[0].err;
	if (rd_err == RD_KAFKA_RESP_ERR_NO_ERROR)
		*next = list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return rd_err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_client_fail(err, rd_err, group);
}
