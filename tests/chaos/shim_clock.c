/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall clock that is ahead of the kernel's by what the harness says, or behind it. A wait until a time on that clock
 * is moved back before the kernel sees it, else a moved clock would hang or spin every timed wait, which no real one
 * does.
 */
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

#include "tests/chaos/shim.h"

#define SHOWN __attribute__((visibility("default")))
#define THIRTY_YEARS_S 1000000000 /* no machine's monotonic clock is there yet, and its wall clock was in 2001 */

#define NEXT(type, name) \
	static _Atomic(type) kept; \
	type next = atomic_load(&kept); \
	if (!next) { \
		void *found = shim_next_version(name, "GLIBC_2.3.2"); \
		memcpy(&next, &found, sizeof(next)); \
		atomic_store(&kept, next); \
	}

typedef int (*gettime_fn)(clockid_t, struct timespec *);
typedef int (*timeofday_fn)(struct timeval *, void *);
typedef int (*wait_fn)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef int (*cnd_fn)(cnd_t *, mtx_t *, const struct timespec *);

static time_t ahead(void)
{
	return (time_t)atomic_load(&shim_control()->clock_ahead_s);
}

static struct timespec moved_back(const struct timespec *until)
{
	struct timespec real = *until;

	if (real.tv_sec > THIRTY_YEARS_S)
		real.tv_sec -= ahead();
	return real;
}

SHOWN int clock_gettime(clockid_t id, struct timespec *now)
{
	NEXT(gettime_fn, "clock_gettime")
	int rc = next(id, now);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += ahead();
	return rc;
}

SHOWN int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	NEXT(timeofday_fn, "gettimeofday")
	int rc = next(now, zone);

	if (rc == 0)
		now->tv_sec += ahead();
	return rc;
}

SHOWN time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

SHOWN int timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

SHOWN int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict lock,
				 const struct timespec *restrict until)
{
	NEXT(wait_fn, "pthread_cond_timedwait")
	struct timespec real = moved_back(until);

	return next(cond, lock, &real);
}

SHOWN int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict lock, const struct timespec *restrict until)
{
	NEXT(cnd_fn, "cnd_timedwait")
	struct timespec real = moved_back(until);

	return next(cond, lock, &real);
}
