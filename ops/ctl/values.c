/* SPDX-License-Identifier: Apache-2.0 */
/* Values that several commands read from options or show alike. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ops/ctl/ctl.h"

#define DAY_SECONDS 86400

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

json_t *ctl_date(int64_t day)
{
	time_t seconds = (time_t)day * DAY_SECONDS;
	struct tm tm;
	char text[16];

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%d", &tm) == 0)
		return json_null();
	return json_string(text);
}
