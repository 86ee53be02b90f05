/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time, behind one door so that tests can set it. Monotonic time is for waiting and ageing; the wall clock is
 * only ever asked for a day, because a tip carries no finer time in the clear.
 */
#ifndef TIPLINE_OPS_RUNTIME_CLOCK_H
#define TIPLINE_OPS_RUNTIME_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);
uint32_t clock_day(void);    /* days since 1970-01-01 UTC */
int64_t clock_wall_ms(void); /* for leases, certificates and the operator's own screen only; never beside a tip */
int64_t clock_cpu_us(void);  /* user + system time of this process */

/* For tests: the four readings become base + what was added. Not thread safe. */
void clock_freeze(int64_t mono_ms, int64_t wall_ms);
void clock_advance(int64_t ms);
void clock_thaw(void);

#endif
