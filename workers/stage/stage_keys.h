/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_keys: the key files of a running worker, taken up anew without a restart.
 *
 * Once a second, between two batches, the paths are looked at (one stat each): the folder of bus keys and what the
 * stage names. When one is another file than before, or SIGHUP came, everything is read again. All of it is taken up
 * or none: a file that cannot be read leaves in force what was, is said once (stage.keys_not_reloaded) and shows in
 * /status until it is mended. In a folder files are added, removed and renamed; one that is written over in place is
 * seen by SIGHUP alone. Everything happens on the loop's thread.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_KEYS_H
#define TIPLINE_WORKERS_STAGE_STAGE_KEYS_H

#include "ops/runtime/file_watch.h"
#include "schema/bus.h"
#include "workers/stage/stage.h"

struct stage_keys {
	const struct stage *stage; /* borrowed, as all but `seen` */
	const struct conf *conf;
	void *state;
	struct bus_ring *ring; /* its keys are exchanged in place; NULL for a stage without */
	struct metric *reloads, *failures;
	struct file_watch *seen;
	size_t n_seen;
	bool failed; /* the files as they are now could not be taken up */
};

/* The stage is open. `begun_ms`: the wall clock before it read its keys; what changed since is read again at once. */
void stage_keys_init(struct stage_keys *keys, struct metrics *metrics, int64_t begun_ms);
void stage_keys_release(struct stage_keys *keys);
/* Looks, and takes up what changed; `asked`: whether it changed or not. */
void stage_keys_look(struct stage_keys *keys, bool asked);
/* Appends a member with a comma in front: ,"keys":{"current":true,"seals":2,"names":["bus:2:0123456789abcdef"]} */
void stage_keys_status(const struct stage_keys *keys, struct buf *json);

#endif
