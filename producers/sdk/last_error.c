/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/last_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/runtime/buf.h"
#include "producers/sdk/tipline.h"

static _Thread_local char last_error[ERR_TEXT_MAX + 128]; /* a reason goes in front */

static const struct {
	enum err_kind kind;
	int code;
} codes[] = {
	{ ERR_DATA, TIPLINE_EINVAL },      { ERR_CONFIG, TIPLINE_ECONFIG },      { ERR_SYSTEM, TIPLINE_EIO },
	{ ERR_TEMPORARY, TIPLINE_EFULL },  { ERR_UNAVAILABLE, TIPLINE_ECONFIG },
};

int last_error_set(const struct err *err)
{
	(void)snprintf(last_error, sizeof(last_error), "%s%s%s", err->reason != NULL ? err->reason : "",
		       err->reason != NULL ? ": " : "", err->text);
	if (err->reason != NULL && strcmp(err->reason, MEM_REFUSED) == 0)
		return TIPLINE_ENOMEM;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].kind == err->kind)
			return codes[i].code;
	return TIPLINE_EINTERNAL;
}

int last_error_say(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(last_error, sizeof(last_error), fmt, args);
	va_end(args);
	return code;
}

const char *tipline_error(void)
{
	return last_error;
}
