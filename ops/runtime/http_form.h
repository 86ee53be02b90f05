/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_form: what a browser posts of a plain form, application/x-www-form-urlencoded, pair by pair, as the URL standard
 * parses it (url.spec.whatwg.org, 5.1): pairs stand between &, the first = ends the name, + is a space, %XX a byte; a %
 * without two hex digits stands for itself. Nothing is an error. Names and values are bytes: that they are UTF-8, and
 * without NUL, is the caller's to check; that a name comes once too.
 */
#ifndef TIPLINE_OPS_RUNTIME_HTTP_FORM_H
#define TIPLINE_OPS_RUNTIME_HTTP_FORM_H

#include "ops/runtime/buf.h"

/* 1: a pair, taken off the front of `rest`; 0: there are no more. What was in the buffers is wiped first. */
int http_form_next(struct slice *rest, struct buf *name, struct buf *value);

#endif
