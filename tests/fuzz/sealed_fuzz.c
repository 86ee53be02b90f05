/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's browser says are the two age files of a tip. The first byte chooses sizes, since hardly any other
 * would be met by chance; a string, and what is left, are the files' beginnings, with zeros behind them.
 */
#include "schema/frame.h"
#include "schema/seal.h"
#include "tests/fuzz/fuzz.h"

#define HEADER(stanzas) (70u + 98u * (stanzas))
#define OTHER_SIZES 8 /* of 256 choices: the beginning as it is */

static const size_t sizes[] = { 4590, 16878, 66030, 262686, 1049310 }; /* of a body, from outside */
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct slice fill_up(struct buf *file, struct slice start, size_t size)
{
	memset(buf_reserve(file, size), 0, size);
	if (start.len)
		memcpy(file->data, start.data, start.len < size ? start.len : size);
	file->len = size;
	return buf_slice(file);
}

static bool starts_with(const uint8_t *at, const char *text)
{
	return memcmp(at, text, strlen(text)) == 0;
}

/* Told by counting bytes: each line of such a header is where it must be. */
static bool has_stanzas(struct slice file, size_t n)
{
	const uint8_t *at = file.data + 22;

	for (size_t i = 0; i < n; i++, at += 98)
		if (!starts_with(at, "-> X25519 ") || at[53] != '\n' || at[97] != '\n')
			return false;
	return starts_with(file.data, "age-encryption.org/v1\n") && starts_with(at, "--- ") && at[47] == '\n' &&
	       (size_t)(at + 48 - file.data) == HEADER(n);
}

static bool is_size(size_t len)
{
	for (size_t i = 0; i < N_SIZES; i++)
		if (sizes[i] == len)
			return true;
	return false;
}

static void shape_holds(struct slice body, struct slice contact)
{
	struct err err = ERR_INIT;

	if (seal_shape(body, contact, &err) == 0) {
		fuzz_success_holds(&err);
		FUZZ_HOLDS(is_size(body.len) && contact.len == FRAME_CONTACT_BYTES);
		FUZZ_HOLDS(has_stanzas(body, BODY_STANZAS) && has_stanzas(contact, CONTACT_STANZAS));
		FUZZ_HOLDS(seal_shape(slice_of(body.data, body.len - 1), contact, NULL) != 0);
		FUZZ_HOLDS(seal_shape(body, slice_of(contact.data, contact.len - 1), NULL) != 0);
		FUZZ_HOLDS(seal_shape(contact, body, NULL) != 0);
		return;
	}
	fuzz_refusal_holds(&err);
	FUZZ_HOLDS(is_size(body.len) ? err.reason != REASON_BODY_PADDING : err.reason == REASON_BODY_PADDING);
	if (is_size(body.len))
		FUZZ_HOLDS(contact.len == FRAME_CONTACT_BYTES ? err.reason == REASON_AGE_HEADER
							       : err.reason == REASON_FRAME_LENGTHS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	const uint8_t choice = fuzz_byte(&input);
	const struct slice body_start = fuzz_string(&input);
	struct buf body = BUF_INIT, contact = BUF_INIT;

	if (choice >= 256 - OTHER_SIZES)
		shape_holds(fill_up(&body, body_start, body_start.len), fill_up(&contact, input, input.len));
	else
		shape_holds(fill_up(&body, body_start, sizes[choice % N_SIZES]),
			    fill_up(&contact, input, choice < 256 - 2 * OTHER_SIZES ? FRAME_CONTACT_BYTES : choice * 8u));
	buf_release(&body);
	buf_release(&contact);
	return 0;
}
