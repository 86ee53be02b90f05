/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/key_move.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/daemon_http.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "ops/runtime/number.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/topics.h"

#define WAIT_SECONDS "30"
#define WAIT_MAX 3600
#define ASK_MS 2000
#define PAUSE_MS 200
#define PUBLIC_MAX (4u << 20)

int key_get(const struct key_site *site, const char *file, struct buf *content, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = keys_read_secret(content, keyring_path(&site->ring, file, &path), err);

	buf_release(&path);
	return result;
}

int key_put_first(const struct key_site *site, const char *file, struct slice content, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	if (access(keyring_path(&site->ring, file, &path), F_OK) != 0)
		result = keys_write(buf_text(&path), content, 0600, err);
	buf_release(&path);
	return result;
}

int key_have_own(const struct key_site *site, const struct keyring_key *key, const char *file, struct err *err)
{
	char label[KEY_NAME_MAX + 32];
	struct buf path = BUF_INIT;
	int result = 0;

	keyring_label(key, label);
	if (access(keyring_path(&site->ring, file, &path), F_OK) != 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: is not there, though the rotation had made it: bring it back, or "
				 "take %s out of " KEYRING_FILE ", and it is made anew", buf_text(&path), label);
	buf_release(&path);
	return result == 0 ? key_site_verify(site, key, file, err) : -1;
}

int key_enter(struct key_site *site, struct keyring_key *key, const char *detail, struct err *err)
{
	return key_audit(site, "make", key, detail, err) < 0 ? -1 : keyring_save(&site->ring, err);
}

int key_have_identity(struct key_site *site, struct keyring_key *key, const char *file, struct err *err)
{
	struct buf content = BUF_INIT, path = BUF_INIT;
	struct age_recipient recipient;
	struct identity_set set;
	int result;

	if (key->print[0])
		return key_have_own(site, key, file, err);
	result = keys_new_identity(&content, &recipient, err);
	if (result == 0)
		result = key_put_first(site, file, buf_slice(&content), err);
	if (result == 0)
		result = identity_set_load(&set, keyring_path(&site->ring, file, &path), err);
	if (result == 0) {
		age_identity_recipient(set.items[0], &recipient);
		identity_set_release(&set);
		keyring_set_recipient(key, &recipient);
		keyring_add_file(key, file);
		result = key_enter(site, key, NULL, err);
	}
	buf_release(&content);
	buf_release(&path);
	return result;
}

/* 1: it has this content, 0: it is not there. */
static int is_put(const char *path, struct slice content, struct err *err)
{
	struct buf there = BUF_INIT;
	int result = 0;

	if (access(path, F_OK) == 0 && keys_read_secret(&there, path, err) < 0)
		result = -1;
	else if (there.len > 0)
		result = slice_equal(buf_slice(&there), content)
			? 1 : err_set(err, ERR_CONFIG, NULL, "%s: another key is there, and is not overwritten: find out whose it "
				      "is, move it away, and run the command again", path);
	buf_release(&there);
	return result;
}

int key_put(struct key_site *site, struct keyring_key *key, const char *file, struct slice content, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = is_put(keyring_path(&site->ring, file, &path), content, err), there = result;

	if (result >= 0) {
		keyring_add_file(key, file);
		result = keyring_save(&site->ring, err);
	}
	if (result == 0 && there == 0)
		result = keys_write(buf_text(&path), content, 0600, err);
	buf_release(&path);
	return result;
}

int key_put_public(const struct key_site *site, const char *file, struct slice content, struct err *err)
{
	struct buf path = BUF_INIT, there = BUF_INIT;
	int result = 0;

	keyring_path(&site->ring, file, &path);
	if (file_read(&there, buf_text(&path), PUBLIC_MAX, NULL) < 0 || !slice_equal(buf_slice(&there), content))
		result = keys_replace(buf_text(&path), content, 0644, err);
	buf_release(&path);
	buf_release(&there);
	return result;
}

static void find_copy(struct keyring_key *key, const char *folder, const char *suffix)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%u.%s", folder, key->epoch, suffix);
	if (access(buf_text(&path), F_OK) == 0)
		keyring_add_file(key, buf_text(&path));
	buf_release(&path);
}

/* Whatever they are called: classify reads every *.identity of its folder. */
static void find_identities(struct key_site *site, struct keyring_key *key, const char *place)
{
	struct buf path = BUF_INIT;
	struct dirent **entries;
	int n = scandir(place, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		struct err why = ERR_INIT;

		buf_clear(&path);
		buf_printf(&path, "%s/%s", place, entries[i]->d_name);
		if (key_site_is_identity(entries[i]->d_name) && key_site_verify(site, key, buf_text(&path), &why) == 0)
			keyring_add_file(key, buf_text(&path));
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	buf_release(&path);
}

void key_find_copies(struct key_site *site, struct keyring_key *key)
{
	static const char *const programs[] = { "tipline-classify", "tipline-dedupe", "tipline-route", "tipline-sink" };
	struct buf folder = BUF_INIT;

	for (size_t i = 0; key->kind == KEY_BUS && i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!*key_site_place(site, programs[i], "keys.bus", &folder))
			continue;
		find_copy(key, buf_text(&folder), "key");
		find_copy(key, buf_text(&folder), TOPIC_ROUTED ".key");
	}
	if (key->kind == KEY_TRIAGE && *key_site_place(site, "tipline-classify", "keys.triage", &folder))
		find_identities(site, key, buf_text(&folder));
	buf_release(&folder);
}

int key_shred_files(struct key_site *site, struct keyring_key *key, bool (*which)(const char *file), struct err *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	for (size_t i = key->n_files; i > 0 && result == 0; i--) {
		if (!which(key->files[i - 1]))
			continue;
		result = keys_shred(keyring_path(&site->ring, key->files[i - 1], &path), err);
		if (result == 0)
			keyring_drop_file(key, i - 1);
	}
	buf_release(&path);
	return result == 0 ? keyring_save(&site->ring, err) : -1;
}

/* -- waiting -- */

static bool is_named(const json_t *keys, const char *name)
{
	const json_t *names = json_object_get(keys, "names");
	size_t i;
	json_t *one;

	json_array_foreach(names, i, one)
		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static bool is_true(const json_t *status, const struct key_wish *wish)
{
	const json_t *keys = json_object_get(status, "keys");

	if (!wish->name[0] && !wish->seals) /* it answers */
		return !wish->idle || json_integer_value(json_object_get(status, "lag_records")) <= 0;
	if (!json_is_object(keys) || (wish->name[0] && is_named(keys, wish->name) == wish->gone))
		return false;
	return !wish->seals || json_integer_value(json_object_get(keys, "seals")) == (json_int_t)wish->seals;
}

static int say_missing(const struct key_wish *wish, const struct err *why, struct err *err)
{
	if (why->text[0])
		return err_set(err, ERR_TEMPORARY, NULL, "%s does not answer (%s): start it, or correct tipctl's daemons.%s, "
			       "and run the command again; it goes on from here", wish->stage, why->text, wish->stage);
	if (wish->idle)
		return err_set(err, ERR_TEMPORARY, NULL, "records wait for %s, which may need the key for them: wait until "
			       "`tipctl status` shows no lag, and run the command again", wish->stage);
	if (wish->seals)
		return err_set(err, ERR_TEMPORARY, NULL, "%s does not yet seal with epoch %u: its log says why "
			       "(keys_not_reloaded); run the command again, it goes on from here", wish->stage, wish->seals);
	return err_set(err, ERR_TEMPORARY, NULL, "%s %s %s: its log says why (keys_not_reloaded); bring it the file, if "
		       "it runs on another machine, and run the command again; it goes on from here", wish->stage,
		       wish->gone ? "still has" : "has not yet taken up", wish->name);
}

/*
 * NULL when all are true; else the first that is not, and why its daemon could not be asked. With --unasked those that
 * cannot be are passed over, and they alone: whoever answers must have the key.
 */
static const struct key_wish *first_untrue(const struct key_site *site, const struct key_wish *wishes, size_t n,
					   struct err *why)
{
	const bool unasked = program_given(site->ctl->call, "unasked");
	const char *asked = "";
	json_t *status = NULL;

	for (size_t i = 0; i < n; i++) {
		char key[64];
		const char *address;

		snprintf(key, sizeof(key), "daemons.%s", wishes[i].stage);
		address = conf_str(site->ctl->conf, key);
		if (!*address)
			continue;
		if (strcmp(asked, wishes[i].stage) != 0) {
			json_decref(status);
			err_clear(why);
			status = daemon_http_status(address, ASK_MS, why);
			asked = wishes[i].stage;
		}
		if (!status && unasked)
			continue;
		if (!status || !is_true(status, &wishes[i])) {
			json_decref(status);
			return &wishes[i];
		}
	}
	json_decref(status);
	return NULL;
}

static int check_askable(const struct key_site *site, const struct key_wish *wishes, size_t n, struct err *err)
{
	char key[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "daemons.%s", wishes[i].stage);
		if (!program_given(site->ctl->call, "unasked") && !*conf_str(site->ctl->conf, key))
			return err_set(err, ERR_CONFIG, NULL, "%s cannot be asked whether it has the key: set %s in tipctl's "
				       "configuration, or --unasked when it does not run now", wishes[i].stage, key);
	}
	return 0;
}

int key_await(const struct key_site *site, const struct key_wish *wishes, size_t n, struct err *err)
{
	const char *text = program_value(site->ctl->call, "wait", WAIT_SECONDS);
	const struct key_wish *untrue;
	struct err why = ERR_INIT;
	int64_t seconds, deadline;

	if (number_int(text, &seconds) != NUMBER_OK || seconds < 0 || seconds > WAIT_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--wait %.32s: seconds from 0 to %d are needed", text, WAIT_MAX);
	if (check_askable(site, wishes, n, err) < 0)
		return -1;
	deadline = clock_mono_ms() + seconds * 1000;
	while ((untrue = first_untrue(site, wishes, n, &why)) != NULL) {
		if (clock_mono_ms() >= deadline)
			return say_missing(untrue, &why, err);
		(void)poll(NULL, 0, PAUSE_MS);
		err_clear(&why);
	}
	return 0;
}

static void change(struct keyring_key *key, enum key_state state)
{
	key->state = state;
	if (state == KEY_ACTIVE) {
		key->from = key->from > clock_day() ? key->from : clock_day();
		key->until = key_kinds[key->kind].days ? key->from + key_kinds[key->kind].days : 0;
	} else if (state != KEY_COMING) {
		key->until = clock_day();
	}
}

/* What runs that were killed left beside the files they wrote: the lock is held, and nobody writes there now. */
static int sweep(const struct keyring *ring, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	for (size_t i = 0; i < ring->n; i++)
		for (size_t k = 0; k < ring->keys[i]->n_files && result == 0; k++)
			result = keys_shred_left_over(keyring_path(ring, ring->keys[i]->files[k], &path), err);
	buf_release(&path);
	return result;
}

int key_change_states(struct key_site *site, const struct key_change *changes, size_t n, struct err *err)
{
	/* The log first: what is cut short in between is done again, and must not be missing there. */
	for (size_t i = 0; i < n; i++)
		if (changes[i].key && key_audit(site, changes[i].did, changes[i].key, NULL, err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (changes[i].key)
			change(changes[i].key, changes[i].state);
	return keyring_save(&site->ring, err) < 0 ? -1 : sweep(&site->ring, err);
}

int key_set_state(struct key_site *site, struct keyring_key *key, enum key_state state, const char *did,
		  struct err *err)
{
	return key_change_states(site, &(struct key_change){ key, state, did }, 1, err);
}
