/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_keys.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/log.h"
#include "workers/stage/stage_conf.h"

static void add_path(void *arg, const char *path)
{
	struct stage_keys *keys = arg;

	keys->seen = mem_grow(keys->seen, (keys->n_seen + 1) * sizeof(*keys->seen));
	file_watch_begin(&keys->seen[keys->n_seen++], path);
}

void stage_keys_init(struct stage_keys *keys, struct metrics *metrics, int64_t begun_ms)
{
	const char *help = "readings of changed key files, by what became of them";
	bool changed = false;

	keys->reloads = metrics_counter(metrics, "tipline_key_reloads_total", "result=\"ok\"", help);
	keys->failures = metrics_counter(metrics, "tipline_key_reloads_total", "result=\"failed\"", help);
	if (keys->ring)
		add_path(keys, conf_str(keys->conf, "keys.bus"));
	if (keys->stage->key_files)
		keys->stage->key_files->paths(keys->state, add_path, keys);
	/* A second of grace, since file systems keep coarser time than the clock. */
	for (size_t i = 0; i < keys->n_seen; i++)
		changed = changed || (int64_t)keys->seen[i].seen.st_mtim.tv_sec >= begun_ms / 1000 - 1;
	if (changed)
		stage_keys_look(keys, true);
}

void stage_keys_release(struct stage_keys *keys)
{
	for (size_t i = 0; i < keys->n_seen; i++)
		file_watch_end(&keys->seen[i]);
	free(keys->seen);
	keys->seen = NULL;
	keys->n_seen = 0;
}

/* The ring last, since it cannot fail any more once it is loaded. */
static int reload(struct stage_keys *keys, struct err *err)
{
	struct bus_ring *fresh = NULL;
	int result = 0;

	if (keys->ring && stage_bus_load(&fresh, keys->stage, keys->conf, err) != 0)
		return -1;
	if (keys->stage->key_files)
		result = keys->stage->key_files->reload(keys->state, err);
	if (result != 0)
		bus_ring_free(fresh);
	else if (fresh)
		bus_ring_take(keys->ring, fresh);
	return result;
}

void stage_keys_look(struct stage_keys *keys, bool asked)
{
	struct err err = ERR_INIT;
	bool changed = asked;

	for (size_t i = 0; i < keys->n_seen; i++)
		changed = file_watch_changed(&keys->seen[i]) || changed;
	if (!changed || keys->n_seen == 0)
		return;
	keys->failed = reload(keys, &err) != 0;
	metric_add(keys->failed ? keys->failures : keys->reloads, 1);
	if (keys->failed)
		log_err(LOG_LEVEL_ERROR, "stage.keys_not_reloaded", &err);
	else
		log_event(LOG_LEVEL_INFO, "stage.keys_reloaded", NULL);
}

static void add_name(void *arg, const char *name)
{
	struct buf *json = arg;

	if (json->data[json->len - 1] != '[')
		buf_append_byte(json, ',');
	buf_append_json(json, name, strlen(name));
}

void stage_keys_status(const struct stage_keys *keys, struct buf *json)
{
	buf_printf(json, ",\"keys\":{\"current\":%s", keys->failed ? "false" : "true");
	if (keys->ring && keys->stage->topic_out)
		buf_printf(json, ",\"seals\":%u", bus_ring_seals(keys->ring, keys->stage->topic_out));
	buf_append_str(json, ",\"names\":[");
	if (keys->ring)
		bus_ring_names(keys->ring, add_name, json);
	if (keys->stage->key_files)
		keys->stage->key_files->names(keys->state, add_name, json);
	buf_append_str(json, "]}");
}
