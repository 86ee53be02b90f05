/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_conf.h"

#include <string.h>

#include "ops/runtime/kafka.h"
#include "schema/keys.h"

const struct conf_key stage_conf_keys[] = {
	{ "http.listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL,
	  "where /metrics, /status, /-/ready and /-/healthy are served; port 0 lets the system choose" },
	{ "keys.bus", CONF_DIR, "", 0, 0, NULL,
	  "folder with the bus keys: EPOCH.key, or EPOCH.TOPIC.key for one topic alone; --try needs none" },
	{ "stage.batch", CONF_INT, "500", 1, 10000, NULL, "records taken, acknowledged and committed together" },
	{ "stage.linger", CONF_DURATION, "250ms", 0, 1000, NULL,
	  "how long one poll waits for a first record; ends when one comes, or a stop" },
	{ "stage.pace", CONF_DURATION, "50ms", 0, 1000, NULL,
	  "a batch that was not full is followed by the next no sooner than this after it began, so that tips that come "
	  "close together share a batch" },
	{ "stage.publish_timeout", CONF_DURATION, "5m", 1000, 3600000, NULL,
	  "how long the brokers may take to answer for a record; then the worker ends with 75, to be started again, and "
	  "does the batch anew" },
	{ "stage.session_timeout", CONF_DURATION, "6s", 1000, 300000, NULL,
	  "after how long without a heartbeat the group gives this worker's partitions to another" },
	{ "stage.start_anywhere", CONF_BOOL, "false", 0, 0, NULL,
	  "where the group never committed, begin with the oldest record there is although earlier ones are gone" },
	{ "stage.retry_first", CONF_DURATION, "100ms", 1, 60000, NULL, "the first wait after RETRY; it doubles" },
	{ "stage.retry_max", CONF_DURATION, "10s", 1, 600000, NULL, "the longest wait after RETRY" },
	{ "stage.progress", CONF_DURATION, "30s", 1000, 3600000, NULL,
	  "not ready when records wait and no batch was finished for this long" },
	{ "stage.watchdog", CONF_DURATION, "120s", 1000, 86400000, NULL,
	  "the worker ends, to be restarted, when one record keeps it busy for this long" },
	{ "stage.suspects", CONF_PATH, "", 0, 0, NULL,
	  "file that remembers, over deaths of this worker, which record it had in hand: a record that ends it three "
	  "times in a row is parked as poison; empty: \"suspects\" in the state folder that systemd gives, or none" },
	CONF_KEYS_END
};

static const struct conf_key no_keys[] = { CONF_KEYS_END };

void stage_settings_read(struct stage_settings *settings, const struct conf *conf)
{
	*settings = (struct stage_settings){
		.http_listen = conf_str(conf, "http.listen"),
		.batch = (size_t)conf_int(conf, "stage.batch"),
		.linger_ms = (int)conf_int(conf, "stage.linger"),
		.pace_ms = (int)conf_int(conf, "stage.pace"),
		.publish_timeout_ms = (int)conf_int(conf, "stage.publish_timeout"),
		.session_timeout_ms = (int)conf_int(conf, "stage.session_timeout"),
		.start_anywhere = conf_bool(conf, "stage.start_anywhere"),
		.retry_first_ms = conf_int(conf, "stage.retry_first"),
		.retry_max_ms = conf_int(conf, "stage.retry_max"),
		.progress_ms = conf_int(conf, "stage.progress"),
		.watchdog_ms = conf_int(conf, "stage.watchdog"),
		.suspects = conf_str(conf, "stage.suspects"),
	};
}

int stage_bus_load(struct bus_ring **ring, const struct stage *stage, const struct conf *conf, struct err *err)
{
	const char *folder = conf_str(conf, "keys.bus");

	*ring = NULL;
	if (!stage->bus_key)
		return 0;
	if (!folder[0])
		return err_set(err, ERR_CONFIG, NULL, "keys.bus is required");
	if (keys_load_bus(ring, folder, err))
		return -1;
	/* Without this key every record would be parked, one by one, instead of one word at the start. */
	if (stage->input == STAGE_READS_RECORDS && !bus_ring_has(*ring, stage->topic_in)) {
		bus_ring_free(*ring);
		*ring = NULL;
		return err_set(err, ERR_CONFIG, NULL, "%s: no bus key for topic %s, which this stage reads: put EPOCH.key or "
			       "EPOCH.%s.key there", folder, stage->topic_in, stage->topic_in);
	}
	return 0;
}

static bool only_for_real(const struct conf_key *key)
{
	switch (key->type) {
	case CONF_SECRET:
	case CONF_DIR:
	case CONF_PATH:
	case CONF_ADDRESS:
		return true;
	default:
		return !strncmp(key->name, "kafka.", strlen("kafka.")) ||
		       !strncmp(key->name, "keys.", strlen("keys."));
	}
}

static struct conf_key *relaxed_copy(const struct conf_key *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	struct conf_key *copy = mem_alloc((n + 1) * sizeof(*copy));
	memcpy(copy, table, (n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		if (!copy[i].def && only_for_real(&copy[i]))
			copy[i].def = "";
	}
	return copy;
}

void stage_tables_init(struct stage_tables *tables, const struct stage *stage, bool trying)
{
	const struct conf_key *all[] = { kafka_conf_keys, stage_conf_keys, stage->keys ? stage->keys : no_keys };

	memset(tables, 0, sizeof(*tables));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (trying)
			tables->copies[i] = relaxed_copy(all[i]);
		tables->tables[i] = trying ? tables->copies[i] : all[i];
	}
}

void stage_tables_release(struct stage_tables *tables)
{
	for (size_t i = 0; i < sizeof(tables->copies) / sizeof(tables->copies[0]); i++)
		free(tables->copies[i]);
	memset(tables, 0, sizeof(*tables));
}
