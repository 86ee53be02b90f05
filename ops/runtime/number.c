/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/number.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum number_result number_int(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	long long v;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return NUMBER_NOT;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (*end)
		return NUMBER_NOT;
	if (errno == ERANGE)
		return NUMBER_HUGE;
	*out = v;
	return NUMBER_OK;
}

enum number_result number_double(const char *text, double *out)
{
	locale_t c_locale;
	char *end;
	double v;

	/* Keeps out "inf", "nan" and hexadecimal. */
	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return NUMBER_NOT;
	/* A program that embeds us may have set a locale in which a decimal point is a comma. */
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	v = strtod_l(text, &end, c_locale);
	freelocale(c_locale);
	if (*end || end == text)
		return NUMBER_NOT;
	if (!isfinite(v))
		return NUMBER_HUGE;
	*out = v;
	return NUMBER_OK;
}
