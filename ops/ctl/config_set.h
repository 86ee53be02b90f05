/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_set: the configuration files that `config check` looks at together, and what it finds.
 *
 * Which program a file is for: an `adapter:` makes it an adapter's, checked by tip-submit, whatever its name; else its
 * name (route.yaml, tipline-route.yaml), else a line "# program: NAME" among its first comments. A file that is none of
 * these is left alone when it only lay in the folder, and is a finding when it was named.
 */
#ifndef TIPLINE_OPS_CTL_CONFIG_SET_H
#define TIPLINE_OPS_CTL_CONFIG_SET_H

#include <jansson.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/yaml.h"

#define CONFIG_FILES_MAX 256

struct config_file {
	char *path;          /* owned */
	const char *program; /* "tipline-route", "tip-submit" for any adapter; static */
	struct yaml *yaml;   /* owned */
};

struct config_set {
	struct config_file files[CONFIG_FILES_MAX];
	size_t n;
	json_t *findings, *ignored; /* owned */
};

void config_set_init(struct config_set *set);
void config_set_release(struct config_set *set);
/* A file, or all *.yaml files of a folder in the order of their names. -1 when the path cannot be read. */
int config_set_add(struct config_set *set, const char *path, struct err *err);

/* `line` 0: of no line. */
void config_finding(struct config_set *set, const char *file, int line, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The same of the line where `node` stands. */
#define config_finding_at(set, node, todo, ...) \
	config_finding(set, yaml_file(node), yaml_line(node), todo, __VA_ARGS__)

/* The value of a dotted key; NULL when absent. */
const struct yaml_node *config_get(const struct config_file *file, const char *key);
/* A scalar that is a path, as the program would resolve it: relative to the file. Empty when absent. */
const char *config_path(const struct config_file *file, const struct yaml_node *node, struct buf *out);
/* The first file of a program; NULL when there is none. */
const struct config_file *config_of(const struct config_set *set, const char *program);

/* Each program's own --check. */
void config_check_own(struct config_set *set);
/* Brokers, addresses and paths, across files. */
void config_check_places(struct config_set *set);
/* Keys that belong together, across files. A key that cannot be read is the own check's finding, not one here. */
void config_check_keys(struct config_set *set);
void config_check_adapters(struct config_set *set);

#endif
