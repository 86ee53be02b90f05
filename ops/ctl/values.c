/* SPDX-License-Identifier: Apache-2.0 */
/* Values that several commands read from options or show alike. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/nearest.h"

int ctl_no_such(const char *what, const char *word, const char *const *names, size_t n, struct err *err)
{
	char hint[NEAREST_HINT_MAX];

	nearest_hint(hint, word, names, n);
	return err_set(err, ERR_USAGE, "bad-value", "there is no %s \"%.64s\"%s", what, word, hint);
}

int ctl_team(const struct ctl *ctl, const char **team, struct err *err)
{
	const char *const *teams;
	size_t n = conf_list(ctl->conf, "teams", &teams);

	*team = program_value(ctl->call, "team", NULL);
	if (!*team)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(teams[i], *team) == 0)
			return 0;
	ctl_no_such("team", *team, teams, n, err);
	return err_prefix(err, "key `teams` of tipctl's configuration");
}

int ctl_file_error(const char *what, const char *path, struct err *err)
{
	if (err && access(path, F_OK) < 0 && errno == ENOENT) {
		err->kind = ERR_USAGE;
		err->reason = "bad-value";
	}
	return err_prefix(err, "%s", what);
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

int ctl_day(const struct ctl *ctl, const char *option, int64_t *day, struct err *err)
{
	const char *text = program_value(ctl->call, option, NULL);
	uint32_t read;

	*day = -1;
	if (!text)
		return 0;
	if (clock_day_parse(&read, text, strlen(text)) < 0)
		return err_set(err, ERR_USAGE, "bad-value", "--%s %.32s: a day is needed, such as 2026-11-24", option, text);
	*day = read;
	return 0;
}

json_t *ctl_share(float share)
{
	return json_real(round((double)share * 1000) / 1000);
}

json_t *ctl_date(int64_t day)
{
	char text[CLOCK_DAY_TEXT];

	return clock_day_text(text, day) == 0 ? json_string(text) : json_null(); /* a foreign record may say anything */
}
