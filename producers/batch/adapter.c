/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "producers/sdk/adapter_conf.h"

static const struct {
	int code;
	enum err_kind kind;
} kinds[] = {
	{ TIPLINE_EINVAL, ERR_DATA },    { TIPLINE_ECONFIG, ERR_CONFIG },      { TIPLINE_EFULL, ERR_TEMPORARY },
	{ TIPLINE_EIO, ERR_SYSTEM },     { TIPLINE_ENOMEM, ERR_SYSTEM },       { TIPLINE_ETIMEDOUT, ERR_TEMPORARY },
	{ TIPLINE_ESTOPPED, ERR_UNAVAILABLE },
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
	return code == TIPLINE_ESTOPPED || code == TIPLINE_EIO ? adapter_error(err, code) : 0;
}

int adapter_left_waiting(struct tipline *tipline, const char *program)
{
	struct err err = ERR_INIT;

	int code = tipline_drain(tipline, 0);
	if (code != TIPLINE_OK)
		adapter_error(&err, code);
	else
		err_set(&err, ERR_TEMPORARY, NULL, "tips wait in the spool");
	(void)fprintf(stderr, "%s: %s; what waits in the spool goes out with the next run (tip-submit --resume)\n", program,
		      err.text);
	return err_exit_status(&err);
}

int adapter_open(struct tipline **out, const struct program_call *call, struct err *err)
{
	int code = tipline_open(out, call->conf_path);
	return code == TIPLINE_OK ? 0 : adapter_error(err, code);
}

int adapter_check(const struct program_call *call, struct err *err)
{
	struct submit_options options = { 0 };
	struct sealer *sealer;

	if (call->conf == NULL)
		return 0;
	if (keys_begin(err) || adapter_conf_sealer(&sealer, call->conf, err))
		return -1;
	sealer_free(sealer);
	int rc = adapter_conf_submit(&options, call->conf, err);
	mem_wipe(&options.curve, sizeof(options.curve));
	return rc;
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
