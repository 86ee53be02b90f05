/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_tree: how the conf*.c files hold a configuration. All of it but the rows and the array of values lies in the
 * arena of its `struct conf`.
 */
#ifndef TIPLINE_OPS_RUNTIME_CONF_TREE_H
#define TIPLINE_OPS_RUNTIME_CONF_TREE_H

#include "ops/runtime/conf.h"
#include "ops/runtime/yaml.h"

struct conf_value {
	const struct conf_key *row;
	const char *name;    /* the row's, with each `*` replaced */
	const char *where;   /* "file:line", or the file alone for a default */
	bool given;          /* written in the file */
	const char *written; /* as in the file or the default; "" when absent, and for a list */
	const char *text;    /* `written`, paths resolved */
	int64_t integer;     /* BOOL, INT, SIZE, DURATION */
	double number;
	const char **items;  /* LIST */
	size_t n_items;
};

/* The names that stand for the `*` after `prefix`. */
struct conf_group {
	const char *prefix;
	const char **names;
	size_t n_names;
	struct conf_group *next;
};

struct conf {
	struct arena *arena;
	const char *file, *folder;    /* folder: with its slash, or "" */
	const struct conf_key **rows; /* of all tables; the first of a name counts */
	size_t n_rows;
	struct conf_value *values;    /* sorted by name */
	size_t n_values, cap_values;
	struct conf_group *groups;
	char hash[17];
};

enum conf_match { CONF_MATCH_NONE, CONF_MATCH_PREFIX, CONF_MATCH_EXACT };

/* How a dotted name stands to a row's, whose parts may be `*`. */
enum conf_match conf_match(const char *pattern, const char *name);

/* The rows of all tables, without repeated names; an array of the caller's. Returns how many there are. */
size_t conf_rows(const struct conf_key *const tables[], const struct conf_key **rows, size_t max);

/* Fills in what `value->row->type` says from `node`, or from the row's default when `node` is NULL. */
int conf_value_read(struct conf *conf, struct conf_value *value, const struct yaml_node *node, struct err *err);

/* "time, 100ms to 10s; default 5s" */
void conf_describe_type(const struct conf_key *row, struct buf *out);

/* A limit or value of that type as one would write it in the file. */
void conf_quantity(enum conf_type type, double v, struct buf *out);

#endif
