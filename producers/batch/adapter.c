/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/signals.h"
#include "producers/sdk/adapter_conf.h"

#define READY_MS 15000
#define READY_STEP_MS 200

static const struct {
	int code;
	enum err_kind kind;
} kinds[] = {
	{ TIPLINE_EINVAL, ERR_DATA },    { TIPLINE_ECONFIG, ERR_CONFIG },      { TIPLINE_EFULL, ERR_TEMPORARY },
	{ TIPLINE_EIO, ERR_SYSTEM },     { TIPLINE_ENOMEM, ERR_SYSTEM },       { TIPLINE_ETIMEDOUT, ERR_TEMPORARY },
	{ TIPLINE_ESTOPPED, ERR_UNAVAILABLE }, { TIPLINE_ERECIPIENTS, ERR_UNAVAILABLE },
};

int adapter_error(struct err *err, int code)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].code == code)
			return err_set(err, kinds[i].kind, NULL, "%s", tipline_error());
	return err_set(err, ERR_BUG, NULL, "%s", tipline_error());
}

int adapter_wait_on(struct tipline *tipline, struct err *err)
{
	int code = tipline_drain(tipline, 0);
	bool in_vain = code == TIPLINE_ESTOPPED || code == TIPLINE_EIO || code == TIPLINE_ERECIPIENTS;

	return in_vain ? adapter_error(err, code) : 0;
}

int adapter_left_waiting(struct tipline *tipline, const char *program)
{
	struct err err = ERR_INIT;

	int code = tipline_drain(tipline, 0);
	if (code != TIPLINE_OK)
		adapter_error(&err, code);
	else
		err_set(&err, ERR_TEMPORARY, NULL, "tips still wait");
	(void)fprintf(stderr, "%s: %s; what waits in the spool goes out with the next run (tip-submit --resume)\n", program,
		      err.text);
	return err_exit_status(&err);
}

int adapter_open(struct tipline **out, const struct program_call *call, struct err *err)
{
	int code = tipline_open(out, call->conf_path);
	return code == TIPLINE_OK ? 0 : adapter_error(err, code);
}

int adapter_ready(struct tipline *tipline, struct err *err)
{
	int64_t until = clock_mono_ms() + READY_MS;
	struct tipline_stats stats = { 0 };
	int code;

	while ((code = tipline_ready(tipline, READY_STEP_MS)) == TIPLINE_ERECIPIENTS && !signals_stop_requested() &&
	       clock_mono_ms() < until) {
		tipline_stats(tipline, &stats);
		if (stats.recipients_refused != NULL)
			break;
	}
	return code == TIPLINE_OK ? 0 : adapter_error(err, code);
}

int adapter_check(const struct program_call *call, struct err *err)
{
	return call->conf == NULL ? 0 : adapter_conf_check(call->conf, err);
}

int adapter_number(const struct program_call *call, const char *option, double least, double most, double *value,
		   struct err *err)
{
	const char *text = program_value(call, option, NULL);
	char *end;

	if (text == NULL)
		return 0;
	errno = 0;
	double read = strtod(text, &end);
	if (errno != 0 || end == text || *end != '\0' || !(read >= least && read <= most))
		return err_set(err, ERR_USAGE, NULL, "--%s: not a number from %g to %g", option, least, most);
	*value = read;
	return 0;
}
