/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip1: the header of TIP/1, the protocol between an adapter and the gateway, and the table of its codes. Integers
 * are big-endian.
 *
 *     0 "TIP1" | 4 type u8 | 5 flags u8 | 6 code u16 | 8 seq u64 | 16 msg id[16] | 32 limit u64 | 40 arg u32 |
 *     44 reserved u32
 *
 * A message is this header and, for some types, a second part:
 *     HELLO    A→G  msg id = the adapter's instance; payload JSON {proto, spool_depth}
 *     WELCOME  G→A  msg id = the gateway's boot; limit; arg = acknowledgement timeout in ms; payload JSON {proto,
 *                   max_frame, ping_ms, recipients}; recipients is the signed list (schema/recipients.h) as an object.
 *                   Also sent when the session stands and the list was renewed: nothing of the session changes
 *     SUBMIT   A→G  seq; msg id = tip id; payload = frame TPF1
 *     ACK      G→A  seq, msg id of the SUBMIT; code STORED or DUPLICATE; limit
 *     NACK     G→A  seq, msg id of the message; code; arg = retry in ms; limit
 *     CREDIT   G→A  limit
 *     PING, PONG    seq is echoed; PONG carries limit
 *     GOAWAY   G→A  arg = retry in ms;   BYE  A→G
 * Credit is cumulative: an adapter may send the SUBMIT of number seq while seq <= the highest limit it has seen; seq
 * starts again at 1 with each HELLO. Flags and reserved are sent as 0 and ignored when received.
 *
 * An adapter submits to no gateway whose list it refuses: its tips stay in its spool, and it comes again later. One
 * that is welcomed a second time takes the newer list from then on. Adapters of an older release pass a second WELCOME
 * over.
 *
 * What a NACK asks of the adapter depends on its code alone. HELLO_FIRST and OVER_CREDIT stand among
 * the codes that refuse a message, but they say that the two sides disagree about the session (the gateway was
 * restarted behind an open connection), not that the tip is bad: the session begins anew and the tip is sent again.
 */
#ifndef TIPLINE_SCHEMA_TIP1_H
#define TIPLINE_SCHEMA_TIP1_H

#include "ops/runtime/buf.h"
#include "schema/tip_id.h"

#define TIP1_HEAD 48
#define TIP1_PROTO 1
#define TIP1_PAYLOAD_JSON_MAX 16384 /* of HELLO and WELCOME */

enum tip1_type {
	TIP1_HELLO = 0x01,
	TIP1_SUBMIT = 0x02,
	TIP1_PING = 0x05,
	TIP1_BYE = 0x07,
	TIP1_WELCOME = 0x81,
	TIP1_ACK = 0x82,
	TIP1_NACK = 0x83,
	TIP1_CREDIT = 0x84,
	TIP1_PONG = 0x85,
	TIP1_GOAWAY = 0x86
};

enum tip1_code {
	TIP1_STORED = 0,
	TIP1_DUPLICATE = 1,
	TIP1_BAD_FRAME = 100,
	TIP1_VERSION = 101,
	TIP1_HELLO_FIRST = 102,
	TIP1_TOO_LARGE = 103,
	TIP1_OVER_CREDIT = 104,
	TIP1_SEAL_KEY_UNKNOWN = 105,
	TIP1_ID_CONFLICT = 106,
	TIP1_BUSY = 200,
	TIP1_BROKER_DOWN = 201,
	TIP1_DRAINING = 202,
	TIP1_REVOKED = 300,
	TIP1_CHANNEL_FORBIDDEN = 301,
	TIP1_INTERNAL = 500
};

enum tip1_action {
	TIP1_DONE,       /* acknowledged */
	TIP1_QUARANTINE, /* never again: keep it aside and say so */
	TIP1_RETRY,      /* after `arg` ms */
	TIP1_RESTART,    /* HELLO again, then send again */
	TIP1_STOP        /* send nothing more until a person has looked */
};

struct tip1_code_info {
	uint16_t code;
	enum tip1_action action;
	const char *word; /* stable, lower case, static */
	const char *todo; /* of one that keeps a tip aside: what the adapter's owner looks at; else NULL */
};

/* Codes of a later release follow their hundred: 1xx quarantine, 2xx retry, 3xx stop, anything else retry. */
const struct tip1_code_info *tip1_code_find(uint16_t code); /* never NULL */

struct tip1 {
	uint8_t type, flags;
	uint16_t code;
	uint64_t seq;
	struct tip_id msg_id;
	uint64_t limit;
	uint32_t arg;
};

void tip1_encode(uint8_t out[TIP1_HEAD], const struct tip1 *head);
/* -1 unless `bytes` is exactly a header; the type may be one this release does not know. */
int tip1_decode(struct tip1 *head, struct slice bytes);
const char *tip1_type_name(uint8_t type); /* "hello" …, "unknown" */

#endif
