/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason: the stable codes that say why a record was parked or refused. One table; codes are never reused or renamed,
 * since operators' alerts and partners' adapters refer to them.
 */
#ifndef TIPLINE_SCHEMA_REASON_H
#define TIPLINE_SCHEMA_REASON_H

#include <stddef.h>

/* X(symbol, code, what it means, what to do about it) */
#define REASON_TABLE(X) \
	X(FRAME_SHORT, "frame-short", "the frame ends before its own lengths say", "ask the adapter's owner") \
	X(FRAME_MAGIC, "frame-magic", "not a TPF1 frame", "ask the adapter's owner") \
	X(FRAME_VERSION, "frame-version", "a frame version or suite this release does not know", "upgrade, then replay") \
	X(FRAME_LENGTHS, "frame-lengths", "lengths inside the frame do not add up", "ask the adapter's owner") \
	X(FRAME_SIGNATURE, "frame-signature", "the adapter's signature does not hold", "suspect tampering") \
	X(ADAPTER_UNKNOWN, "adapter-unknown", "signed by an adapter that is not on the list, or revoked there", \
	  "if its tips may be trusted, put it on classify's adapter list (keys.adapters) without `revoked`, replay, and " \
	  "revoke it again; else discard") \
	X(CHANNEL_FORBIDDEN, "channel-forbidden", "the adapter may not use this channel", \
	  "if it may, add it to the adapter's channels in classify's adapter list (keys.adapters), then replay") \
	X(ID_MISMATCH, "id-mismatch", "the sealed tip id is not the frame's", "suspect tampering") \
	X(ID_CONFLICT, "id-conflict", "another tip with this id and other content came before", \
	  "compare both, then decide") \
	X(AGE_HEADER, "age-header", "the age header is malformed", "ask the adapter's owner") \
	X(AGE_MAC, "age-mac", "the age header's MAC does not hold", "suspect tampering") \
	X(AGE_PAYLOAD, "age-payload", "the age payload is damaged or cut", "suspect tampering") \
	X(AGE_ARMOUR, "age-armour", "the text form of an age file is malformed", "ask whoever made the file") \
	X(KEY_UNKNOWN, "key-unknown", "sealed to a key that is not here", \
	  "put that epoch's triage identity back where keys.triage of classify names; a retired one lies in retired/ of " \
	  "the keys folder. `tipctl parked release` or replay lets the tips go on; if it was destroyed, or `tipctl keys " \
	  "check` misses none, so that the tips are sealed to nobody's, discard them") \
	X(BODY_PADDING, "body-padding", "the sealed body's size or padding is wrong", "ask the adapter's owner") \
	X(BODY_VERSION, "body-version", "a body version this release does not know", "upgrade, then replay") \
	X(JSON_SYNTAX, "json-syntax", "the tip is not valid JSON", "ask the adapter's owner") \
	X(JSON_UTF8, "json-utf8", "the tip is not valid UTF-8", "ask the adapter's owner") \
	X(JSON_DEPTH, "json-depth", "the tip's JSON is nested too deeply", "ask the adapter's owner") \
	X(JSON_SIZE, "json-size", "the tip's JSON has too many values", "ask the adapter's owner") \
	X(JSON_DUPLICATE, "json-duplicate-key", "a key occurs twice in one JSON object", "ask the adapter's owner") \
	X(TIP_INVALID, "tip-invalid", "the tip does not follow the schema", "ask the adapter's owner") \
	X(RECORD_NULL, "record-null", "a Kafka record without a value", "find out who wrote it") \
	X(RECORD_HEADERS, "record-headers", "a Kafka record without the headers it must have", "find out who wrote it") \
	X(RECORD_KEY, "record-key", "the bus key's epoch is not here", \
	  "put that epoch's bus key back where keys.bus of the stage names; a retired one lies in retired/ of the keys " \
	  "folder. `tipctl parked release` or replay lets the records go on; if it was destroyed, discard them") \
	X(RECORD_SEAL, "record-seal", "the record does not open under the bus key", \
	  "compare the bus keys (`tipctl config check`); if they are right, suspect tampering") \
	X(RECORD_SHAPE, "record-shape", "the opened record is malformed", "a bug: report it") \
	X(TEAM_UNKNOWN, "team-unknown", "the policy names a team without a recipient", "correct the policy, then replay") \
	X(TOO_LARGE, "too-large", "larger than anything tipline sends", "ask the adapter's owner") \
	X(POISON, "poison", "the record ended the worker several times", "a bug: report it") \
	X(STAGE_REFUSED, "stage-refused", "the stage gave up on the record", "see the stage's log")

#define REASON_DECLARE(symbol, code, means, todo) extern const char REASON_##symbol[];
REASON_TABLE(REASON_DECLARE)
#undef REASON_DECLARE

struct reason {
	const char *code, *means, *todo;
};

extern const struct reason reasons[];
extern const size_t n_reasons;
const struct reason *reason_find(const char *code, size_t len); /* NULL when unknown */

#endif
