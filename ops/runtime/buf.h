/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes. `struct slice` borrows them, `struct buf` owns and grows them, `struct arena` owns many of them until
 * the end of a batch.
 *
 * Invariants: buf.data[buf.len] is a NUL that is not counted, so a buffer of text can be printed; a zeroed struct buf
 * is a valid empty one. An arena's memory is valid until arena_reset or arena_free and may hold tip content, so both
 * wipe it. Growing a buf wipes what it leaves behind. Every size that comes from outside has been capped before it
 * gets here.
 *
 * Out of memory
 * - What we ask for ourselves (mem_alloc, and all above it) is given, or the process aborts and says so: it is started
 *   again, and redelivery heals it. Libraries that take an allocator (Jansson) get mem_take, which does the same.
 * - What another library was refused is an error: ERR_SYSTEM, reason MEM_REFUSED, exit 71, and started again too.
 *   It is never ERR_DATA or ERR_CONFIG, which would park a good tip or keep a unit down for good. Where a library does
 *   not tell (libfyaml, Hyperscan), errno does.
 * - libtipline runs in other people's programs, which must live on. So each of its calls first puts a block aside that
 *   is larger than all it will ask for (mem_reserve); without one the call fails. When memory runs out under way, that
 *   block is given up and what was asked for is tried again.
 * tests/memory lets each allocation fail.
 */
#ifndef TIPLINE_OPS_RUNTIME_BUF_H
#define TIPLINE_OPS_RUNTIME_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct slice {
	const uint8_t *data;
	size_t len;
};

static inline struct slice slice_of(const void *data, size_t len)
{
	struct slice s = { data, len };
	return s;
}

struct slice slice_str(const char *text);
bool slice_equal(struct slice a, struct slice b);

struct buf {
	uint8_t *data;
	size_t len, cap;
};

#define BUF_INIT { NULL, 0, 0 }

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_slice(struct buf *buf, struct slice s);
void buf_append_str(struct buf *buf, const char *text);
void buf_append_byte(struct buf *buf, uint8_t byte);
void buf_append_be16(struct buf *buf, uint16_t v);
void buf_append_be32(struct buf *buf, uint32_t v);
void buf_append_be64(struct buf *buf, uint64_t v);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD; control characters are escaped. */
void buf_append_json(struct buf *buf, const char *text, size_t len);
/* Room for `len` more bytes, not yet counted; returns where they start. */
uint8_t *buf_reserve(struct buf *buf, size_t len);
struct slice buf_slice(const struct buf *buf);
const char *buf_text(const struct buf *buf); /* never NULL */
void buf_clear(struct buf *buf);   /* len 0, memory kept and wiped */
void buf_release(struct buf *buf); /* memory wiped and freed, back to BUF_INIT */

uint16_t be16_read(const uint8_t *p);
uint32_t be32_read(const uint8_t *p);
uint64_t be64_read(const uint8_t *p);

struct arena;

struct arena *arena_new(size_t first_block);
void *arena_alloc(struct arena *arena, size_t size); /* aligned to 16, zeroed, never NULL */
void *arena_copy(struct arena *arena, const void *data, size_t len);
char *arena_str(struct arena *arena, const char *data, size_t len); /* copy with a NUL added */
void arena_reset(struct arena *arena); /* wiped; the largest block stays for the next batch */
void arena_free(struct arena *arena);

/* Never NULL: out of memory aborts. */
void *mem_alloc(size_t size); /* zeroed */
void *mem_grow(void *old, size_t size);
void *mem_take(size_t size);  /* not zeroed */
char *mem_strdup(const char *text);

#define MEM_REFUSED "out-of-memory"
/* -1 and the error for what another library could not get; `doing`: what it was to do. */
int mem_refused(struct err *err, const char *doing);
/*
 * Of this thread: a block that is given up when an allocation of the thread's fails. -1 (MEM_REFUSED): not to be had.
 * Not nested; mem_unreserve ends it, used or not.
 */
int mem_reserve(size_t size, struct err *err);
void mem_unreserve(void);
/* As malloc, so NULL is possible; the reserve stands behind it. */
void *mem_ask(size_t size);
/* Wipes and cannot be optimised away. */
void mem_wipe(void *data, size_t len);
/*
 * Wipes what calls that have returned left on the stack below the caller: ciphers and parsers keep pieces of a text in
 * their frames. Deep: 256 KiB, for a thread of ours, after a batch; some 10 us. Shallow: 32 KiB, for a thread of
 * whoever calls the library, whose stack may be small; some 3 us.
 */
enum stack_depth { STACK_SHALLOW, STACK_DEEP };
void mem_wipe_stack(enum stack_depth depth);

#endif
