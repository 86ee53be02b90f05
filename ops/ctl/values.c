/* SPDX-License-Identifier: Apache-2.0 */
/* Values that several commands read from options or show alike. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/ctl/ctl.h"
#include "ops/runtime/nearest.h"

#define DAY_SECONDS 86400
#define LAST_DAY 2932896 /* 9999-12-31 */

int ctl_no_such(const char *what, const char *word, const char *const *names, size_t n, struct err *err)
{
	char hint[NEAREST_HINT_MAX];

	nearest_hint(hint, word, names, n);
	return err_set(err, ERR_USAGE, "bad-value", "there is no %s \"%.64s\"%s", what, word, hint);
}

int ctl_limit(const struct ctl *ctl, size_t *limit, struct err *err)
{
	const char *text = program_value(ctl->call, "limit", "0");
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || end == text || n < 0)
		return err_set(err, ERR_USAGE, "bad-value", "--limit %.32s: a whole number is needed", text);
	*limit = (size_t)n;
	return 0;
}

/* Digits alone; -1 for anything else. */
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

int ctl_day(const struct ctl *ctl, const char *option, int64_t *day, struct err *err)
{
	const char *text = program_value(ctl->call, option, NULL);
	struct tm tm = { 0 }, back;
	time_t seconds;

	*day = -1;
	if (!text)
		return 0;
	if (strlen(text) == 10 && text[4] == '-' && text[7] == '-' && digits(text, 4) >= 1970 &&
	    digits(text + 5, 2) > 0 && digits(text + 8, 2) > 0) {
		tm.tm_year = digits(text, 4) - 1900;
		tm.tm_mon = digits(text + 5, 2) - 1;
		tm.tm_mday = digits(text + 8, 2);
		back = tm;
		seconds = timegm(&back);
		*day = back.tm_mon == tm.tm_mon && back.tm_mday == tm.tm_mday ? seconds / DAY_SECONDS : -1;
	}
	if (*day < 0)
		return err_set(err, ERR_USAGE, "bad-value", "--%s %.32s: a day is needed, such as 2026-11-24", option, text);
	return 0;
}

json_t *ctl_date(int64_t day)
{
	struct tm tm;
	char text[16];

	if (day < 0 || day > LAST_DAY) /* a foreign record may say anything */
		return json_null();
	time_t seconds = (time_t)day * DAY_SECONDS;
	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%d", &tm) == 0)
		return json_null();
	return json_string(text);
}
