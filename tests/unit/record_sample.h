/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_sample: a record with everything in it, for the tests of both codecs and of the store. Memory: the arena's.
 */
#ifndef TIPLINE_TESTS_UNIT_RECORD_SAMPLE_H
#define TIPLINE_TESTS_UNIT_RECORD_SAMPLE_H

#include <string.h>

#include "schema/record.h"

#define SAMPLE_TOKENS 300

static inline void sample_bytes(uint8_t *out, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(seed * 31 + i * 7 + 1);
}

static inline void sample_classification(struct record *r)
{
	struct classification *c = &r->classification;

	c->n_labels = 2;
	c->labels[0] = (struct label){ CORRUPTION, slice_of(NULL, 0), 0.75f };
	c->labels[1] = (struct label){ CORRUPTION, slice_str("bribery"), 0.1f };
	c->risk = 0.3333333f;
	c->out_of_scope = 1e-7f;
	c->refer_to = slice_str("101");
	c->n_evidence = 2;
	c->evidence[0] = (struct evidence){ slice_str("corruption/bribery/envelope"), 3, 11 };
	c->evidence[1] = (struct evidence){ slice_str("risk/now \"quoted\" caf\xc3\xa9"), 70000, 70000 };
	sample_bytes(c->lexicon_hash, HASH_BYTES, 5);
}

static inline void sample_tokens(struct record *r, struct arena *arena)
{
	r->tokens.items = arena_alloc(arena, SAMPLE_TOKENS * sizeof(struct token));
	for (size_t i = 0; i < SAMPLE_TOKENS; i++) {
		r->tokens.items[i].class = (uint8_t)(i < 200 ? TOKEN_WORD : i < 290 ? TOKEN_BIGRAM : TOKEN_HANDLE);
		r->tokens.items[i].mac = (uint64_t)i * 0x00123456789abcdfu;
	}
	r->tokens.n = SAMPLE_TOKENS;
	r->tokens.cut = true;
	r->tokens.key_check = 0x8123456789abcdef;
}

static inline void sample_links(struct record *r)
{
	r->n_links = 2;
	sample_bytes(r->case_id.bytes, TIP_ID_BYTES, 9);
	sample_bytes(r->links[0].tip_id.bytes, TIP_ID_BYTES, 10);
	r->links[0].score = 0.9f;
	r->links[0].reasons = LINK_WORDS | LINK_DATE | LINK_HANDLE;
	r->links[0].strong = true;
	sample_bytes(r->links[1].tip_id.bytes, TIP_ID_BYTES, 11);
	r->links[1].score = 1.0f;
}

static inline void sample_routing(struct record *r)
{
	r->routing.outcome = OUTCOME_SAFEGUARD;
	r->routing.priority = PRIORITY_HIGH;
	r->routing.conflict = true;
	r->routing.n_teams = 2;
	r->routing.teams[0] = slice_str("safeguarding");
	r->routing.teams[1] = slice_str("domestic-abuse");
	r->routing.rule = slice_str("root/risk/high");
	sample_bytes(r->routing.policy_hash, HASH_BYTES, 6);
}

/* `parts`: bits of enum record_part. Body and tokens are there unless it is routed. */
static inline void sample_record(struct record *r, uint32_t parts, unsigned int number, struct arena *arena)
{
	uint8_t contact[200], sealed[300];

	memset(r, 0, sizeof(*r));
	sample_bytes(r->tip_id.bytes, TIP_ID_BYTES, number);
	r->tip_id.bytes[0] = (uint8_t)(number >> 24);
	r->tip_id.bytes[1] = (uint8_t)(number >> 16);
	r->tip_id.bytes[2] = (uint8_t)(number >> 8);
	r->tip_id.bytes[3] = (uint8_t)number;
	r->day = 20400;
	r->adapter = 513;
	r->channel = CHANNEL_PHONE;
	r->parts = parts;
	sample_bytes(r->digest, DIGEST_BYTES, 3);
	sample_bytes(contact, sizeof(contact), 4);
	r->contact = slice_of(arena_copy(arena, contact, sizeof(contact)), sizeof(contact));
	r->steps[r->n_steps++] = (struct record_step){ slice_str("classify"), slice_str("0.1.0"), 20401, "\1\2\3\4\5\6\7" };
	if (parts & RECORD_LINKED)
		r->steps[r->n_steps++] = (struct record_step){ slice_str("dedupe"), slice_str("0.1.0"), 20402, "" };
	if (parts & RECORD_CLASSIFIED)
		sample_classification(r);
	if (parts & RECORD_LINKED)
		sample_links(r);
	if (parts & RECORD_ROUTED) {
		sample_routing(r);
		sample_bytes(sealed, sizeof(sealed), 8);
		r->sealed_case = slice_of(arena_copy(arena, sealed, sizeof(sealed)), sizeof(sealed));
		return;
	}
	r->body = slice_str("{\"narrative\":\"He takes \\\"drinks\\\" money.\\nEvery week.\",\"channel\":\"phone\"}");
	if (parts & RECORD_CLASSIFIED)
		sample_tokens(r, arena);
}

#endif
