/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tip1.h"

#include <string.h>

static const uint8_t magic[4] = { 'T', 'I', 'P', '1' };

static const struct tip1_code_info codes[] = {
	{ TIP1_STORED, TIP1_DONE, "stored", NULL },
	{ TIP1_DUPLICATE, TIP1_DONE, "duplicate", NULL },
	{ TIP1_BAD_FRAME, TIP1_QUARANTINE, "bad-frame",
	  "the gateway cannot tell that this adapter signed it: keys.sign and adapter.id must be those that its list of"
	  " adapters has for the transport key keys.curve" },
	{ TIP1_VERSION, TIP1_QUARANTINE, "version",
	  "the gateway is older than this adapter: upgrade it first" },
	{ TIP1_HELLO_FIRST, TIP1_RESTART, "hello-first", NULL },
	{ TIP1_TOO_LARGE, TIP1_QUARANTINE, "too-large",
	  "it is larger than the gateway takes" },
	{ TIP1_OVER_CREDIT, TIP1_RESTART, "over-credit", NULL },
	{ TIP1_SEAL_KEY_UNKNOWN, TIP1_QUARANTINE, "seal-key-unknown",
	  "it is sealed to a key that the gateway does not announce: give the gateways the newest list of recipients" },
	{ TIP1_ID_CONFLICT, TIP1_QUARANTINE, "id-conflict",
	  "another tip came under its id: each needs an id of its own" },
	{ TIP1_BUSY, TIP1_RETRY, "busy", NULL },
	{ TIP1_BROKER_DOWN, TIP1_RETRY, "broker-down", NULL },
	{ TIP1_DRAINING, TIP1_RETRY, "draining", NULL },
	{ TIP1_REVOKED, TIP1_STOP, "revoked", NULL },
	{ TIP1_CHANNEL_FORBIDDEN, TIP1_STOP, "channel-forbidden", NULL },
	{ TIP1_INTERNAL, TIP1_RETRY, "internal", NULL },
};

/* By hundred, for codes that are not in the table. */
static const struct tip1_code_info hundreds[] = {
	{ 0, TIP1_RETRY, "unknown", NULL },
	{ 100, TIP1_QUARANTINE, "refused", NULL },
	{ 200, TIP1_RETRY, "retry", NULL },
	{ 300, TIP1_STOP, "stop", NULL },
};

static const struct {
	uint8_t type;
	const char *name;
} types[] = {
	{ TIP1_HELLO, "hello" },   { TIP1_SUBMIT, "submit" }, { TIP1_PING, "ping" }, { TIP1_BYE, "bye" },
	{ TIP1_WELCOME, "welcome" }, { TIP1_ACK, "ack" },     { TIP1_NACK, "nack" }, { TIP1_CREDIT, "credit" },
	{ TIP1_PONG, "pong" },     { TIP1_GOAWAY, "goaway" },
};

const struct tip1_code_info *tip1_code_find(uint16_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	size_t hundred = code / 100u;
	return hundred < sizeof(hundreds) / sizeof(hundreds[0]) ? &hundreds[hundred] : &hundreds[0];
}

static void put_be(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

void tip1_encode(uint8_t out[TIP1_HEAD], const struct tip1 *head)
{
	memcpy(out, magic, sizeof(magic));
	out[4] = head->type;
	out[5] = head->flags;
	put_be(out + 6, head->code, 2);
	put_be(out + 8, head->seq, 8);
	memcpy(out + 16, head->msg_id.bytes, TIP_ID_BYTES);
	put_be(out + 32, head->limit, 8);
	put_be(out + 40, head->arg, 4);
	put_be(out + 44, 0, 4);
}

int tip1_decode(struct tip1 *head, struct slice bytes)
{
	if (bytes.len != TIP1_HEAD || memcmp(bytes.data, magic, sizeof(magic)) != 0)
		return -1;
	const uint8_t *p = bytes.data;
	head->type = p[4];
	head->flags = p[5];
	head->code = be16_read(p + 6);
	head->seq = be64_read(p + 8);
	memcpy(head->msg_id.bytes, p + 16, TIP_ID_BYTES);
	head->limit = be64_read(p + 32);
	head->arg = be32_read(p + 40);
	return 0;
}

const char *tip1_type_name(uint8_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}
