/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locked: memory for long-term secrets: guarded by libsodium, never swapped out, wiped when freed.
 *
 * sodium_malloc succeeds where mlock is refused, so the lock is asked for again and its answer checked. One
 * allocation costs tens of microseconds and at least one page of RLIMIT_MEMLOCK: it is for keys, never for tips.
 */
#ifndef TIPLINE_SCHEMA_LOCKED_H
#define TIPLINE_SCHEMA_LOCKED_H

#include <stddef.h>

#include "ops/runtime/err.h"

/* Zeroed. NULL with ERR_CONFIG, saying which limit to raise, where the memory cannot be locked. */
void *locked_alloc(size_t size, struct err *err) __attribute__((warn_unused_result));
void locked_free(void *memory); /* NULL is nothing */

#endif
