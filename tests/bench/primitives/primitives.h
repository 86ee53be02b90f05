/* SPDX-License-Identifier: Apache-2.0 */
/*
 * primitives: what the work on one tip costs that no pipeline of this kind can do without, measured by calling the
 * libraries themselves with the sizes of the run at hand. tests/bench/costs.py says which stage needs which of them.
 *
 * A primitive prepares once, then runs `n` operations as often as asked; only the runs are measured, in CPU time of the
 * whole process, so that what a library does on threads of its own counts and waiting does not. A primitive that cannot
 * run ends the program: there is nothing to measure then.
 */
#ifndef TIPLINE_TESTS_BENCH_PRIMITIVES_H
#define TIPLINE_TESTS_BENCH_PRIMITIVES_H

#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/buf.h"

#define RUNS 5

/* Bytes of one tip on each stretch of its way. */
enum bench_size { SIZE_FRAME, SIZE_CLASSIFIED, SIZE_LINKED, SIZE_INDEX, SIZE_ROUTED, SIZE_CASE, N_SIZES };

struct bench {
	const char *tips, *lexicon, *brokers, *folder;
	size_t sizes[N_SIZES];
	size_t few;         /* how many tips shared a batch at a steady rate */
	struct buf *bodies; /* the tips as JSON, without contact details */
	char **narratives;
	size_t n_bodies;
};

struct primitive {
	const char *name;
	const char *what;
	size_t n; /* operations in one run */
	int arg;  /* which of a family: a size, a shape, or rows in a transaction */
	/* Returns what `run` and `release` are handed. */
	void *(*prepare)(const struct bench *bench, int arg);
	void (*run)(void *state, size_t n);
	void (*release)(void *state);
	int runs; /* RUNS, or 1 where later runs would find the work done */
};

/* Each ends with a primitive without a name. */
extern const struct primitive seal_primitives[], transport_primitives[], text_primitives[], row_primitives[],
	kafka_primitives[];

/* Says what failed on standard error, and ends the program. */
_Noreturn void bench_fail(const char *what, const char *why);

#endif
