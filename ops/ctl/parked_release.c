/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl parked release: runs on, and puts back what was parked for want of a key when the stage that parked it has a
 * key that it did not have before. What each stage had is kept in a file (release.seen), so that a restart neither
 * misses a key nor puts everything back once more. Only what was parked for want of a key is touched, each record once,
 * by the bookkeeping of `parked replay`; one that no key opens yet is parked again, until the next key comes.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/daemon_http.h"
#include "ops/ctl/parked_act.h"
#include "ops/runtime/file.h"
#include "ops/runtime/log.h"
#include "ops/runtime/signals.h"
#include "schema/keys.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define BY "tipctl parked release"
#define LOOK_MS 1000
#define ASK_MS 2000
#define SEEN_MAX (1u << 20)

/* Which new keys may let go what a stage parked. */
static const struct {
	const char *stage, *kind, *reason;
} waits[] = {
	{ "classify", "triage:", REASON_KEY_UNKNOWN },
	{ "dedupe", "bus:", REASON_RECORD_KEY },
	{ "route", "bus:", REASON_RECORD_KEY },
	{ "sink", "bus:", REASON_RECORD_KEY },
};
#define N_WAITS (sizeof(waits) / sizeof(waits[0]))

/* The names of this kind; NULL when the daemon does not answer, or is not the stage. */
static json_t *names_of(const struct ctl *ctl, const char *stage, const char *kind)
{
	char key[64];
	const char *address;
	json_t *status, *names = NULL, *one;
	size_t i;

	snprintf(key, sizeof(key), "daemons.%s", stage);
	address = conf_str(ctl->conf, key);
	status = *address ? daemon_http_status(address, ASK_MS, NULL) : NULL;
	if (json_is_object(json_object_get(status, "keys"))) {
		names = json_array();
		json_array_foreach(json_object_get(json_object_get(status, "keys"), "names"), i, one)
			if (json_is_string(one) && strncmp(json_string_value(one), kind, strlen(kind)) == 0)
				json_array_append(names, one);
	}
	json_decref(status);
	return names;
}

static bool has(const json_t *names, const json_t *wanted)
{
	size_t i;
	json_t *one;

	json_array_foreach(names, i, one)
		if (json_equal(one, wanted))
			return true;
	return false;
}

static bool has_grown(const json_t *before, const json_t *now)
{
	size_t i;
	json_t *one;

	json_array_foreach(now, i, one)
		if (!has(before, one))
			return true;
	return false;
}

static void save(const struct ctl *ctl, const json_t *seen)
{
	const char *path = conf_str(ctl->conf, "release.seen");
	struct err err = ERR_INIT;
	char *text;

	if (!*path)
		return;
	text = json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS);
	if (keys_replace(path, slice_str(text), 0600, &err) < 0)
		log_err(LOG_LEVEL_ERROR, "release.not_saved", &err);
	free(text);
}

/* What was saved; nothing where there is none, or where it is not ours: then all keys are new. */
static json_t *load(const struct ctl *ctl)
{
	const char *path = conf_str(ctl->conf, "release.seen");
	struct buf text = BUF_INIT;
	json_t *seen = NULL;

	if (*path && access(path, F_OK) == 0 && file_read(&text, path, SEEN_MAX, NULL) == 0)
		seen = json_loadb(buf_text(&text), text.len, 0, NULL);
	buf_release(&text);
	if (json_is_object(seen))
		return seen;
	json_decref(seen);
	return json_object();
}

/* A stage that parks what was put back, before its new keys are taken for seen, is only looked at again. */
static void look(struct ctl *ctl, json_t *seen, size_t i)
{
	json_t *before = json_object_get(seen, waits[i].stage), *now = names_of(ctl, waits[i].stage, waits[i].kind);
	struct err err = ERR_INIT;
	char count[24];
	size_t n = 0;

	if (!now || json_equal(before, now)) {
		json_decref(now);
		return;
	}
	if (has_grown(before, now) && parked_put_back(ctl, waits[i].reason, waits[i].stage, BY, &n, &err) < 0) {
		log_err(LOG_LEVEL_WARN, "release.not_released", &err); /* and again at the next look */
		json_decref(now);
		return;
	}
	json_object_set_new(seen, waits[i].stage, now);
	save(ctl, seen);
	snprintf(count, sizeof(count), "%zu", n);
	log_event(LOG_LEVEL_INFO, "release.keys_changed", "stage", waits[i].stage, "released", count, NULL);
}

static int check_daemons(const struct ctl *ctl, struct err *err)
{
	char key[64];

	for (size_t i = 0; i < N_WAITS; i++) {
		snprintf(key, sizeof(key), "daemons.%s", waits[i].stage);
		if (!*conf_str(ctl->conf, key))
			return err_set(err, ERR_CONFIG, NULL, "parked release asks each stage which keys it has: set %s", key);
	}
	return 0;
}

int ctl_parked_release(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct pollfd wake = { .events = POLLIN };
	json_t *seen;

	if (check_daemons(ctl, err) < 0 || signals_install(err) < 0 || keys_begin(err) < 0)
		return -1;
	if (!program_given(ctl->call, "log-level"))
		log_set_level(LOG_LEVEL_INFO);
	wake.fd = signals_fd();
	seen = load(ctl);
	program_notify("READY=1");
	log_event(LOG_LEVEL_INFO, "release.start", NULL);
	while (!signals_stop_requested()) {
		for (size_t i = 0; i < N_WAITS && !signals_stop_requested(); i++)
			look(ctl, seen, i);
		(void)poll(&wake, 1, LOOK_MS);
		(void)signals_reload_requested();
	}
	json_decref(seen);
	out->written = true;
	return 0;
}
