/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealer: from an intake document to a signed frame; the only code of an adapter that sees a tip in the clear.
 *
 * sealer_frame parses and checks the document, takes its tip id or draws one, seals body and contact details to the
 * recipients (of trust.h, or others in a rehearsal of lost keys) and signs. Everything readable is wiped before it
 * returns, whether or not it succeeds. One sealer may be used by several threads at once: it does not change after
 * sealer_new.
 */
#ifndef TIPLINE_PRODUCERS_SDK_SEALER_H
#define TIPLINE_PRODUCERS_SDK_SEALER_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/frame.h"
#include "schema/seal.h"

struct sealer;

struct sealer_options {
	uint16_t adapter;
	enum channel channel; /* of documents that name none */
	const uint8_t *sign_secret; /* FRAME_SIGN_SECRET bytes, copied into locked memory */
};

int sealer_new(struct sealer **out, const struct sealer_options *options, struct err *err)
	__attribute__((warn_unused_result));
void sealer_free(struct sealer *sealer); /* wiped; NULL is allowed */

/* Appends a frame to `out`. ERR_DATA with a reason of schema/reason.h when the document can never be accepted. */
int sealer_frame(const struct sealer *sealer, const struct seal_recipients *recipients, struct slice json,
		 struct buf *out, struct tip_id *tip_id, struct err *err);
/*
 * The same for a tip whose two parts were sealed elsewhere, so that nothing readable is here. ERR_DATA with a reason
 * when the id is zero or the parts do not look like a tip's (seal_shape).
 */
int sealer_sign(const struct sealer *sealer, const struct tip_id *tip_id, struct slice body, struct slice contact,
		struct buf *out, struct err *err);

#endif
