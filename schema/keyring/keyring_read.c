/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/yaml.h"
#include "schema/hex.h"
#include "schema/keyring/keyring.h"
#include "schema/taxonomy.h"

#define VERSION 1
#define EPOCH_MAX 1000000

/* A line break would be another text, or the end of one, when it is written. */
static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* The text of a member; "" where it is absent and may be, NULL with an error else. */
static const char *text_of(const struct yaml_node *map, const char *member, bool needed, size_t max, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, member);
	const char *text = node ? yaml_scalar(node) : NULL;

	if (!node && !needed)
		return "";
	if (text && *text && strlen(text) < max && is_one_line(text))
		return text;
	yaml_error(node ? node : map, err, "%s: a text of 1 to %zu bytes on one line is needed", member, max - 1);
	return NULL;
}

static int read_choice(const struct yaml_node *map, const char *member, const char *const *names, size_t n, int *out,
		       struct err *err)
{
	const char *text = text_of(map, member, true, KEY_NAME_MAX, err);

	if (!text)
		return -1;
	*out = taxonomy_find(names, (int)n, text, strlen(text));
	return *out >= 0 ? 0 : yaml_error(yaml_get(map, member), err, "%s: there is no %.32s", member, text);
}

static int read_day(const struct yaml_node *map, const char *member, int64_t *day, struct err *err)
{
	const char *text = text_of(map, member, false, KEY_NAME_MAX, err);
	uint32_t read = 0;

	if (!text)
		return -1;
	if (*text && clock_day_parse(&read, text, strlen(text)) < 0)
		return yaml_error(yaml_get(map, member), err, "%s: a day is needed, such as 2026-11-24", member);
	*day = read;
	return 0;
}

/* Such files are overwritten and unlinked when a key is destroyed: no way out of the folder by a relative path. */
static bool is_clean_path(const char *file)
{
	size_t len = strlen(file);

	return strcmp(file, "..") != 0 && strncmp(file, "../", 3) != 0 && !strstr(file, "/../") &&
	       !(len >= 3 && strcmp(file + len - 3, "/..") == 0);
}

static int read_files(struct keyring_key *key, const struct yaml_node *map, struct err *err)
{
	const struct yaml_node *files = yaml_get(map, "files");

	if (!files || yaml_kind(files) != YAML_LIST || yaml_count(files) > KEY_FILES_MAX)
		return yaml_error(files ? files : map, err, "files: a list of at most %d paths is needed",
			KEY_FILES_MAX);
	for (size_t i = 0; i < yaml_count(files); i++) {
		const char *file = yaml_scalar(yaml_at(files, i));

		if (!file || !*file || !is_one_line(file) || !is_clean_path(file))
			return yaml_error(yaml_at(files, i), err, "files: a path on one line without .. is needed");
		keyring_add_file(key, file);
	}
	return 0;
}

static int read_key(struct keyring *ring, const struct yaml_node *map, struct err *err)
{
	static const char *const allowed[] = { "key", "name", "epoch", "state", "fingerprint", "public", "from", "until",
					       "files", NULL };
	const char *kinds[N_KEY_KINDS], *name, *print, *public_key;
	struct keyring_key *key;
	int64_t epoch;
	uint8_t bytes[(FINGERPRINT_TEXT - 1) / 2];
	int kind, state;

	for (int i = 0; i < N_KEY_KINDS; i++)
		kinds[i] = key_kinds[i].name;
	if (yaml_kind(map) != YAML_MAP)
		return yaml_error(map, err, "a key is a map of key, epoch, state, fingerprint, files …");
	if (yaml_only_keys(map, allowed, err) < 0 || read_choice(map, "key", kinds, N_KEY_KINDS, &kind, err) < 0 ||
	    read_choice(map, "state", key_state_names, N_KEY_STATES, &state, err) < 0)
		return -1;
	if (!yaml_get(map, "epoch"))
		return yaml_error(map, err, "epoch: a number is needed");
	if (yaml_int(yaml_get(map, "epoch"), 1, EPOCH_MAX, &epoch, err) < 0)
		return -1;
	name = text_of(map, "name", key_kinds[kind].named, KEY_NAME_MAX, err);
	print = name ? text_of(map, "fingerprint", true, FINGERPRINT_TEXT, err) : NULL;
	public_key = print ? text_of(map, "public", false, KEY_PUBLIC_MAX, err) : NULL;
	if (!public_key)
		return -1;
	if (*name && !key_kinds[kind].named)
		return yaml_error(yaml_get(map, "name"), err, "name: a %s key has none", kinds[kind]);
	if (hex_decode(bytes, sizeof(bytes), print, strlen(print)) < 0)
		return yaml_error(yaml_get(map, "fingerprint"), err, "fingerprint: not 16 lower-case hex digits");
	if (keyring_find(ring, (enum key_kind)kind, name, (unsigned)epoch))
		return yaml_error(map, err, "%s %s %u is there twice", kinds[kind], name, (unsigned)epoch);
	key = keyring_add(ring, (enum key_kind)kind, name, (unsigned)epoch);
	key->state = (enum key_state)state;
	snprintf(key->print, sizeof(key->print), "%s", print);
	snprintf(key->public_key, sizeof(key->public_key), "%s", public_key);
	if (read_day(map, "from", &key->from, err) < 0 || read_day(map, "until", &key->until, err) < 0)
		return -1;
	return read_files(key, map, err);
}

static int read_log(struct keyring *ring, const struct yaml_node *log, struct err *err)
{
	static const char *const allowed[] = { "lines", "last", NULL };
	uint8_t bytes[(KEYRING_LOG_HASH - 1) / 2];
	const char *last;
	int64_t lines;

	if (!log)
		return 0;
	if (yaml_kind(log) != YAML_MAP || !yaml_get(log, "lines"))
		return yaml_error(log, err, "log: a map of lines and last is needed");
	if (yaml_only_keys(log, allowed, err) < 0 || yaml_int(yaml_get(log, "lines"), 1, INT32_MAX, &lines, err) < 0)
		return -1;
	last = text_of(log, "last", true, KEYRING_LOG_HASH, err);
	if (!last)
		return -1;
	if (hex_decode(bytes, sizeof(bytes), last, strlen(last)) < 0)
		return yaml_error(yaml_get(log, "last"), err, "last: not 32 lower-case hex digits");
	ring->log_lines = (size_t)lines;
	snprintf(ring->log_last, sizeof(ring->log_last), "%s", last);
	return 0;
}

static int read_root(struct keyring *ring, const struct yaml_node *root, struct err *err)
{
	static const char *const allowed[] = { "version", "log", "keys", NULL };
	const struct yaml_node *version, *keys;
	int64_t number;

	if (yaml_only_keys(root, allowed, err) < 0)
		return -1;
	version = yaml_get(root, "version");
	if (!version)
		return yaml_error(root, err, "version: a number is needed");
	if (yaml_int(version, 1, INT32_MAX, &number, err) < 0)
		return -1;
	if (number != VERSION)
		return yaml_error(version, err, "version: made by another release of tipctl");
	if (read_log(ring, yaml_get(root, "log"), err) < 0)
		return -1;
	keys = yaml_get(root, "keys");
	if (!keys || yaml_kind(keys) != YAML_LIST || yaml_count(keys) > KEYRING_KEYS_MAX)
		return yaml_error(root, err, "keys: a list of at most %d is needed", KEYRING_KEYS_MAX);
	for (size_t i = 0; i < yaml_count(keys); i++)
		if (read_key(ring, yaml_at(keys, i), err) < 0)
			return -1;
	return 0;
}

int keyring_parse(struct keyring *ring, const char *name, struct slice text, struct err *err)
{
	struct yaml *yaml;
	int result;

	if (yaml_parse(&yaml, name, (const char *)text.data, text.len, err) < 0)
		return -1;
	if (!yaml_root(yaml) || yaml_kind(yaml_root(yaml)) != YAML_MAP)
		result = err_set(err, ERR_CONFIG, NULL, "%s: version and keys are needed", name);
	else
		result = read_root(ring, yaml_root(yaml), err);
	yaml_free(yaml);
	return result;
}
