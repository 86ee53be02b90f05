/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_tree: how yaml.c and yaml_read.c hold a tree. All of it lies in the arena of its `struct yaml`.
 */
#ifndef TIPLINE_OPS_RUNTIME_YAML_TREE_H
#define TIPLINE_OPS_RUNTIME_YAML_TREE_H

#include "ops/runtime/buf.h"
#include "ops/runtime/yaml.h"

struct yaml_node {
	enum yaml_kind kind;
	bool plain;
	int line, key_line;            /* key_line: of the key this node is the value of; else its own */
	const struct yaml *yaml;
	const char *text;              /* of a scalar */
	const char *key;               /* in a map */
	struct yaml_node *next;        /* the sibling after this one */
	size_t count;
	struct yaml_node **entries;    /* in the file's order */
	struct yaml_node **by_key;     /* of a map: sorted, for yaml_get */
};

struct yaml {
	char *name;
	struct arena *arena;
	struct yaml_node *root;
};

/* Reads `text` into yaml->root; on failure the caller frees `yaml`. */
int yaml_read(struct yaml *yaml, const char *text, size_t len, struct err *err);

#endif
