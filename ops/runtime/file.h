/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: a whole file of configuration, lexicon, policy, register or public key in memory. Secret files are read by
 * schema/keys.h, which also asks who may read them.
 */
#ifndef TIPLINE_OPS_RUNTIME_FILE_H
#define TIPLINE_OPS_RUNTIME_FILE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

/*
 * Appends the file's bytes to `out`; -1 with ERR_CONFIG, naming the file, when it cannot be opened or read, is no file,
 * or is larger than `max` bytes. `out` is then as it was.
 */
int file_read(struct buf *out, const char *path, size_t max, struct err *err);

#endif
