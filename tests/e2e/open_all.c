/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_all MARKER KEYS: tries every key of a folder on what it is given, and tells what opens and whether a marker
 * is in it. For the test that nothing opens once keys are destroyed.
 *
 * KEYS holds *.identity files (age) and *.key files (32 bytes as hex: bus keys, whole or derived). Standard input is a
 * row of pieces: "KIND TOPIC TIP-ID LENGTH\n", then so many bytes. KIND is
 *   raw    bytes as they lay on a disk: every frame (TPF1) in them is taken apart and its age files tried
 *   age    an age file
 *   bus    a record between stages
 * The body of what opens is opened further (a case in a routed record). One line comes out at the end:
 * {"frames":…,"ages":…,"records":…,"opened":…,"marked":…}: what was looked at, how much of it opened, and how many of
 * these had the marker in them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/bus.h"
#include "schema/frame.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/record.h"

#define KEYS_MAX 64
#define PIECE_MAX (512u << 20)
#define LINE_MAX_BYTES 512

struct opener {
	const char *marker;
	struct identity_set identities;
	uint8_t keys[KEYS_MAX][BUS_KEY_BYTES];
	size_t n_keys;
	/* By key (whole, then derived) and epoch, for one topic: to make one costs more than to try it. */
	struct bus_ring *rings[2 * KEYS_MAX][UINT8_MAX + 1];
	char topic[64];
	struct arena *arena;
	unsigned long frames, ages, records, opened, marked;
};

static _Noreturn void fail(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "open_all: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static void load_keys(struct opener *opener, const char *folder)
{
	DIR *dir = opendir(folder);
	struct err err = ERR_INIT;
	struct dirent *entry;

	if (!dir || identity_set_load(&opener->identities, folder, &err) < 0)
		fail(folder, &err);
	while ((entry = readdir(dir)) != NULL) {
		struct buf path = BUF_INIT;
		size_t len = strlen(entry->d_name);

		buf_printf(&path, "%s/%s", folder, entry->d_name);
		if (len > 4 && strcmp(entry->d_name + len - 4, ".key") == 0 && opener->n_keys < KEYS_MAX &&
		    keys_load_hex32(opener->keys[opener->n_keys], buf_text(&path), NULL) == 0)
			opener->n_keys++;
		buf_release(&path);
	}
	closedir(dir);
}

static void take(struct opener *opener, struct slice plain)
{
	opener->opened++;
	opener->marked += memmem(plain.data, plain.len, opener->marker, strlen(opener->marker)) != NULL;
}

static void try_age(struct opener *opener, struct slice file)
{
	struct buf plain = BUF_INIT;

	opener->ages++;
	if (age_open(&plain, opener->identities.items, opener->identities.n, file, NULL) == 0)
		take(opener, buf_slice(&plain));
	buf_release(&plain);
}

static void try_frames(struct opener *opener, struct slice bytes)
{
	while (bytes.len > FRAME_HEAD) {
		const uint8_t *at = memmem(bytes.data, bytes.len, "TPF1", 4);
		struct frame frame;

		if (!at)
			return;
		bytes = slice_of(at, bytes.len - (size_t)(at - bytes.data));
		if (bytes.len > FRAME_HEAD) {
			size_t len = (size_t)FRAME_HEAD + be32_read(at + 28) + be32_read(at + 32) + FRAME_SIGNATURE_BYTES;

			if (len <= bytes.len && frame_parse(&frame, slice_of(at, len), NULL) == 0) {
				opener->frames++;
				try_age(opener, frame.body);
				try_age(opener, frame.contact);
			}
		}
		bytes = slice_of(at + 1, bytes.len - 1);
	}
}

static void forget_rings(struct opener *opener)
{
	for (size_t i = 0; i < 2 * opener->n_keys; i++)
		for (size_t epoch = 0; epoch <= UINT8_MAX; epoch++) {
			bus_ring_free(opener->rings[i][epoch]);
			opener->rings[i][epoch] = NULL;
		}
}

static struct bus_ring *ring_of(struct opener *opener, size_t i, uint8_t epoch, const char *topic)
{
	struct bus_ring **ring = &opener->rings[i][epoch];
	struct err err = ERR_INIT;

	if (*ring)
		return *ring;
	if (bus_ring_new(ring, &err) < 0 ||
	    (i % 2 ? bus_ring_add_topic(*ring, epoch, topic, opener->keys[i / 2], &err)
		   : bus_ring_add(*ring, epoch, opener->keys[i / 2], &err)) < 0)
		fail("ring", &err);
	return *ring;
}

/* Every key, under every epoch's number and as a derived one: whoever holds a key does not care for its name. */
static void try_record(struct opener *opener, const char *topic, const struct tip_id *tip_id, struct slice sealed)
{
	opener->records++;
	if (sealed.len < 2)
		return;
	if (strcmp(opener->topic, topic) != 0)
		forget_rings(opener);
	(void)snprintf(opener->topic, sizeof(opener->topic), "%s", topic);
	for (size_t i = 0; i < 2 * opener->n_keys; i++) {
		struct bus_ring *ring = ring_of(opener, i, sealed.data[1], topic);
		struct buf plain = BUF_INIT;
		struct record record;

		if (bus_open(&plain, ring, topic, tip_id, sealed, NULL) == 0) {
			take(opener, buf_slice(&plain));
			if (record_decode(&record, buf_slice(&plain), opener->arena, NULL) == 0 && record.sealed_case.len)
				try_age(opener, record.sealed_case);
			arena_reset(opener->arena);
		}
		buf_release(&plain);
	}
}

static void try_piece(struct opener *opener, const char *kind, const char *topic, const char *id, struct slice bytes)
{
	struct tip_id tip_id = { { 0 } };

	(void)tip_id_parse(&tip_id, id, strlen(id));
	if (strcmp(kind, "raw") == 0)
		try_frames(opener, bytes);
	else if (strcmp(kind, "age") == 0)
		try_age(opener, bytes);
	else if (strcmp(kind, "bus") == 0)
		try_record(opener, topic, &tip_id, bytes);
	else
		fail("no such kind of piece", NULL);
}

int main(int argc, char **argv)
{
	static struct opener opener; /* too large for a stack */
	char line[LINE_MAX_BYTES];
	struct err err = ERR_INIT;

	if (argc != 3)
		fail("usage: open_all MARKER KEYS", NULL);
	opener.marker = argv[1];
	if (keys_begin(&err) < 0)
		fail("start", &err);
	load_keys(&opener, argv[2]);
	opener.arena = arena_new(65536);
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line, *words[4];
		struct buf bytes = BUF_INIT;
		unsigned long len;

		for (int i = 0; i < 4; i++)
			words[i] = strsep(&rest, " \n");
		len = words[3] ? strtoul(words[3], NULL, 10) : PIECE_MAX + 1;
		if (len > PIECE_MAX || fread(buf_reserve(&bytes, len), 1, len, stdin) != len)
			fail("a piece is cut", NULL);
		bytes.len = len;
		try_piece(&opener, words[0], words[1], words[2], buf_slice(&bytes));
		buf_release(&bytes);
	}
	printf("{\"frames\":%lu,\"ages\":%lu,\"records\":%lu,\"opened\":%lu,\"marked\":%lu}\n", opener.frames, opener.ages,
	       opener.records, opener.opened, opener.marked);
	forget_rings(&opener);
	identity_set_release(&opener.identities);
	arena_free(opener.arena);
	return 0;
}
