/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_suspect: remembers over the worker's deaths which record it had in hand, so that a record that ends the worker
 * each time (a crash, an abort, the OOM killer, the watchdog) is parked as "poison" and its partition goes on.
 *
 * A small file is mapped into memory. Before a record is opened and handled its place is noted there, and the
 * note is taken away when the stage has answered. Both are plain stores, so they cost nothing that can be
 * measured; the page outlives the process, however it ends. A note of another boot of the machine (boot_id of
 * random(4)) does not count: a record that kills a worker does not cut the power. A worker that starts and
 * finds a note counts one death for that record. After STAGE_POISON_DEATHS in a row the record is not handled
 * again. A record that was answered is forgotten.
 *
 * What does not count: a death between records, in flush, commit or a wait for a retry; an orderly failure
 * (VERDICT_FATAL, a full disk). So kills at random park nothing: they would have to fall into the same record's
 * handling three times in a row, without it being answered once in between.
 *
 * What does count is a stage that hangs on a disk until the watchdog ends it, three times in one record: that record is
 * parked, not lost, and can be replayed.
 *
 * Each worker of a group has a file of its own, locked while it runs. A record that moves to another member after a
 * death begins there at nought, so of N members at most N * STAGE_POISON_DEATHS die; with `kafka.instance` the record
 * comes back to the same one.
 *
 * A record is known by partition, offset and a hash of its key, so that a topic made anew meets no old suspicion.
 * One thread. The file is in the machine's own byte order and holds ids of tips as hashes only.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_SUSPECT_H
#define TIPLINE_WORKERS_STAGE_STAGE_SUSPECT_H

#include "ops/runtime/err.h"
#include "ops/runtime/kafka.h"

#define STAGE_POISON_DEATHS 3

struct stage_suspect;

/*
 * Makes the file where there is none; one of another shape begins anew. ERR_TEMPORARY, reason "suspect-locked":
 * another worker has it. `path` empty: systemd's state folder, and where there is none `*out` is NULL and
 * nothing is remembered.
 */
int stage_suspect_open(struct stage_suspect **out, const char *path, struct err *err)
	__attribute__((warn_unused_result));
void stage_suspect_close(struct stage_suspect *suspect);

/* All take NULL for a worker that remembers nothing. */
unsigned stage_suspect_deaths(const struct stage_suspect *suspect, const struct kafka_record *record);
void stage_suspect_enter(struct stage_suspect *suspect, const struct kafka_record *record);
void stage_suspect_leave(struct stage_suspect *suspect);
void stage_suspect_forget(struct stage_suspect *suspect, const struct kafka_record *record);

#endif
