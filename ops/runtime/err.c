/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/err.h"

#include <errno.h>
#include <unistd.h>

#include "ops/runtime/utf8.h"

/* As sysexits.h numbers them. */
static const int exit_statuses[] = {
	[ERR_NONE] = 0,
	[ERR_USAGE] = 64,
	[ERR_DATA] = 65,
	[ERR_UNAVAILABLE] = 69,
	[ERR_BUG] = 70,
	[ERR_SYSTEM] = 71,
	[ERR_TEMPORARY] = 75,
	[ERR_CONFIG] = 78,
};

/*
 * Appends to the `text` of ERR_TEXT_MAX bytes that a caller builds beside the object, since arguments may point into
 * the object's own text. What is too long is cut between two characters.
 */
__attribute__((format(printf, 2, 0))) static void text_vappend(char *text, const char *fmt, va_list args)
{
	size_t len = strlen(text);
	int n = vsnprintf(text + len, ERR_TEXT_MAX - len, fmt, args);

	if (n < 0)
		text[len] = '\0';
	else if ((size_t)n >= ERR_TEXT_MAX - len)
		text[utf8_whole(text, ERR_TEXT_MAX - 1)] = '\0';
}

__attribute__((format(printf, 2, 3))) static void text_append(char *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_vappend(text, fmt, args);
	va_end(args);
}

static void err_store(struct err *err, enum err_kind kind, const char *reason, const char *text)
{
	err->kind = kind;
	err->reason = reason;
	memcpy(err->text, text, strlen(text) + 1);
}

int err_vset(struct err *err, enum err_kind kind, const char *reason, const char *fmt, va_list args)
{
	char text[ERR_TEXT_MAX] = "";

	if (!err)
		return -1;
	text_vappend(text, fmt, args);
	err_store(err, kind, reason, text);
	return -1;
}

int err_set(struct err *err, enum err_kind kind, const char *reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)err_vset(err, kind, reason, fmt, args);
	va_end(args);
	return -1;
}

/* What a person can do about it, where the number alone tells. */
static const struct {
	int error;
	const char *remedy;
} remedies[] = {
	{ ENOSPC, "make room on that disk" },
	{ EDQUOT, "the user's quota is used up: make room" },
	{ EROFS, "it must lie where this program may write" },
	{ EADDRINUSE, "another process listens there: end that one, or choose another port" },
	{ EADDRNOTAVAIL, "this machine has no such address" },
	{ EMFILE, "raise the limit of open files (ulimit -n, or LimitNOFILE= in the systemd unit)" },
};

const char *err_why(int error, char why[ERR_WHY_MAX])
{
	char words[96];
	const char *says = strerror_r(error, words, sizeof(words));

	snprintf(why, ERR_WHY_MAX, "%s", says);
	if (error == EACCES)
		snprintf(why, ERR_WHY_MAX, "%s; this program runs as user %u: start it as the owner, or give that user "
			 "the right", says, (unsigned)geteuid());
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].error == error)
			snprintf(why, ERR_WHY_MAX, "%s; %s", says, remedies[i].remedy);
	return why;
}

int err_errno(struct err *err, const char *fmt, ...)
{
	const int saved = errno;
	char text[ERR_TEXT_MAX] = "", why[ERR_WHY_MAX];
	va_list args;

	if (!err)
		return -1;
	va_start(args, fmt);
	text_vappend(text, fmt, args);
	va_end(args);
	text_append(text, ": %s", err_why(saved, why));
	err_store(err, ERR_SYSTEM, NULL, text);
	errno = saved;
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX] = "";
	va_list args;

	if (!err)
		return -1;
	va_start(args, fmt);
	text_vappend(text, fmt, args);
	va_end(args);
	text_append(text, ": %s", err->text);
	err_store(err, err->kind, err->reason, text);
	return -1;
}

void err_clear(struct err *err)
{
	if (err)
		err_store(err, ERR_NONE, NULL, "");
}

int err_exit_status(const struct err *err)
{
	if ((size_t)err->kind >= sizeof(exit_statuses) / sizeof(exit_statuses[0]))
		return exit_statuses[ERR_BUG];
	return exit_statuses[err->kind];
}

_Noreturn void err_bug(const char *file, int line, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX] = "";
	va_list args;

	va_start(args, fmt);
	text_vappend(text, fmt, args);
	va_end(args);
	dprintf(2, "%s:%d: bug: %s\n", file, line, text);
	abort();
}
