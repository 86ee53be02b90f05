/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done on disk with memory that fails, as small programs for tests/memory/run.py:
 *
 *   memory-steps spool PATH     keeps tips in a spool
 *   memory-steps store PATH     puts tips into a store, a batch and its position at a time
 *   memory-steps index PATH     the same with dedupe and its index
 *   memory-steps adapter CONF   tipline_open, _check, _put, _recipients, _put_sealed: what another's program would do
 *
 * A line "kept TIP" is printed once a tip was promised to be on disk. The exit status is err_exit_status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "producers/sdk/spool.h"
#include "producers/sdk/tipline.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/seal.h"
#include "schema/store/store.h"
#include "schema/tip.h"
#include "schema/topics.h"
#include "tests/unit/record_sample.h"
#include "workers/dedupe/dedupe.h"
#include "workers/stage/emit.h"

#define TIPS 6
#define A_BATCH 3
#define DAY 20400

static void say_kept(const struct tip_id *tip_id)
{
	char hex[TIP_ID_HEX];

	tip_id_hex(tip_id, hex);
	printf("kept %s\n", hex);
	fflush(stdout);
}

static struct tip_id id_of(unsigned i)
{
	struct tip_id id = { { (uint8_t)(i + 1) } };

	return id;
}

static int spool(const char *path, struct err *err)
{
	struct spool *spool;
	uint8_t frame[300] = { 1 };
	int rc = 0;

	if (spool_open(&spool, path, 100, err) < 0)
		return -1;
	for (unsigned i = 0; i < TIPS && rc == 0; i++) {
		struct tip_id id = id_of(i);

		rc = spool_insert(spool, &id, slice_of(frame, sizeof(frame)), &frame, err);
		if (rc == 0)
			say_kept(&id);
	}
	spool_close(spool);
	return rc;
}

/* The batch that begins with tip `first`, and the position behind it. */
static int store_batch(struct store *store, unsigned first, struct arena *arena, struct err *err)
{
	struct record record;

	if (store_begin(store, err) < 0)
		return -1;
	for (unsigned i = first; i < first + A_BATCH; i++) {
		sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED, i, arena);
		if (store_add(store, &record, err) < 0)
			return -1;
	}
	if (store_set_position(store, TOPIC_ROUTED, 0, first + A_BATCH, err) < 0 || store_commit(store, err) < 0)
		return -1;
	for (unsigned i = first; i < first + A_BATCH; i++) {
		sample_record(&record, 0, i, arena);
		say_kept(&record.tip_id);
	}
	return 0;
}

static int store(const char *path, struct err *err)
{
	struct arena *arena = arena_new(1 << 16);
	struct store *store;
	int rc = store_open(&store, path, STORE_WRITE, err);

	if (rc == 0) {
		for (unsigned first = 0; first < TIPS && rc == 0; first += A_BATCH)
			rc = store_batch(store, first, arena, err);
		store_close(store);
	}
	arena_free(arena);
	return rc;
}

static void count_up(void *arg, struct tip_id *id)
{
	unsigned *n = arg;

	memset(id, 0xcc, sizeof(*id));
	id->bytes[0] = (uint8_t)++*n;
}

static int dedupe_batch(void *dedupe, struct emit *emit, struct arena *arena, unsigned first, struct err *err)
{
	const struct stage_position position = { TOPIC_CLASSIFIED, 0, first + A_BATCH };

	for (unsigned i = first; i < first + A_BATCH; i++) {
		struct record record;
		struct event event = { .tip_id = id_of(i), .day = DAY, .record = &record, .arena = arena,
				       .origin = { TOPIC_CLASSIFIED, 0, i } };

		sample_record(&record, RECORD_CLASSIFIED, i, arena);
		record.tip_id = event.tip_id;
		emit_begin(emit, DAY);
		if (dedupe_stage.handle(dedupe, &event, emit, err) != VERDICT_DONE)
			return -1;
	}
	if (dedupe_stage.flush(dedupe, &position, 1, err) < 0)
		return -1;
	for (unsigned i = first; i < first + A_BATCH; i++) {
		struct tip_id id = id_of(i);

		say_kept(&id);
	}
	return 0;
}

static int run_dedupe(const struct conf *conf, struct metrics *metrics, struct err *err)
{
	unsigned random = 0;
	struct stage_env env = { conf, metrics, false, count_up, &random };
	struct arena *arena = arena_new(1 << 16);
	struct emit emit;
	void *dedupe;
	int rc;

	emit_init(&emit, NULL, arena, true);
	rc = dedupe_stage.open(&dedupe, &env, err);
	if (rc == 0) {
		for (unsigned first = 0; first < TIPS && rc == 0; first += A_BATCH)
			rc = dedupe_batch(dedupe, &emit, arena, first, err);
		dedupe_stage.close(dedupe);
	}
	emit_release(&emit);
	arena_free(arena);
	return rc;
}

static int index_of_dedupe(const char *path, struct err *err)
{
	const struct conf_key *const tables[] = { dedupe_stage.keys, NULL };
	struct metrics *metrics;
	struct conf *conf;
	char text[512];
	int rc;

	snprintf(text, sizeof(text), "index: %s\n", path);
	if (conf_parse(&conf, "dedupe.yaml", text, tables, err) < 0)
		return -1;
	metrics = metrics_new();
	rc = run_dedupe(conf, metrics, err);
	metrics_free(metrics);
	conf_free(conf);
	return rc;
}

static int put_told(struct tipline *tipline, struct tip_id *id, void *opaque)
{
	static const char json[] = "{\"channel\":\"batch\",\"narrative\":\"He takes money.\",\"contact\":\"none\","
				   "\"subjects\":[{\"name\":\"Kettley\"}]}";
	int rc = tipline_check(json, strlen(json));

	return rc ? rc : tipline_put(tipline, json, strlen(json), id->bytes, opaque);
}

/* What looks like an age file from outside, made without asking for memory. Nobody is to open it. */
static void look_sealed(uint8_t *file, int stanzas)
{
	static const char digits[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	char *at = (char *)file;

	at = stpcpy(at, "age-encryption.org/v1\n");
	for (int i = 0; i < stanzas; i++)
		at = stpcpy(stpcpy(stpcpy(stpcpy(stpcpy(at, "-> X25519 "), digits), "\n"), digits), "\n");
	(void)stpcpy(stpcpy(stpcpy(at, "--- "), digits), "\n");
}

static int put_sealed(struct tipline *tipline, struct tip_id *id, void *opaque)
{
	static uint8_t body[70 + 98 * BODY_STANZAS + 16 + 4096 + 16], contact[FRAME_CONTACT_BYTES];
	static uint8_t n;
	const struct tipline_sealed sealed = { { 7, ++n }, body, sizeof(body), contact, sizeof(contact) };
	char list[TIPLINE_RECIPIENTS_MAX], root[65];
	int rc = tipline_recipients(tipline, list, sizeof(list), root);

	if (rc < 0)
		return rc;
	if (strlen(list) != (size_t)rc || strlen(root) != 64)
		exit(2);
	look_sealed(body, BODY_STANZAS);
	look_sealed(contact, CONTACT_STANZAS);
	memcpy(id->bytes, sealed.tip_id, sizeof(id->bytes));
	return tipline_put_sealed(tipline, &sealed, opaque);
}

/* Its caller is told of the failure and lives on: once memory is there again, everything works. */
static int put_until_kept(struct tipline *tipline, int (*put)(struct tipline *tipline, struct tip_id *id, void *opaque))
{
	struct tip_id id;
	int failed = 0;

	for (int i = 0; i < 2; i++) {
		int rc = put(tipline, &id, &failed);

		if (rc == TIPLINE_OK) {
			say_kept(&id);
			return failed;
		}
		failed = rc;
		fprintf(stderr, "%d: %s\n", rc, tipline_error());
	}
	exit(2); /* not even with memory there again: no status that run.py takes */
}

static int adapter(const char *config)
{
	struct tipline *tipline = NULL;
	int failed = tipline_open(&tipline, config);

	if (failed != TIPLINE_OK) {
		fprintf(stderr, "%d: %s\n", failed, tipline_error());
		return 1;
	}
	for (int i = 0; i < 2 * A_BATCH; i++) {
		int rc = put_until_kept(tipline, i % 2 ? put_sealed : put_told);

		failed = rc ? rc : failed;
	}
	tipline_close(tipline, 0);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *path, struct err *err);
	} steps[] = { { "spool", spool }, { "store", store }, { "index", index_of_dedupe } };
	struct err err = ERR_INIT;

	if (argc != 3)
		return 64;
	if (strcmp(argv[1], "adapter") == 0)
		return adapter(argv[2]);
	log_open("memory-steps", LOG_LEVEL_ERROR);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(argv[1], steps[i].name) != 0)
			continue;
		if (keys_begin(&err) == 0 && steps[i].run(argv[2], &err) == 0)
			return 0;
		fprintf(stderr, "%s\n", err.text);
		return err_exit_status(&err);
	}
	return 64;
}
