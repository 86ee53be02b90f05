/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

#define MS_PER_DAY INT64_C(86400000)
#define SECONDS_PER_DAY 86400
#define LAST_DAY 2932896 /* 9999-12-31 */

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

/* `n` digits and nothing else; -1 for anything else. */
static int digits(const char *text, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = 10 * value + (text[i] - '0');
	}
	return value;
}

int clock_day_parse(uint32_t *day, const char *text, size_t len)
{
	struct tm tm = { 0 }, back;
	int year, month, date;

	if (len != CLOCK_DAY_TEXT - 1 || text[4] != '-' || text[7] != '-')
		return -1;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	date = digits(text + 8, 2);
	if (year < 1970 || month < 1 || date < 1)
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = date;
	back = tm;
	const time_t seconds = timegm(&back);
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday) /* the 31st of February became a day of March */
		return -1;
	*day = (uint32_t)(seconds / SECONDS_PER_DAY);
	return 0;
}

int clock_day_text(char text[CLOCK_DAY_TEXT], int64_t day)
{
	time_t seconds;
	struct tm tm;

	text[0] = '\0';
	if (day < 0 || day > LAST_DAY)
		return -1; /* a foreign record may say anything */
	seconds = (time_t)day * SECONDS_PER_DAY;
	if (gmtime_r(&seconds, &tm) == NULL)
		return -1;
	return strftime(text, CLOCK_DAY_TEXT, "%Y-%m-%d", &tm) == CLOCK_DAY_TEXT - 1 ? 0 : -1;
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
