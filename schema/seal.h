/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal: what goes into the two age files of a frame, and who can open them.
 *
 * The body, with always BODY_STANZAS stanzas in random order (triage epoch keys, recovery, fill), is
 *     u16 version = 1 | u16 channel | u32 json length | tip id[16] | json | zero padding
 * of 4, 16, 64, 256 or 1024 KiB.
 *
 * The contact details, with always CONTACT_STANZAS stanzas in random order (custodian, recovery, fill), are
 *     u16 version = 1 | u16 mode | u32 length | text | zero padding
 * of always CONTACT_PLAIN bytes, so that nobody sees who left some. Padding is verified. Integers are big-endian.
 */
#ifndef TIPLINE_SCHEMA_SEAL_H
#define TIPLINE_SCHEMA_SEAL_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/age.h"
#include "schema/taxonomy.h"
#include "schema/tip_id.h"

#define BODY_HEAD 24
#define BODY_STANZAS 4
#define CONTACT_PLAIN 1024
#define CONTACT_STANZAS 3
#define CONTACT_TEXT_MAX (CONTACT_PLAIN - 8)
#define BODY_JSON_MAX ((1u << 20) - BODY_HEAD)

/* Whom intake seals to. In the file: `triage`, `recovery`, `custodian` (see schema/keys.h). */
struct seal_recipients {
	uint32_t epoch;
	struct age_recipient triage, recovery, custodian;
};

struct seal_body {
	enum channel channel;
	struct tip_id tip_id;
	struct slice json;
};

/* Appends an age file. -1 with TOO_LARGE when the JSON exceeds BODY_JSON_MAX. */
int seal_body(struct buf *out, const struct seal_recipients *recipients, const struct seal_body *body,
	      struct err *err);
/* Opens, checks sizes and padding; `body->json` borrows from `plain`, which the caller wipes. */
int seal_body_open(struct seal_body *body, struct buf *plain, struct age_identity *const *identities, size_t n,
		   struct slice file, struct err *err);
/* The same checks on a plaintext. */
int seal_body_parse(struct seal_body *body, struct slice plain, struct err *err);

/*
 * Whether both files, sealed by somebody else, look like a tip's to whoever has no key: their sizes, and BODY_STANZAS
 * and CONTACT_STANZAS X25519 stanzas with no others. What is inside shows when they are opened. -1, ERR_DATA:
 *     BODY_PADDING    the body is of none of the five sizes
 *     FRAME_LENGTHS   the contact file has not FRAME_CONTACT_BYTES
 *     AGE_HEADER      a header is malformed, or has other stanzas
 */
int seal_shape(struct slice body, struct slice contact, struct err *err);

int seal_contact(struct buf *out, const struct seal_recipients *recipients, enum contact_mode mode,
		 struct slice details, struct err *err);
int seal_contact_open(enum contact_mode *mode, struct buf *details, struct age_identity *const *identities, size_t n,
		      struct slice file, struct err *err);

#endif
