/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

#define MS_PER_DAY INT64_C(86400000)

/* Atomic, because other threads may read the clock while a test moves it. */
static atomic_bool frozen;
static atomic_int_fast64_t frozen_mono_ms, frozen_wall_ms;

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return atomic_load(&frozen) ? atomic_load(&frozen_mono_ms) * 1000000 : read_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

int64_t clock_wall_ms(void)
{
	return atomic_load(&frozen) ? atomic_load(&frozen_wall_ms) : read_ns(CLOCK_REALTIME) / 1000000;
}

uint32_t clock_day(void)
{
	return (uint32_t)(clock_wall_ms() / MS_PER_DAY);
}

int64_t clock_cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

void clock_freeze(int64_t mono_ms, int64_t wall_ms)
{
	atomic_store(&frozen_mono_ms, mono_ms);
	atomic_store(&frozen_wall_ms, wall_ms);
	atomic_store(&frozen, true);
}

void clock_advance(int64_t ms)
{
	atomic_fetch_add(&frozen_mono_ms, ms);
	atomic_fetch_add(&frozen_wall_ms, ms);
}

void clock_thaw(void)
{
	atomic_store(&frozen, false);
}
