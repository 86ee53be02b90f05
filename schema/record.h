/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what travels between stages: the tip's body as opaque bytes and what each stage has added. CBOR (RFC 8949)
 * in the shape of schema/record.cddl, deterministic, read without copying; JSON for --try and replay tests.
 *
 * A decoded record borrows from the bytes it was decoded from and from the arena. Decoding is strict: unknown keys,
 * wrong types, left-over bytes and counts over the limits are RECORD_SHAPE.
 * In case.routed the body and the tokens are absent: the sink must not be able to see them. So both encoders leave them
 * out of a record with RECORD_ROUTED, whatever stands in the struct, and a routed record that has them is refused.
 * Scores and risk are 0 to 1 and never minus 0 (which is encoded as 0), names have no control characters, team names
 * are of a-z, 0-9 and '-'; else RECORD_SHAPE where it is decoded.
 */
#ifndef TIPLINE_SCHEMA_RECORD_H
#define TIPLINE_SCHEMA_RECORD_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/taxonomy.h"
#include "schema/tip_id.h"
#include "schema/token.h"

#define RECORD_VERSION 1
#define DIGEST_BYTES 16
#define HASH_BYTES 32
#define LABELS_MAX 32
#define EVIDENCE_MAX 64
#define LINKS_MAX 16
#define TEAMS_MAX 8
#define TEAM_NAME_MAX 32
#define STEPS_MAX 8
#define CONFIGURATION_BYTES 8

struct label { /* one category or one sub-code of it */
	uint8_t category;
	struct slice subcode; /* empty: the category itself */
	float score;          /* 0 to 1 */
};

struct evidence { /* a place in the narrative, in bytes */
	struct slice rule; /* the lexicon entry's name */
	uint32_t start, end;
};

struct classification {
	struct label labels[LABELS_MAX];
	size_t n_labels;
	float risk;            /* 0 to 1: someone is likely at risk now */
	float out_of_scope;    /* 0 to 1 */
	struct slice refer_to; /* where an out-of-scope tip belongs: "999", "101", "iopc" … or empty */
	struct evidence evidence[EVIDENCE_MAX];
	size_t n_evidence;
	uint8_t lexicon_hash[HASH_BYTES];
};

enum link_reason { /* bits */
	LINK_WORDS = 1, LINK_NAME = 2, LINK_NUMBER = 4, LINK_DATE = 8, LINK_PLACE = 16, LINK_HANDLE = 32
};

struct link {
	struct tip_id tip_id; /* the earlier tip */
	float score;          /* 0 to 1 */
	uint32_t reasons;
	bool strong;          /* joins the case; a weak one is a suggestion */
};

struct routing {
	uint8_t outcome, priority;
	bool conflict;                /* went to oversight because a team's member is named */
	struct slice teams[TEAMS_MAX];
	size_t n_teams;
	struct slice rule;            /* path of the policy rule that decided, "root/risk/…" */
	uint8_t policy_hash[HASH_BYTES];
};

struct record_step { /* a stage that the tip has passed, and as what it ran then */
	struct slice stage, version;
	uint32_t day; /* on which it passed: days since 1970-01-01 */
	uint8_t configuration[CONFIGURATION_BYTES]; /* conf_hash of what it was configured with */
};

enum record_part { RECORD_CLASSIFIED = 1, RECORD_LINKED = 2, RECORD_ROUTED = 4 };

struct record {
	struct tip_id tip_id;
	uint32_t day;             /* the gateway's day: the one clear time */
	uint16_t adapter;
	uint8_t channel;
	uint32_t parts;           /* bits of enum record_part: which of the following are there */
	struct slice body;        /* the tip's JSON; empty in case.routed */
	struct slice contact;     /* age file for the custodian; passed through */
	uint8_t digest[DIGEST_BYTES]; /* keyed, over the body: tells a retry from a conflict */
	struct classification classification;
	struct token_list tokens; /* empty in case.routed */
	struct tip_id case_id;
	struct link links[LINKS_MAX];
	size_t n_links;
	struct routing routing;
	struct slice sealed_case; /* age file for the teams in routing.teams */
	struct record_step steps[STEPS_MAX]; /* in the order passed; the skeleton adds its own (workers/stage/emit.h) */
	size_t n_steps;
};

void record_encode(struct buf *out, const struct record *record);
int record_decode(struct record *record, struct slice cbor, struct arena *arena, struct err *err);

/* One line of JSON without a newline; binary members as hex or base64; the body as a JSON object in place. */
void record_to_json(struct buf *out, const struct record *record);
int record_from_json(struct record *record, struct slice json, struct arena *arena, struct err *err);

#endif
