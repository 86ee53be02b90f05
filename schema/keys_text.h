/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_text: what the files that implement keys.h share. Nobody else includes this.
 */
#ifndef TIPLINE_SCHEMA_KEYS_TEXT_H
#define TIPLINE_SCHEMA_KEYS_TEXT_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

/* Behind the name of a file that is being written; six letters or digits in place of the X. */
#define KEYS_TEMPORARY ".new-XXXXXX"

/* Takes the next line of `rest` that is neither empty nor a comment; false when there is none. */
bool key_line_next(struct slice *rest, struct slice *line);
/* "; it looks like …" where a line is a key of another kind, by how it begins; or "". Never shows any of it. */
const char *key_kind_hint(struct slice line);
/* A whole file that anyone may read, of less than 4 KiB. */
int keys_read_public(struct buf *out, const char *path, struct err *err);
/* Makes a new name in the folder that holds `path` survive a power cut. */
int keys_sync_parent(const char *path, struct err *err);

#endif
