/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl status: each stage as it says itself (its /status) and as the broker says (lag by committed offsets, so that
 * a stage that is down shows its lag too).
 */
#include <stdio.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/daemon_http.h"
#include "ops/ctl/parked.h"
#include "ops/runtime/clock.h"
#include "schema/topics.h"

#define WEBFORM "webform"

/* -1 when the broker cannot say. */
static json_int_t lag_of(struct ctl *ctl, const struct topic_reader *reader)
{
	int partitions, replication;
	json_int_t lag = 0;
	char group[64];

	if (!ctl->kafka)
		return -1;
	snprintf(group, sizeof group, "%s%s", GROUP_PREFIX, reader->stage);
	if (kafka_admin_topic(ctl->kafka, reader->topic, &partitions, &replication, NULL) < 0 || partitions == 0)
		return -1;
	for (int p = 0; p < partitions; p++) {
		int64_t next, low, high;

		if (kafka_admin_watermarks(ctl->kafka, reader->topic, p, &low, &high, NULL) < 0 ||
		    kafka_admin_committed(ctl->kafka, group, reader->topic, p, &next, NULL) < 0)
			return -1;
		lag += high - (next < low ? low : next);
	}
	return lag;
}

static const struct topic_reader *reader_of(const char *stage)
{
	for (const struct topic_reader *reader = topic_readers; reader->stage; reader++)
		if (strcmp(reader->stage, stage) == 0)
			return reader;
	return NULL;
}

/* What the daemon itself says; NULL, and why, when the stage cannot be asked. */
static json_t *ask(struct ctl *ctl, const char *stage, struct err *err)
{
	char key[64], group[64];
	const char *address;
	json_t *status, *name;

	snprintf(key, sizeof key, "daemons.%s", stage);
	snprintf(group, sizeof group, GROUP_PREFIX "%s", strncmp(stage, WEBFORM, strlen(WEBFORM)) == 0 ? WEBFORM : stage);
	address = conf_str(ctl->conf, key);
	if (!*address) {
		err_set(err, ERR_CONFIG, NULL, "not asked: tipctl's configuration has no %s", key);
		return NULL;
	}
	status = daemon_http_status(address, (long)conf_int(ctl->conf, "timeout"), err);
	name = json_object_get(status, "name");
	if (!status) {
		err_prefix(err, "%s", key);
		return NULL;
	}
	if (json_is_string(name) && strcmp(json_string_value(name), group) == 0)
		return status;
	err_set(err, ERR_CONFIG, NULL, json_is_string(name) ? "%s: at %s answers another daemon, %s" :
			"%s: what answers at %s is no daemon of tipline", key, address, json_string_value(name));
	json_decref(status);
	return NULL;
}

/* Whether key files and the list of recipients are in force as they lie there; null when nothing is said of it. */
static const json_t *keys_current(const json_t *status)
{
	return json_object_get(json_object_get(status, "keys"), "current");
}

static json_t *stage_row(struct ctl *ctl, const char *stage, json_t *remarks)
{
	static const char *const members[] = { "ready", "in", "out", "parked", "repeats", "refused", "lag_seconds" };
	const struct topic_reader *reader = reader_of(stage);
	struct err why = ERR_INIT;
	json_t *row = json_pack("{s:s}", "stage", stage), *status = ask(ctl, stage, &why), *value;

	json_object_set_new(row, "up", json_boolean(status != NULL));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		value = json_object_get(status, members[i]);
		json_object_set(row, members[i], value ? value : json_null());
	}
	if (reader) {
		json_int_t lag = lag_of(ctl, reader);

		json_object_set_new(row, "lag_records", lag < 0 ? json_null() : json_integer(lag));
	}
	/* An adapter's lag is what the gateway has not acknowledged. */
	if (!reader && json_object_get(status, "waiting"))
		json_object_set(row, "lag_records", json_object_get(status, "waiting"));
	json_object_set_new(row, "keys_current",
			    keys_current(status) ? json_boolean(json_is_true(keys_current(status))) : json_null());
	json_object_set_new(row, "trouble", status ? json_null() : json_string(why.text));
	if (!status)
		json_array_append_new(remarks, json_sprintf("%s: %s", stage, why.text));
	else if (json_is_false(keys_current(status)))
		json_array_append_new(remarks, json_sprintf("%s: a file of keys or recipients as it is now is not in force, "
							    "but what it said before; the log of %s says why", stage, stage));
	json_decref(status);
	return row;
}

/* Of what is parked and open. */
struct oldest {
	const struct resolutions *all;
	json_int_t n, day;
};

static int look_parked(void *arg, const struct kafka_record *record, struct err *err)
{
	struct oldest *oldest = arg;
	struct parked parked;

	(void)err;
	parked_read(&parked, record, oldest->all);
	if (!parked_is_open(&parked))
		return 0;
	oldest->n++;
	if (parked.day >= 0 && (!oldest->day || parked.day < oldest->day))
		oldest->day = parked.day;
	return 0;
}

static int count_parked(struct ctl *ctl, struct oldest *oldest, struct err *err)
{
	struct resolutions all = { 0 };
	int result = resolutions_load(&all, ctl->kafka, err);

	oldest->all = &all;
	if (result == 0)
		result = kafka_admin_scan(ctl->kafka, TOPIC_PARKED, NULL, look_parked, oldest, err);
	oldest->all = NULL;
	resolutions_release(&all);
	return result;
}

/* Those that tipctl's configuration names, webform, webform2 …: not every site has one, or lets tipctl reach it. */
static void add_webforms(struct ctl *ctl, struct ctl_output *out)
{
	const char *const *names;
	const size_t n = conf_names(ctl->conf, "daemons", &names);

	for (size_t i = 0; i < n; i++)
		if (strncmp(names[i], WEBFORM, strlen(WEBFORM)) == 0)
			json_array_append_new(out->value, stage_row(ctl, names[i], out->remarks));
}

int ctl_status(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "stage", "STAGE", false }, { "up", "UP", false }, { "ready", "READY", false }, { "in", "IN", true },
		{ "out", "OUT", true }, { "repeats", "REPEATS", true }, { "parked", "PARKED", true },
		{ "refused", "REFUSED", true }, { "lag_records", "LAG", true }, { "lag_seconds", "LAG S", true },
		{ "oldest_days", "DAYS OLD", true }, { NULL, NULL, false }
	};
	static const char *const stages[] = { "gateway", "classify", "dedupe", "route", "sink" };
	struct oldest oldest = { 0 };
	struct err why = ERR_INIT;

	(void)err;
	out->value = json_array();
	out->columns = columns;
	out->remarks = json_array();
	add_webforms(ctl, out);
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		json_array_append_new(out->value, stage_row(ctl, stages[i], out->remarks));
	if (!ctl->kafka) {
		json_array_append_new(out->remarks, json_string(ctl->no_kafka.text));
		out->note = "Lag and parked records are not known.";
		out->status = err_exit_status(&(struct err){ .kind = ERR_UNAVAILABLE });
		return 0;
	}
	if (count_parked(ctl, &oldest, &why) < 0) {
		json_array_append_new(out->remarks, json_sprintf(TOPIC_PARKED ": %s", why.text));
		out->status = err_exit_status(&why);
		return 0;
	}
	json_array_append_new(out->value,
			      json_pack("{s:s, s:I, s:o}", "stage", TOPIC_PARKED, "parked", oldest.n, "oldest_days",
					oldest.n ? json_integer((json_int_t)clock_day() - oldest.day) : json_null()));
	out->note = "PARKED counts since a stage's start; of " TOPIC_PARKED " it is what is open now.";
	return 0;
}
