/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter reads of a gateway: the header of TIP/1, its codes, and the JSON of WELCOME. */
#include "producers/sdk/json_member.h"
#include "producers/sdk/welcome.h"
#include "schema/frame.h"
#include "schema/tip1.h"
#include "tests/fuzz/fuzz.h"

static bool lies_in(struct slice part, struct slice whole)
{
	return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

/* A header is written back as it came, but for the reserved bytes, which are sent as 0. */
static void header_holds(const struct tip1 *head, struct slice bytes)
{
	uint8_t out[TIP1_HEAD];
	const struct tip1_code_info *code = tip1_code_find(head->code);

	tip1_encode(out, head);
	FUZZ_HOLDS(memcmp(out, bytes.data, TIP1_HEAD - 4) == 0);
	FUZZ_HOLDS(be32_read(out + TIP1_HEAD - 4) == 0);
	FUZZ_HOLDS(tip1_type_name(head->type)[0] != '\0');
	FUZZ_HOLDS(code && code->word[0] != '\0');
	/* Only the two codes of an acknowledgement may make an adapter forget a tip. */
	FUZZ_HOLDS((code->action == TIP1_DONE) == (head->code == TIP1_STORED || head->code == TIP1_DUPLICATE));
}

static void welcome_holds(const struct tip1 *head, struct slice json)
{
	struct welcome welcome = { .max_frame = 0 };
	struct err err = ERR_INIT;

	if (welcome_read(&welcome, head, json, &err) != 0) {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(welcome.max_frame == 0);
		return;
	}
	FUZZ_HOLDS(welcome.max_frame >= FRAME_HEAD && welcome.max_frame <= FRAME_MAX);
	FUZZ_HOLDS(welcome.ack_timeout_ms >= 1000 && welcome.ack_timeout_ms <= 600000);
	FUZZ_HOLDS(welcome.ping_ms >= 100 && welcome.ping_ms <= 60000);
	FUZZ_HOLDS(welcome.recipients.len == 0 || lies_in(welcome.recipients, json));
}

static void members_hold(struct slice json)
{
	struct slice value, text;

	if (json_member(json, "tip", &value)) {
		FUZZ_HOLDS(lies_in(value, json));
		if (json_plain_string(value, &text))
			FUZZ_HOLDS(lies_in(text, value));
	}
	for (size_t i = 0; i < 4; i++)
		if (json_element(json, i, &value))
			FUZZ_HOLDS(lies_in(value, json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	const struct slice bytes = fuzz_bytes(&input, TIP1_HEAD);
	struct tip1 head = { .type = 0 };

	FUZZ_HOLDS(tip1_decode(&head, slice_of(data, size)) == (size == TIP1_HEAD ? tip1_decode(&head, bytes) : -1));
	if (tip1_decode(&head, bytes) != 0)
		return 0;
	header_holds(&head, bytes);
	welcome_holds(&head, input);
	members_hold(input);
	return 0;
}
