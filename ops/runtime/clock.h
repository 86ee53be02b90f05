/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time, behind one door so that tests can set it. Monotonic time is for waiting and ageing; the wall clock is
 * only ever asked for a day, because a tip carries no finer time in the clear.
 */
#ifndef TIPLINE_OPS_RUNTIME_CLOCK_H
#define TIPLINE_OPS_RUNTIME_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);
uint32_t clock_day(void);    /* days since 1970-01-01 UTC */
int64_t clock_wall_ms(void); /* for leases, certificates and the operator's own screen only; never beside a tip */
int64_t clock_cpu_us(void);  /* user + system time of this process */

/* Days as people write them, "2026-11-24"; 1970-01-01 to 9999-12-31. -1 for any other text or day, `day` untouched. */
#define CLOCK_DAY_TEXT 11
int clock_day_parse(uint32_t *day, const char *text, size_t len);
int clock_day_text(char text[CLOCK_DAY_TEXT], int64_t day); /* "" when it fails */

/* For tests: the four readings become base + what was added. Not thread safe. */
void clock_freeze(int64_t mono_ms, int64_t wall_ms);
void clock_advance(int64_t ms);
void clock_thaw(void);

#endif
