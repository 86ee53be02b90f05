/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_lock: one holder at a time, by a consumer group: whoever the group gives the only partition of a topic holds
 * the lock. Nothing is consumed.
 *
 * A holder that ends without kafka_lock_free (SIGKILL) loses it KAFKA_LOCK_SESSION_MS after its last heartbeat, by the
 * broker's clock; a request of its that was still on the way has arrived by then. Who comes meanwhile waits. The
 * holder keeps it for KAFKA_LOCK_HOLD_MS at most and stays out of the group's rebalances until then.
 *
 * What it cannot do: a holder that is stopped (SIGSTOP) right after kafka_lock_prove, for longer than the session, and
 * then goes on does so without the lock. Ask for the proof directly before what must not be done twice, and let what
 * follows tolerate a repeat.
 *
 * Blocking; one thread owns a lock.
 */
#ifndef TIPLINE_OPS_RUNTIME_KAFKA_LOCK_H
#define TIPLINE_OPS_RUNTIME_KAFKA_LOCK_H

#include "ops/runtime/conf.h"
#include "ops/runtime/err.h"

#define KAFKA_LOCK_SESSION_MS 6000
#define KAFKA_LOCK_HOLD_MS 240000

struct kafka_lock;

struct kafka_lock_options {
	const char *group, *topic;
	int wait_ms;
	void (*waits)(void *arg); /* called once when somebody else seems to hold it; may be NULL */
	void *arg;
};

/* ERR_TEMPORARY, reason "lock-held", when somebody else has it for all of wait_ms. */
int kafka_lock_take(struct kafka_lock **out, const struct conf *conf, const struct kafka_lock_options *options,
		    struct err *err) __attribute__((warn_unused_result));
/* 0: the broker has just said that it is held. ERR_TEMPORARY, reason "lock-lost": it is not, or held too long. */
int kafka_lock_prove(struct kafka_lock *lock, struct err *err);
void kafka_lock_free(struct kafka_lock *lock); /* gives it back at once; NULL is allowed */

#endif
