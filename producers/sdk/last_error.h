/* SPDX-License-Identifier: Apache-2.0 */
/*
 * last_error: the sentence of tipline_error, of the calling thread, as errno is; and the code that goes with it. Never
 * holds content of a tip, as no `struct err` does.
 */
#ifndef TIPLINE_PRODUCERS_SDK_LAST_ERROR_H
#define TIPLINE_PRODUCERS_SDK_LAST_ERROR_H

#include "ops/runtime/err.h"

/* Keeps what went wrong, its reason in front; returns the TIPLINE_E… code of its kind. */
int last_error_set(const struct err *err);
/* Keeps a sentence; returns `code`. */
int last_error_say(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
