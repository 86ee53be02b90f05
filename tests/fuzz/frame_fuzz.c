/* SPDX-License-Identifier: Apache-2.0 */
/* The signed frame: as it comes, and as we sign it. */
#include "schema/frame.h"
#include "tests/fuzz/fuzz.h"

static struct {
	bool made;
	uint8_t public_key[FRAME_SIGN_PUBLIC], secret[FRAME_SIGN_SECRET];
} keys;

/* What parses lies in the input without a gap, and is what a frame of the same values is, but for the signature. */
static void parsed_frame_holds(const struct frame *frame, struct slice bytes)
{
	struct buf built = BUF_INIT;

	FUZZ_HOLDS(frame->body.data == bytes.data + FRAME_HEAD && frame->body.len > 0);
	FUZZ_HOLDS(frame->contact.data == frame->body.data + frame->body.len);
	FUZZ_HOLDS(frame->contact.len == FRAME_CONTACT_BYTES);
	FUZZ_HOLDS(frame->signature == frame->contact.data + frame->contact.len);
	FUZZ_HOLDS(frame->signature + FRAME_SIGNATURE_BYTES == bytes.data + bytes.len);
	FUZZ_HOLDS(slice_equal(frame->signed_part, slice_of(bytes.data, bytes.len - FRAME_SIGNATURE_BYTES)));
	frame_build(&built, frame, keys.secret);
	FUZZ_HOLDS(built.len == bytes.len);
	FUZZ_HOLDS(memcmp(built.data, bytes.data, built.len - FRAME_SIGNATURE_BYTES) == 0);
	buf_release(&built);
}

/* One bit changed anywhere in a signed frame: it is refused. */
static void a_changed_frame_is_refused(struct slice body)
{
	static const uint8_t contact[FRAME_CONTACT_BYTES];
	struct frame frame = { .adapter = 7, .day = 20000, .body = body, .contact = slice_of(contact, sizeof(contact)) };
	const size_t place = fuzz_hash(body);
	struct buf built = BUF_INIT;
	struct err err = ERR_INIT;

	frame_build(&built, &frame, keys.secret);
	FUZZ_HOLDS(frame_parse(&frame, buf_slice(&built), &err) == 0);
	FUZZ_HOLDS(frame_verify(&frame, keys.public_key, &err) == 0);
	fuzz_success_holds(&err);
	built.data[place % built.len] ^= (uint8_t)(1u << place / built.len % 8);
	if (frame_parse(&frame, buf_slice(&built), &err) == 0)
		FUZZ_HOLDS(frame_verify(&frame, keys.public_key, &err) != 0);
	fuzz_refusal_holds(&err);
	buf_release(&built);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = slice_of(data, size);
	struct err err = ERR_INIT;
	struct frame frame;

	if (!keys.made)
		frame_sign_keypair(keys.public_key, keys.secret);
	keys.made = true;
	if (frame_parse(&frame, bytes, &err) == 0) {
		fuzz_success_holds(&err);
		parsed_frame_holds(&frame, bytes);
		if (frame_verify(&frame, keys.public_key, &err) != 0)
			fuzz_refusal_holds(&err);
	} else {
		fuzz_refusal_holds(&err);
	}
	if (size > 0 && size < 8192)
		a_changed_frame_is_refused(bytes);
	return 0;
}
