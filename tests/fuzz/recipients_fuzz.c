/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed list of recipients, which an adapter takes from a gateway it must not trust. The first byte says whether
 * the rest is the whole document or what stands in `signed`.
 */
#include <sodium.h>

#include "ops/runtime/clock.h"
#include "schema/keys.h"
#include "schema/recipients.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t nobodys_root[RECIPIENTS_ROOT_PUBLIC] = { 1, 2, 3 };

static void wrap(struct buf *document, struct slice inner)
{
	char *text = mem_alloc(sodium_base64_ENCODED_LEN(inner.len, sodium_base64_VARIANT_ORIGINAL));

	sodium_bin2base64(text, sodium_base64_ENCODED_LEN(inner.len, sodium_base64_VARIANT_ORIGINAL), inner.data, inner.len,
			  sodium_base64_VARIANT_ORIGINAL);
	buf_append_str(document, "{\"tipline\":\"recipients/v1\",\"signed\":\"");
	buf_append_str(document, text);
	buf_append_str(document, "\"}");
	free(text);
}

/* What was taken is whole, and says the same when it is written and read again. */
static void list_holds(const struct recipients *list)
{
	struct recipients again;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	FUZZ_HOLDS(list->to.epoch > 0 && list->not_before <= list->not_after);
	FUZZ_HOLDS(list->signed_len > 0 && list->signed_len <= RECIPIENTS_SIGNED_MAX);
	FUZZ_HOLDS(recipients_verify(list, nobodys_root, &err) == -1 && recipients_refusal(&err));
	FUZZ_HOLDS(recipients_valid(list, list->not_before, NULL) == 0);
	FUZZ_HOLDS(recipients_valid(list, list->not_after, NULL) == 0);
	FUZZ_HOLDS(recipients_valid(list, list->not_after + 1, NULL) == -1);
	recipients_write(&file, list);
	FUZZ_HOLDS(recipients_parse(&again, buf_slice(&file), NULL) == 0);
	FUZZ_HOLDS(recipients_follows(&again, list, NULL) == 0 && again.has_signature == list->has_signature);
	FUZZ_HOLDS(memcmp(&again.to, &list->to, sizeof(again.to)) == 0);
	buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	const bool whole = fuzz_byte(&input) % 2 == 0;
	struct buf document = BUF_INIT;
	struct recipients list;
	struct err err = ERR_INIT;
	static bool begun;

	if (!begun)
		FUZZ_HOLDS(keys_begin(&err) == 0);
	begun = true;
	if (whole)
		buf_append_slice(&document, input);
	else
		wrap(&document, input);
	if (recipients_parse(&list, buf_slice(&document), &err) == 0) {
		fuzz_success_holds(&err);
		list_holds(&list);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(recipients_refusal(&err));
	}
	buf_release(&document);
	return 0;
}
