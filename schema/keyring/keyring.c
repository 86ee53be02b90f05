/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keyring/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ops/runtime/file.h"
#include "schema/keys.h"

#define LOCK_FILE ".lock"
#define FILE_MAX (4u << 20)

static int compare(const struct keyring_key *a, enum key_kind kind, const char *name, unsigned epoch)
{
	int names;

	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	names = strcmp(a->name, name);
	return names ? names : (a->epoch > epoch) - (a->epoch < epoch);
}

struct keyring_key *keyring_add(struct keyring *ring, enum key_kind kind, const char *name, unsigned epoch)
{
	struct keyring_key *key = mem_alloc(sizeof(*key));
	size_t at = ring->n;

	key->kind = kind;
	key->epoch = epoch;
	snprintf(key->name, sizeof(key->name), "%s", name ? name : "");
	ring->keys = mem_grow(ring->keys, (ring->n + 1) * sizeof(struct keyring_key *));
	for (; at > 0 && compare(ring->keys[at - 1], kind, key->name, epoch) > 0; at--)
		ring->keys[at] = ring->keys[at - 1];
	ring->keys[at] = key;
	ring->n++;
	return key;
}

struct keyring_key *keyring_find(const struct keyring *ring, enum key_kind kind, const char *name, unsigned epoch)
{
	for (size_t i = 0; i < ring->n; i++)
		if (compare(ring->keys[i], kind, name ? name : "", epoch) == 0)
			return ring->keys[i];
	return NULL;
}

static bool is_named(const struct keyring_key *key, enum key_kind kind, const char *name)
{
	return key->kind == kind && strcmp(key->name, name ? name : "") == 0;
}

struct keyring_key *keyring_in_state(const struct keyring *ring, enum key_kind kind, const char *name,
				     enum key_state state)
{
	for (size_t i = ring->n; i > 0; i--)
		if (is_named(ring->keys[i - 1], kind, name) && ring->keys[i - 1]->state == state)
			return ring->keys[i - 1];
	return NULL;
}

unsigned keyring_next_epoch(const struct keyring *ring, enum key_kind kind, const char *name)
{
	unsigned epoch = 1;

	for (size_t i = 0; i < ring->n; i++)
		if (is_named(ring->keys[i], kind, name) && ring->keys[i]->epoch >= epoch)
			epoch = ring->keys[i]->epoch + 1;
	return epoch;
}

void keyring_set_recipient(struct keyring_key *key, const struct age_recipient *recipient)
{
	char text[AGE_RECIPIENT_TEXT];

	age_recipient_text(recipient, text);
	snprintf(key->public_key, sizeof(key->public_key), "%s", text);
	fingerprint_public(key->print, slice_of(recipient->key, AGE_KEY_BYTES));
}

void keyring_add_file(struct keyring_key *key, const char *file)
{
	for (size_t i = 0; i < key->n_files; i++)
		if (strcmp(key->files[i], file) == 0)
			return;
	if (key->n_files == KEY_FILES_MAX)
		BUG("a key with more than %d copies", KEY_FILES_MAX);
	key->files[key->n_files++] = mem_strdup(file);
}

void keyring_drop_file(struct keyring_key *key, size_t i)
{
	free(key->files[i]);
	key->files[i] = key->files[--key->n_files];
}

const char *keyring_path(const struct keyring *ring, const char *file, struct buf *path)
{
	buf_clear(path);
	if (file[0] != '/')
		buf_printf(path, "%s/", ring->folder);
	buf_append_str(path, file);
	return buf_text(path);
}

void keyring_label(const struct keyring_key *key, char label[KEY_NAME_MAX + 32])
{
	snprintf(label, KEY_NAME_MAX + 32, "%s%s%s %u", key_kinds[key->kind].name, key->name[0] ? " " : "", key->name,
		 key->epoch);
}

static int take_lock(struct keyring *ring, struct err *err)
{
	struct buf path = BUF_INIT;

	ring->lock = open(keyring_path(ring, LOCK_FILE, &path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	buf_release(&path);
	if (ring->lock < 0)
		return err_errno(err, "%s: cannot take its lock", ring->folder);
	if (flock(ring->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, "%s: cannot take its lock", ring->folder);
	return err_set(err, ERR_TEMPORARY, NULL, "%s: another tipctl changes these keys: wait for it to end",
		ring->folder);
}

static int open_ring(struct keyring *ring, const char *folder, bool locked, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int result = 0;

	*ring = (struct keyring){ .folder = mem_strdup(folder), .lock = -1 };
	if (access(folder, R_OK | X_OK) != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s: name the folder that `tipctl keys init` made", folder,
			       strerror(errno));
	if (locked)
		result = take_lock(ring, err);
	if (result == 0 && access(keyring_path(ring, KEYRING_FILE, &path), F_OK) != 0) {
		ring->adopted = true;
		result = keyring_adopt(ring, err);
	} else if (result == 0) {
		result = file_read(&text, buf_text(&path), FILE_MAX, err);
		if (result == 0)
			result = keyring_parse(ring, buf_text(&path), buf_slice(&text), err);
	}
	buf_release(&path);
	buf_release(&text);
	return result;
}

int keyring_open(struct keyring *ring, const char *folder, struct err *err)
{
	return open_ring(ring, folder, false, err);
}

int keyring_open_locked(struct keyring *ring, const char *folder, struct err *err)
{
	return open_ring(ring, folder, true, err);
}

void keyring_release(struct keyring *ring)
{
	for (size_t i = 0; i < ring->n; i++) {
		for (size_t k = 0; k < ring->keys[i]->n_files; k++)
			free(ring->keys[i]->files[k]);
		free(ring->keys[i]);
	}
	free(ring->keys);
	free(ring->folder);
	if (ring->lock >= 0)
		close(ring->lock);
	*ring = (struct keyring){ .lock = -1 };
}

int keyring_save(const struct keyring *ring, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int result;

	keyring_print(ring, &text);
	result = keys_replace(keyring_path(ring, KEYRING_FILE, &path), buf_slice(&text), 0600, err);
	buf_release(&path);
	buf_release(&text);
	return result;
}
