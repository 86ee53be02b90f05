/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim: what the harness and the library it preloads into each daemon share: one page of a file, mapped by both, so
 * that a fault begins and ends in a running process without a call that the daemon could notice.
 *
 * The file is named by CHAOS_CONTROL; without it the shim does nothing. Only regular files under the folder named by
 * CHAOS_UNDER ever fail, so that sockets and logs stay whole. tests/chaos/shims.py writes the same layout.
 */
#ifndef TIPLINE_TESTS_CHAOS_SHIM_H
#define TIPLINE_TESTS_CHAOS_SHIM_H

#include <stdatomic.h>
#include <stdint.h>

enum shim_call { SHIM_FSYNC, SHIM_WRITE, SHIM_RENAME, N_SHIM_CALLS };

struct shim_control {
	_Atomic int32_t error[N_SHIM_CALLS]; /* errno to fail with; 0: let through */
	_Atomic int32_t hits;                /* calls that were made to fail */
	_Atomic int64_t clock_ahead_s;       /* what is added to the wall clock */
};

/* The page, or one that asks for nothing. Never NULL. */
struct shim_control *shim_control(void);
/* The next definition of a function behind this library's. */
void *shim_next(const char *name);
void *shim_next_version(const char *name, const char *version);

#endif
