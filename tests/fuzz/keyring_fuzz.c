/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of a site's keys: what is taken is found again, leads out of no folder, and is kept as it is. */
#include "schema/keyring/keyring.h"
#include "tests/fuzz/fuzz.h"

static void path_holds(const char *path)
{
	const char *part = path, *end;

	FUZZ_HOLDS(*path != '\0');
	for (; part; part = *end ? end + 1 : NULL) {
		end = part + strcspn(part, "/");
		FUZZ_HOLDS(!(end - part == 2 && part[0] == '.' && part[1] == '.'));
	}
}

static void key_holds(const struct keyring *ring, struct keyring_key *key)
{
	FUZZ_HOLDS(key->kind < N_KEY_KINDS && key->state < N_KEY_STATES && key->epoch > 0);
	FUZZ_HOLDS(key_kinds[key->kind].named == (key->name[0] != '\0'));
	FUZZ_HOLDS(strlen(key->print) == FINGERPRINT_TEXT - 1 && key->n_files <= KEY_FILES_MAX);
	FUZZ_HOLDS(keyring_find(ring, key->kind, key->name, key->epoch) == key);
	FUZZ_HOLDS(keyring_in_state(ring, key->kind, key->name, key->state)->epoch >= key->epoch);
	FUZZ_HOLDS(keyring_next_epoch(ring, key->kind, key->name) > key->epoch);
	for (size_t i = 0; i < key->n_files; i++)
		path_holds(key->files[i]);
}

static void same_key(const struct keyring_key *a, const struct keyring_key *b)
{
	FUZZ_HOLDS(a->kind == b->kind && a->state == b->state && a->epoch == b->epoch);
	FUZZ_HOLDS(strcmp(a->name, b->name) == 0 && strcmp(a->print, b->print) == 0);
	FUZZ_HOLDS(strcmp(a->public_key, b->public_key) == 0 && a->from == b->from && a->until == b->until);
	FUZZ_HOLDS(a->n_files == b->n_files);
	for (size_t i = 0; i < a->n_files; i++)
		FUZZ_HOLDS(strcmp(a->files[i], b->files[i]) == 0);
}

static void ring_holds(const struct keyring *ring)
{
	struct keyring again = { .lock = -1 };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ring->n; i++)
		key_holds(ring, ring->keys[i]);
	keyring_print(ring, &text);
	if (keyring_parse(&again, "again", buf_slice(&text), &err) != 0)
		(void)fprintf(stderr, "%s\n", err.text);
	FUZZ_HOLDS(err.kind == ERR_NONE && again.n == ring->n);
	for (size_t i = 0; i < ring->n; i++)
		same_key(again.keys[i], ring->keys[i]);
	keyring_release(&again);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyring ring = { .lock = -1 };
	struct err err = ERR_INIT;

	if (keyring_parse(&ring, "keyring.yaml", slice_of(data, size), &err) == 0) {
		fuzz_success_holds(&err);
		ring_holds(&ring);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, "keyring.yaml:", 13) == 0);
	}
	keyring_release(&ring);
	return 0;
}
