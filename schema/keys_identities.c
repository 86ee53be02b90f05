/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of keys: age identities, and the bus keys of several epochs. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ops/runtime/file.h"
#include "ops/runtime/number.h"
#include "schema/keys.h"
#include "schema/keys_text.h"

#define IDENTITY_SUFFIX ".identity"
#define KEY_SUFFIX ".key"
#define IDENTITIES_MAX 256
#define EPOCH_DIGITS_MAX 3
#define ACTIVE "active"
#define ACTIVE_MAX 16
#define IDENTITY_FILE_MAX 65536

typedef int visit_fn(void *context, const char *path, const char *name, struct err *err);

static bool ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* Newest epoch first, since most tips are of the newest: 10 comes before 9, and numbers before names. */
static int newest_first(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*b)->d_name, (*a)->d_name);
}

static int visit_entry(const char *folder, const char *name, visit_fn *visit, void *context, struct err *err)
{
	struct buf path = BUF_INIT;
	int result;

	buf_printf(&path, "%s/%s", folder, name);
	result = visit(context, buf_text(&path), name, err);
	buf_release(&path);
	return result;
}

/* Calls `visit` for each file of the folder whose name ends so, and does not begin with a dot. */
static int visit_folder(const char *folder, const char *suffix, visit_fn *visit, void *context, struct err *err)
{
	char why[ERR_WHY_MAX];
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, newest_first), result = 0;

	if (n < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", folder, err_why(errno, why));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (result == 0 && name[0] != '.' && ends_with(name, suffix))
			result = visit_entry(folder, name, visit, context, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int add_identity(struct identity_set *set, struct slice line, const char *path, struct err *err)
{
	struct age_identity *identity;

	if (set->n == IDENTITIES_MAX)
		return err_set(err, ERR_CONFIG, NULL, "%s: more than %d identities", path, IDENTITIES_MAX);
	if (age_identity_parse(&identity, (const char *)line.data, line.len, err) != 0)
		return err_prefix(err, "%s", path);
	set->items = mem_grow(set->items, (set->n + 1) * sizeof(struct age_identity *));
	set->items[set->n++] = identity;
	return 0;
}

/* Whether a file that others can read is one that should not be read by them; unreadable counts as one. */
static bool holds_identity(const char *path)
{
	static const char mark[] = "AGE-SECRET-KEY-1";
	struct buf content = BUF_INIT;
	bool holds = file_read(&content, path, IDENTITY_FILE_MAX, NULL) != 0 ||
		     memmem(content.data, content.len, mark, sizeof(mark) - 1) != NULL;

	if (content.len)
		sodium_memzero(content.data, content.len);
	buf_release(&content);
	return holds;
}

static int add_identity_file(void *context, const char *path, const char *name, struct err *err)
{
	struct identity_set *set = context;
	struct buf content = BUF_INIT;
	struct slice rest, line;
	size_t before = set->n;
	int result;

	(void)name;
	if (!holds_identity(path))
		return err_set(err, ERR_CONFIG, NULL, "%s: no age identity in it (a line AGE-SECRET-KEY-1…)", path);
	result = keys_read_secret(&content, path, err);
	rest = buf_slice(&content);
	while (result == 0 && key_line_next(&rest, &line))
		result = add_identity(set, line, path, err);
	buf_release(&content);
	if (result == 0 && set->n == before)
		return err_set(err, ERR_CONFIG, NULL, "%s: no age identity in it", path);
	return result;
}

int identity_set_load(struct identity_set *set, const char *path, struct err *err)
{
	char why[ERR_WHY_MAX];
	struct stat st;
	int result;

	set->items = NULL;
	set->n = 0;
	if (stat(path, &st) != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, err_why(errno, why));
	if (S_ISDIR(st.st_mode))
		result = visit_folder(path, IDENTITY_SUFFIX, add_identity_file, set, err);
	else
		result = add_identity_file(set, path, path, err);
	if (result == 0 && set->n == 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: no *" IDENTITY_SUFFIX " file in it", path);
	if (result != 0)
		identity_set_release(set);
	return result;
}

void identity_set_release(struct identity_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		age_identity_free(set->items[i]);
	free(set->items);
	set->items = NULL;
	set->n = 0;
}

/* EPOCH.key or EPOCH.TOPIC.key; `topic` stays empty for the first form. */
static int parse_bus_name(uint8_t *epoch, char topic[BUS_TOPIC_MAX + 1], const char *name)
{
	size_t digits = strspn(name, "0123456789"), rest_len = strlen(name) - strlen(KEY_SUFFIX);
	unsigned number = 0;

	if (digits == 0 || digits > EPOCH_DIGITS_MAX || name[digits] != '.')
		return -1;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (unsigned)(name[i] - '0');
	topic[0] = '\0';
	if (rest_len > digits) {
		size_t len = rest_len - digits - 1;

		if (len == 0 || len > BUS_TOPIC_MAX)
			return -1;
		memcpy(topic, name + digits + 1, len);
		topic[len] = '\0';
	}
	*epoch = (uint8_t)number;
	return number >= 1 && number <= UINT8_MAX ? 0 : -1;
}

struct bus_load {
	struct bus_ring *ring;
	size_t n;
};

static int add_bus_key(void *context, const char *path, const char *name, struct err *err)
{
	struct bus_load *load = context;
	uint8_t epoch, key[BUS_KEY_BYTES];
	char topic[BUS_TOPIC_MAX + 1];
	int result;

	if (parse_bus_name(&epoch, topic, name) != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: not EPOCH.key or EPOCH.TOPIC.key, EPOCH 1 to 255", path);
	if (keys_load_hex32(key, path, err) != 0)
		return -1;
	if (topic[0] == '\0')
		result = bus_ring_add(load->ring, epoch, key, err);
	else
		result = bus_ring_add_topic(load->ring, epoch, topic, key, err);
	sodium_memzero(key, sizeof(key));
	load->n++;
	return result == 0 ? 0 : err_prefix(err, "%s", path);
}

/* The folder's word for which epoch seals: a number and a newline. Where there is none the newest does. */
static int read_active(struct bus_ring *ring, const char *folder, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int64_t epoch = 0;
	int result = 0;

	buf_printf(&path, "%s/" ACTIVE, folder);
	if (access(buf_text(&path), F_OK) == 0) {
		result = file_read(&text, buf_text(&path), ACTIVE_MAX, err);
		if (result == 0 && text.len > 0 && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		if (result == 0 && (number_int(buf_text(&text), &epoch) != NUMBER_OK || epoch < 1 || epoch > UINT8_MAX))
			result = err_set(err, ERR_CONFIG, NULL, "%s: not the number of an epoch, 1 to 255", buf_text(&path));
		if (result == 0 && bus_ring_activate(ring, (uint8_t)epoch, err) < 0)
			result = err_prefix(err, "%s", buf_text(&path));
	}
	buf_release(&path);
	buf_release(&text);
	return result;
}

int keys_load_bus(struct bus_ring **out, const char *folder, struct err *err)
{
	struct bus_load load = { NULL, 0 };
	int result;

	if (bus_ring_new(&load.ring, err) != 0)
		return -1;
	result = visit_folder(folder, KEY_SUFFIX, add_bus_key, &load, err);
	if (result == 0 && load.n == 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: no EPOCH" KEY_SUFFIX " file in it", folder);
	if (result == 0)
		result = read_active(load.ring, folder, err);
	if (result == 0)
		*out = load.ring;
	else
		bus_ring_free(load.ring);
	return result;
}
