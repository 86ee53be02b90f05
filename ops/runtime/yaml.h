/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: a read-only tree of a YAML 1.2 file, with the line of every node, on libfyaml. Configuration, lexicon, policy
 * and staff registers are all read through it, so that all say "file:line: what is wrong" alike.
 *
 * Duplicate keys, anchors and aliases, several documents in a file, and files over 4 MiB are refused. Nodes and
 * strings live until yaml_free. Not thread safe.
 */
#ifndef TIPLINE_OPS_RUNTIME_YAML_H
#define TIPLINE_OPS_RUNTIME_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/err.h"

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml;
struct yaml_node;

int yaml_load(struct yaml **out, const char *path, struct err *err) __attribute__((warn_unused_result));
/* `name` stands for the file in messages. */
int yaml_parse(struct yaml **out, const char *name, const char *text, size_t len, struct err *err)
	__attribute__((warn_unused_result));
void yaml_free(struct yaml *yaml);

const struct yaml_node *yaml_root(const struct yaml *yaml); /* NULL for an empty document */
enum yaml_kind yaml_kind(const struct yaml_node *node);
int yaml_line(const struct yaml_node *node); /* from 1 */
/* The line of the key whose value `node` is, where a missing or unknown key is best shown; else its own line. */
int yaml_key_line(const struct yaml_node *node);
const char *yaml_file(const struct yaml_node *node);

const char *yaml_scalar(const struct yaml_node *node); /* NULL when not a scalar */
/* A plain (unquoted) scalar, as against a quoted one: numbers and booleans are plain. */
bool yaml_is_plain(const struct yaml_node *node);

size_t yaml_count(const struct yaml_node *node); /* entries of a map or a list, 0 for a scalar */
const struct yaml_node *yaml_at(const struct yaml_node *node, size_t i);    /* value of the i-th entry */
const char *yaml_key_at(const struct yaml_node *map, size_t i);
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key); /* NULL when absent */

/* Typed reads; the error names file and line. */
int yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *out, struct err *err);
int yaml_double(const struct yaml_node *node, double min, double max, double *out, struct err *err);
int yaml_bool(const struct yaml_node *node, bool *out, struct err *err);
/* ERR_CONFIG with "file:line: " in front; returns -1. */
int yaml_error(const struct yaml_node *node, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Refuses keys of `map` that are not in `allowed` (NULL ended), naming the nearest allowed one. */
int yaml_only_keys(const struct yaml_node *map, const char *const allowed[], struct err *err);

#endif
