/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: what dedupe keeps of a tip as bytes: in link.index, from which another machine rebuilds the index, and in
 * the index's own columns.
 *
 *     entry    u8 version = 1 | u32 day | case id[16] | tokens
 *     tokens   u8 number of classes | for each class: u16 count, then its MACs (u64), ascending
 *     links    for each: tip id[16] | u32 score in millionths | u8 reasons | u8 strong
 *
 * Big endian. Reading is strict: left-over bytes, counts over the limits, unsorted or repeated MACs, and scores,
 * reasons or flags out of range are RECORD_SHAPE.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_ENTRY_H
#define TIPLINE_WORKERS_DEDUPE_ENTRY_H

#include "schema/record.h"

#define ENTRY_VERSION 1

struct entry {
	uint32_t day;
	struct tip_id case_id;
	struct token_list tokens;
};

void entry_encode(struct buf *out, const struct entry *entry);
/* Tokens lie in the arena. */
int entry_decode(struct entry *entry, struct slice bytes, struct arena *arena, struct err *err);

/* `tokens` must be sorted, as every token_list is. */
void entry_tokens_encode(struct buf *out, const struct token_list *tokens);
int entry_tokens_decode(struct token_list *tokens, struct slice bytes, struct arena *arena, struct err *err);

void entry_links_encode(struct buf *out, const struct link *links, size_t n);
int entry_links_decode(struct link links[LINKS_MAX], size_t *n, struct slice bytes, struct err *err);

/* A score as it survives being written: what dedupe emits is rounded so that an answer from the index is the same. */
float entry_score(float score);

#endif
