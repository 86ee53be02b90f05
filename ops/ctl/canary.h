/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary: one run of `tipctl canary search`: the markers, where was looked, what was found and what could not be
 * looked at.
 *
 * A place is a line of the report: a folder, a process, a daemon's answers. In it objects are looked through one after
 * the other: a file, a mapping of memory. A hit says its object, where in it, in which encoding and of which marker
 * by name: never what stands there, since around a marker a real tip may stand.
 */
#ifndef TIPLINE_OPS_CTL_CANARY_H
#define TIPLINE_OPS_CTL_CANARY_H

#include <jansson.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "ops/ctl/canary_search.h"
#include "ops/ctl/ctl.h"

#define MARKERS_MAX 1024

/* A YAML map, name: marker. `tipctl canary tip` writes one. */
struct canary_markers {
	char *names[MARKERS_MAX], *texts[MARKERS_MAX]; /* owned */
	size_t n;
	dev_t device; /* of the file itself, which holds them all and is passed over */
	ino_t inode;
};
int canary_markers_load(struct canary_markers *markers, const char *path, struct err *err);
void canary_markers_release(struct canary_markers *markers);

struct canary {
	const struct canary_markers *markers; /* borrowed */
	struct search *search;
	struct search_stream stream;
	json_t *places, *hits, *not_searched; /* owned; arrays of objects */
	size_t n_hits;                        /* all of them; not more than a bound are listed */
	char object[512];                     /* what is looked through now, as hits name it */
	/* of the place at hand */
	char place[512];
	const char *kind;
	uint64_t bytes;
	size_t objects, hits_here;
};
void canary_init(struct canary *canary, const struct canary_markers *markers);
void canary_release(struct canary *canary);
/* Every marker in every form is found in a buffer made for it; ERR_BUG when not. */
int canary_self_check(struct canary *canary, struct err *err);

void canary_place(struct canary *canary, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void canary_place_end(struct canary *canary);
/* A new object of the place; its bytes then go through canary_read, or through canary->stream and canary_took. */
void canary_object(struct canary *canary, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void canary_took(struct canary *canary, size_t n);
/* From a descriptor until its end, or up to `end`, which are the stream's counts too. -1 with errno. */
int canary_read(struct canary *canary, int fd);
int canary_pread(struct canary *canary, int fd, uint64_t at, uint64_t end);
void canary_not_searched(struct canary *canary, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A file, or a folder with all below it; names count too. Symbolic links are followed only where named. */
void canary_files(struct canary *canary, const char *path);
/* All files of the folder of `path` whose names begin with its own: a database with its -wal, -shm and -journal. */
void canary_siblings(struct canary *canary, const char *path);
void canary_standard_input(struct canary *canary);
/* /proc/PID/environ, cmdline, maps, the regular files it has open (deleted ones too) and its writable memory. */
void canary_process(struct canary *canary, pid_t pid);
/* Every process of a tipline daemon on this machine; how many there were. */
size_t canary_daemons(struct canary *canary);
/* What a daemon answers: /metrics, /status, /-/ready, /-/healthy and to a path that it does not have. */
void canary_http(struct canary *canary, const char *name, const char *address, long timeout_ms);
/* What the configurations in `folder` name: stores, indices, spools, suspects; addresses, which are asked. */
int canary_configured(struct canary *canary, const char *folder, long timeout_ms, struct err *err);

int ctl_canary_tip(struct ctl *ctl, struct ctl_output *out, struct err *err);
int ctl_canary_search(struct ctl *ctl, struct ctl_output *out, struct err *err);

#endif
