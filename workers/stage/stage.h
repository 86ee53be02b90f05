/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage: the skeleton every worker stands on, and the only code that owns the Kafka loop, offsets, parking and
 * backoff. A worker supplies one `struct stage` and a main of one line.
 *
 * One tip's life in a stage
 * -------------------------
 * The skeleton takes a batch of records from the stage's topic. For each it makes an event: for a stage that reads
 * frames the record's value as it is; for one that reads records it opens the bus seal and decodes the CBOR. What
 * cannot be opened or decoded is parked here and never reaches the worker. Then `handle` is called, once for each
 * event, in order. It looks at the event and its own state, says what shall leave through `emit`, and returns a
 * verdict:
 *
 *   DONE   what it emitted is its whole answer. Final.
 *   PARK   the event can never succeed as it is. `err->reason` says why. What it emitted is dropped, and the record
 *          is written to tip.parked exactly as it came. Final.
 *   RETRY  something the stage needs is not there now. What it emitted is dropped, and the same event comes again
 *          after a backoff (100 ms doubling to 10 s, full jitter). Nothing behind it in the batch overtakes it.
 *   FATAL  the stage cannot go on. The process ends, nothing of the batch is committed, all of it will be seen again.
 *
 * When the batch is through: everything emitted and parked is acknowledged by Kafka; then `flush`, where the
 * stage commits its own state together with the positions it is handed; then the offsets of the batch, by name,
 * are committed to the group. When `flush` fails the process ends: nothing is committed, and a stage must roll
 * back in `close` what `flush` had not committed. So RETRY must leave alone what earlier events of the batch
 * have put into an open transaction; a stage that cannot promise this returns FATAL. A crash anywhere in
 * between leads to the batch being seen again, so `handle` must give the same answer for an event it has
 * answered before: `event.origin` tells a redelivery (same place) from a repeat (another place).
 *
 * A record that ends the process three times in a row while it is handled is parked as "poison" by the skeleton
 * (stage_suspect.h), and its partition goes on.
 *
 * A stage sees no Kafka, no clock and no random source but `struct stage_env`, so a test fixes both.
 *
 * --try: the stage runs over JSON lines on standard input, no broker, no network: for a frame stage each line
 * is a tip's body, for a record stage a record as the stage before wrote it with --try. Each result is one line
 * on standard output: {"verdict":"done","emit":[{"topic":…,"key":…,"record":{…}}]} or
 * {"verdict":"park","reason":…}; with `--records` only the emitted records, one a line, as the next stage's
 * --try reads them. Ids and the day are then fixed: the tip id is the line's number, random ids count upwards,
 * the day is 20000. A line that is no record is parked (record-shape, or too-large over 2 MiB); "detail" says
 * more. What is emitted as bytes shows as {"topic":…,"key":…,"bytes":LENGTH}. RETRY shows as
 * {"verdict":"retry",…} and is not waited for. `flush` is called as often as with Kafka, without positions.
 *
 * Every call into a stage is made on one thread. `status` is called there too, between batches, and its text kept for
 * the HTTP listener, so it may read the state freely.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_H
#define TIPLINE_WORKERS_STAGE_STAGE_H

#include "ops/runtime/conf.h"
#include "ops/runtime/err.h"
#include "ops/runtime/metrics.h"
#include "schema/frame.h"
#include "schema/record.h"

enum verdict { VERDICT_DONE, VERDICT_PARK, VERDICT_RETRY, VERDICT_FATAL };

enum stage_input { STAGE_READS_FRAMES, STAGE_READS_RECORDS };

struct origin {
	const char *topic;
	int32_t partition;
	int64_t offset;
};

struct event {
	struct tip_id tip_id;         /* from the record's tip-id header */
	uint32_t day;                 /* from the Kafka timestamp of tip.sealed, or the record */
	struct origin origin;
	struct slice value;           /* as it came: a frame, or the sealed record */
	struct slice body;            /* --try of a frame stage: the tip's JSON instead of a frame; else empty */
	const struct record *record;  /* STAGE_READS_RECORDS: opened and decoded, valid during the call */
	const struct record_step *step; /* as what this stage runs, and today; goes with what is emitted; NULL in --try */
	struct arena *arena;          /* lives until the batch is committed; what is emitted may lie in it */
};

struct emit; /* collects what handle() sends; see emit_record */

struct stage_env {
	const struct conf *conf;
	struct metrics *metrics;
	bool trying;                                     /* --try: no keys but the linkage key are needed */
	void (*random_id)(void *arg, struct tip_id *id); /* case ids */
	void *arg;
};

struct stage_position {
	const char *topic;
	int32_t partition;
	int64_t next;
};

/*
 * Key files that a stage takes up while it runs (stage_keys.h). Called on the loop's thread, between two batches.
 */
struct stage_key_files {
	/* Calls `each` for every path to keep an eye on: a file, or a folder whose entries come and go. */
	void (*paths)(void *state, void (*each)(void *arg, const char *path), void *arg);
	/* Reads them all again. On -1 the state is as it was. */
	int (*reload)(void *state, struct err *err);
	/* Names what is in force, "KIND:FINGERPRINT", for /status: whoever rotates a key waits for its name. */
	void (*names)(void *state, void (*each)(void *arg, const char *name), void *arg);
};

struct stage {
	const char *name;               /* "classify": the group is tipline-classify, the program tipline-classify */
	const char *topic_in;
	const char *topic_out;          /* where its records go, for /status to tell their epoch; NULL: nowhere */
	enum stage_input input;
	const char *summary, *description; /* for help and the manual page: Reads … Writes … Parks … */
	const struct conf_key *keys;    /* the worker's own rows */
	bool bus_key;                   /* needs keys.bus (all record readers, and classify, do) */
	const struct stage_key_files *key_files; /* besides the bus keys, which the skeleton sees to; NULL: none */
	int (*check)(const struct conf *conf, struct err *err); /* for --check: load lexicon, policy …; may be NULL */
	int (*open)(void **state, const struct stage_env *env, struct err *err);
	enum verdict (*handle)(void *state, const struct event *in, struct emit *out, struct err *err);
	/* Commits the stage's own state with the positions reached. Called once a batch. May be NULL. */
	int (*flush)(void *state, const struct stage_position *positions, size_t n, struct err *err);
	/* Where to read on, by the stage's own state; -1 when unknown. May be NULL: the group's offsets rule. */
	int64_t (*position)(void *state, const char *topic, int32_t partition);
	/* More members for /status, each with a comma in front. May be NULL. */
	void (*status)(void *state, struct buf *json);
	void (*close)(void *state);
};

/* The record is encoded, with the step of this stage added to it, sealed under the bus key for `topic` and keyed;
 * copied before return. */
void emit_record(struct emit *out, const char *topic, const struct tip_id *key, const struct record *record);
/* Bytes as they are (age files for teams, index entries sealed by emit_sealed). */
void emit_bytes(struct emit *out, const char *topic, const struct tip_id *key, const struct tip_id *tip_id,
		struct slice value);
/* Bytes sealed under the bus key of `topic` (link.index). */
void emit_sealed(struct emit *out, const char *topic, const struct tip_id *key, const struct tip_id *tip_id,
		 struct slice value);

/* The counter behind "repeats" of /status: a stage adds to it what it has seen before (not redeliveries). */
struct metric *stage_repeats(struct metrics *metrics, const char *stage);
/* The counter behind "out": the skeleton counts emitted records; the stage that ends the chain, what it stored. */
struct metric *stage_out(struct metrics *metrics, const char *stage);

int stage_main(int argc, char **argv, const struct stage *stage);

#endif
