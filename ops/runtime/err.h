/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: what went wrong, in a form that tells the caller what to do next.
 *
 * Every function that can fail returns 0 or -1 (or a pointer or NULL) and takes a `struct err *` as its last
 * parameter. The object is untouched on success. It has a fixed size, so failing never allocates, and its text never
 * holds tip content, names or addresses of people. Each layer may put its own clause in front (err_prefix); one
 * place, the program's main or the stage skeleton, logs it once.
 *
 * `reason` is a stable code from a table (schema/reason.h for records, the static strings of the caller otherwise);
 * it has static storage. NULL when there is none.
 */
#ifndef TIPLINE_OPS_RUNTIME_ERR_H
#define TIPLINE_OPS_RUNTIME_ERR_H

#include <stdarg.h>
#include <stddef.h>

enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* the command line is wrong: exit 64 */
	ERR_DATA,        /* the input is wrong and will never be right: exit 65 from a command, parked in a stage */
	ERR_UNAVAILABLE, /* a service we need is not there: exit 69 */
	ERR_BUG,         /* we are wrong: exit 70 */
	ERR_SYSTEM,      /* the operating system refused: exit 71 */
	ERR_TEMPORARY,   /* may succeed when tried again: exit 75 */
	ERR_CONFIG       /* configuration or key files are wrong: exit 78 */
};

#define ERR_TEXT_MAX 512

struct err {
	enum err_kind kind;
	const char *reason;
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT { ERR_NONE, NULL, "" }

/* Each returns -1, so that a caller can `return err_set(...)`. `err` may be NULL. Text too long is cut. */
int err_set(struct err *err, enum err_kind kind, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int err_vset(struct err *err, enum err_kind kind, const char *reason, const char *fmt, va_list args)
	__attribute__((format(printf, 4, 0)));
/* What errno says, and where there is one, the remedy behind a semicolon. Returns `why`. */
#define ERR_WHY_MAX 256
const char *err_why(int error, char why[ERR_WHY_MAX]);
/* As err_set with ERR_SYSTEM, and ": " err_why(errno) added. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "fmt: " in front of the text; kind and reason stay. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *err);

/* The exit status of a program that ends with this error. */
int err_exit_status(const struct err *err);

/* A state that our own code must never reach: prints file, line and text on standard error and aborts. */
#define BUG(...) err_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void err_bug(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
