/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl topics: the table of schema/topics.h against what the broker has.
 */
#include "schema/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/ctl.h"

#define TOPIC_NAME_MAX 128
#define SETTINGS_MAX 24

struct each_topic {
	struct ctl *ctl;
	json_t *rows;
	int replication;
	int (*one)(struct each_topic *walk, const struct topic *topic, const char *name, struct err *err);
};

static int walk_topics(struct each_topic *walk, struct err *err)
{
	const char *const *teams;
	size_t n_teams = conf_list(walk->ctl->conf, "teams", &teams);
	char name[TOPIC_NAME_MAX];

	for (size_t i = 0; i < n_topics; i++) {
		const struct topic *topic = &topics[i];
		bool per_team = topic->name[strlen(topic->name) - 1] == '.';

		for (size_t t = 0; t < (per_team ? n_teams : 1); t++) {
			snprintf(name, sizeof name, "%s%s", topic->name, per_team ? teams[t] : "");
			if (walk->one(walk, topic, name, err) < 0)
				return err_prefix(err, "topic %s", name);
		}
	}
	return 0;
}

static int choose_replication(struct ctl *ctl, int *replication, struct err *err)
{
	int brokers;

	*replication = (int)conf_int(ctl->conf, "topics.replication");
	if (*replication)
		return 0;
	if (kafka_admin_brokers(ctl->kafka, &brokers, err) < 0)
		return -1;
	*replication = brokers >= 3 ? 3 : 1;
	return 0;
}

static int create_one(struct each_topic *walk, const struct topic *topic, const char *name, struct err *err)
{
	struct kafka_setting settings[SETTINGS_MAX];
	struct kafka_topic_spec spec = { name, topic->partitions, walk->replication, settings, 0 };
	static const char *const words[] = { "created", "was there", "failed" };
	enum kafka_topic_result result;

	for (const struct topic_setting *s = topic->settings; s->name && spec.n_settings < SETTINGS_MAX - 1; s++)
		settings[spec.n_settings++] = (struct kafka_setting){ s->name, s->value };
	if (walk->replication >= 3)
		settings[spec.n_settings++] = (struct kafka_setting){ "min.insync.replicas", "2" };
	if (kafka_admin_create(walk->ctl->kafka, &spec, &result, err) < 0)
		return -1;
	json_array_append_new(walk->rows, json_pack("{s:s, s:i, s:i, s:s, s:s}", "topic", name, "partitions",
						    topic->partitions, "replication", walk->replication, "result",
						    words[result], "what", topic->what));
	return 0;
}

int ctl_topics_create(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "topic", "TOPIC", false },
						     { "partitions", "PARTITIONS", true },
						     { "replication", "REPLICAS", true },
						     { "result", "RESULT", false },
						     { "what", "HOLDS", false },
						     { NULL, NULL, false } };
	struct each_topic walk = { ctl, json_array(), 0, create_one };
	json_t *row;
	size_t i;

	out->value = walk.rows;
	out->columns = columns;
	if (choose_replication(ctl, &walk.replication, err) < 0)
		return -1;
	if (walk_topics(&walk, err) < 0)
		return -1;
	json_array_foreach(walk.rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "result")), "created") != 0)
			out->note = "What was there stays as it is: `tipctl topics check` says whether it is right.";
	return 0;
}

struct compare {
	const struct topic *topic;
	long insync; /* min.insync.replicas; 0: not told */
	json_t *wrong; /* array of "setting: has x, should be y" */
};

static void compare_setting(void *arg, const char *name, const char *value)
{
	struct compare *compare = arg;

	if (strcmp(name, "min.insync.replicas") == 0)
		compare->insync = strtol(value ? value : "", NULL, 10);
	for (const struct topic_setting *s = compare->topic->settings; s->name; s++)
		if (strcmp(s->name, name) == 0 && strcmp(s->value, value ? value : "") != 0)
			json_array_append_new(compare->wrong, json_sprintf("%s is %s, not %s", name, value ? value : "unset",
									   s->value));
}

/* Acknowledged must mean that a second broker has it, where there is one; what needs more is not what was meant. */
static void compare_insync(struct compare *compare, int replication)
{
	if (compare->insync > replication)
		json_array_append_new(compare->wrong,
				      json_sprintf("min.insync.replicas is %ld, but there %s %d replica%s", compare->insync,
						   replication == 1 ? "is" : "are", replication,
						   replication == 1 ? "" : "s"));
	else if (replication >= 3 && compare->insync == 1)
		json_array_append_new(compare->wrong, json_string("min.insync.replicas is 1, not 2: an acknowledged tip may "
								  "be on one broker alone"));
}

static int check_one(struct each_topic *walk, const struct topic *topic, const char *name, struct err *err)
{
	struct compare compare = { topic, 0, json_array() };
	int partitions, replication;

	if (kafka_admin_topic(walk->ctl->kafka, name, &partitions, &replication, err) < 0)
		return json_decref(compare.wrong), -1;
	if (partitions == 0)
		json_array_append_new(compare.wrong, json_string("missing: run `tipctl topics create`"));
	else if (partitions != topic->partitions)
		json_array_append_new(compare.wrong,
				      json_sprintf("%d partitions, not %d", partitions, topic->partitions));
	if (partitions && kafka_admin_settings(walk->ctl->kafka, name, compare_setting, &compare, err) < 0)
		return json_decref(compare.wrong), -1;
	compare_insync(&compare, replication);
	json_array_append_new(walk->rows, json_pack("{s:s, s:i, s:i, s:b, s:o}", "topic", name, "partitions", partitions,
						    "replication", replication, "ok",
						    json_array_size(compare.wrong) == 0, "wrong", compare.wrong));
	return 0;
}

/* A line for each thing that is wrong. True when a topic is there, but differs. */
static bool remark_wrong(struct ctl_output *out, const json_t *row)
{
	const json_t *wrong = json_object_get(row, "wrong");
	const char *topic = json_string_value(json_object_get(row, "topic"));

	for (size_t i = 0; i < json_array_size(wrong); i++)
		json_array_append_new(out->remarks, json_sprintf("%s: %s", topic, json_string_value(json_array_get(wrong, i))));
	if (json_array_size(wrong))
		out->status = 1;
	return json_array_size(wrong) && json_integer_value(json_object_get(row, "partitions")) > 0;
}

int ctl_topics_check(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "topic", "TOPIC", false }, { "partitions", "PARTITIONS", true },
						     { "replication", "REPLICAS", true }, { "ok", "OK", false },
						     { NULL, NULL, false } };
	struct each_topic walk = { ctl, json_array(), 0, check_one };
	bool differs = false;

	out->value = walk.rows;
	out->columns = columns;
	if (walk_topics(&walk, err) < 0)
		return -1;
	out->remarks = json_array();
	for (size_t i = 0; i < json_array_size(walk.rows); i++)
		differs = remark_wrong(out, json_array_get(walk.rows, i)) || differs;
	if (differs)
		out->note = "Settings are mended with Kafka's kafka-configs.sh --alter. Partitions cannot be\n"
			    "taken away, and more of them part what belongs together: stop what writes, let\n"
			    "the topic run empty, delete it, then `tipctl topics create`.";
	return 0;
}
