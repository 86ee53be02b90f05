/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirmation: what an operator signs with his own key before something is done that cannot be undone. Two of two
 * operators are needed to destroy keys.
 *
 * Ed25519 over "tipline/confirmation/v1" || 0 || statement. The statement is text that says everything: what is to be
 * done, to which keys by their fingerprints, and on which day it was signed. A file of one is three lines:
 *
 *     the operator's name
 *     destroy epoch 1: triage 1 0123456789abcdef, recovery 1 …; 2026-11-28
 *     128 hex digits, the signature
 */
#ifndef TIPLINE_SCHEMA_CONFIRMATION_H
#define TIPLINE_SCHEMA_CONFIRMATION_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/frame.h"

#define CONFIRMATION_FILE_MAX 4096

struct confirmation {
	struct slice operator_name, statement; /* borrowed from the file's text */
	uint8_t signature[FRAME_SIGNATURE_BYTES];
};

/* Appends the file. */
void confirmation_write(struct buf *out, const char *operator_name, const char *statement,
			const uint8_t secret[FRAME_SIGN_SECRET]);
/* Reads a file's text, strictly. */
int confirmation_parse(struct confirmation *confirmation, const char *name, struct slice text, struct err *err);
int confirmation_verify(const struct confirmation *confirmation, const uint8_t public_key[FRAME_SIGN_PUBLIC],
			struct err *err);

#endif
