/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: a program's configuration, read from one YAML file against tables of keys.
 *
 * A row names a dotted key ("kafka.brokers" is `brokers:` under `kafka:`), its type, default, range and help; the
 * help text, the manual page and `--check` come from the same rows. When two tables have a row of the same name, the
 * first counts. A part of a name may be `*`: "teams.*.recipient" admits any name there (conf_names lists them).
 * Unknown keys, wrong types, values out of range, duplicates and missing required keys are errors that name file and
 * line. Relative paths are relative to the folder of the file. Immutable after loading, so any thread may read it;
 * strings live until conf_free.
 */
#ifndef TIPLINE_OPS_RUNTIME_CONF_H
#define TIPLINE_OPS_RUNTIME_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"

enum conf_type {
	CONF_STRING,
	CONF_BOOL,
	CONF_INT,      /* min..max */
	CONF_SIZE,     /* bytes; 64k, 1m, 2g; min..max in bytes */
	CONF_DURATION, /* 250ms, 5s, 10m, 2h, 30d; min..max and the value in milliseconds */
	CONF_NUMBER,   /* a decimal fraction; min..max */
	CONF_PATH,     /* a file or folder that need not exist */
	CONF_FILE,     /* a file that must be readable */
	CONF_SECRET,   /* a file that must be readable, and by its owner alone: others are refused */
	CONF_DIR,      /* a folder that must exist */
	CONF_ADDRESS,  /* host:port; port 0 lets the system choose */
	CONF_CHOICE,   /* one of `choices`, separated by '|' */
	CONF_LIST      /* of strings; of host:port each when `choices` is CONF_ADDRESSES */
};

#define CONF_ADDRESSES "host:port"

struct conf_key {
	const char *name;
	enum conf_type type;
	const char *def;     /* as it would be written in the file; NULL: required; "": absent is allowed */
	double min, max;     /* both 0: no range */
	const char *choices;
	const char *help;
};

#define CONF_KEYS_END { NULL, CONF_STRING, NULL, 0, 0, NULL, NULL }

struct conf;

/* `tables`: NULL-ended array of tables, each ended by CONF_KEYS_END. */
int conf_load(struct conf **out, const char *path, const struct conf_key *const tables[], struct err *err)
	__attribute__((warn_unused_result));
int conf_parse(struct conf **out, const char *name, const char *text, const struct conf_key *const tables[],
	       struct err *err) __attribute__((warn_unused_result));
void conf_free(struct conf *conf);

/* A key that is in no table is a BUG(). */
const char *conf_str(const struct conf *conf, const char *key); /* "" when absent */
bool conf_bool(const struct conf *conf, const char *key);
int64_t conf_int(const struct conf *conf, const char *key); /* INT, SIZE, DURATION */
double conf_number(const struct conf *conf, const char *key);
size_t conf_list(const struct conf *conf, const char *key, const char *const **items);
bool conf_given(const struct conf *conf, const char *key); /* written in the file, as against a default */

/* Names that stand for the `*` of "teams.*", in the file's order. Returns their number. */
size_t conf_names(const struct conf *conf, const char *prefix, const char *const **names);
/* The file and line where a key stands, for a program's own complaints: "file:line". Static text never; borrowed. */
const char *conf_where(const struct conf *conf, const char *key);
/* The SHA-less identity of a configuration: 16 hex digits of FNV-1a over its normalised keys and values. */
const char *conf_hash(const struct conf *conf);

/* The tables as text for --help and as roff for the manual page. */
void conf_describe(const struct conf_key *const tables[], struct buf *out);
void conf_describe_roff(const struct conf_key *const tables[], struct buf *out);
/*
 * A file to begin with: what is required has the value FILL-IN, and what is not is a comment, `#key: default`, so that
 * taking the `#` away is all it takes; `N` stands for any name.
 */
void conf_example(const struct conf_key *const tables[], struct buf *out);

#endif
