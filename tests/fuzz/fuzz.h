/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what every fuzz target shares. A target is one file with LLVMFuzzerTestOneInput; beyond not crashing it holds
 * what the module promises (FUZZ_HOLDS): what is read and written again is the same, what is refused says why in
 * words, nothing outside the input is looked at.
 *
 * Targets that need more than one value out of the input take them from the front with fuzz_byte and its like, which
 * give zeros when it is used up. Memory a target keeps between runs (keys, a lexicon) is made once, at the first.
 */
#ifndef TIPLINE_TESTS_FUZZ_FUZZ_H
#define TIPLINE_TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/reason.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_HOLDS(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* Takes `n` bytes, or what is left, off the front of the input. */
static inline struct slice fuzz_bytes(struct slice *input, size_t n)
{
	const struct slice taken = slice_of(input->data, n < input->len ? n : input->len);

	*input = slice_of(input->data + taken.len, input->len - taken.len);
	return taken;
}

/* A big-endian number of `n` bytes. */
static inline uint64_t fuzz_number(struct slice *input, size_t n)
{
	const struct slice bytes = fuzz_bytes(input, n);
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (i < bytes.len ? bytes.data[i] : 0);
	return v;
}

static inline uint8_t fuzz_byte(struct slice *input)
{
	return (uint8_t)fuzz_number(input, 1);
}

/* Some bytes: their number comes first, in two bytes. */
static inline struct slice fuzz_string(struct slice *input)
{
	return fuzz_bytes(input, (size_t)fuzz_number(input, 2));
}

/* A text with a NUL behind it, to be freed. The address sanitizer sees the first byte read beyond it. */
static inline char *fuzz_text(struct slice input)
{
	char *text = mem_alloc(input.len + 1);

	if (input.len)
		memcpy(text, input.data, input.len);
	return text;
}

static inline bool fuzz_is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* Of configuration and key files: something is said. It may quote the file; what prints it escapes (log_fuzz.c). */
static inline void fuzz_error_holds(const struct err *err)
{
	FUZZ_HOLDS(err->kind != ERR_NONE && err->kind != ERR_BUG);
	FUZZ_HOLDS(err->text[0] != '\0');
}

/* Of tips and records: a code that operators know, and not a word of what was in them. */
static inline void fuzz_refusal_holds(const struct err *err)
{
	fuzz_error_holds(err);
	FUZZ_HOLDS(err->kind == ERR_DATA);
	FUZZ_HOLDS(err->reason && reason_find(err->reason, strlen(err->reason)));
	FUZZ_HOLDS(fuzz_is_ascii(err->text));
}

static inline void fuzz_success_holds(const struct err *err)
{
	FUZZ_HOLDS(err->kind == ERR_NONE && err->reason == NULL && err->text[0] == '\0');
}

/* A place of the input that depends on all of it: for faults that the target puts in itself. */
static inline size_t fuzz_hash(struct slice input)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325);

	for (size_t i = 0; i < input.len; i++)
		hash = (hash ^ input.data[i]) * UINT64_C(0x100000001B3);
	return (size_t)(hash ^ hash >> 32);
}

#endif
