/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/sealer.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "producers/sdk/json_member.h"
#include "schema/locked.h"
#include "schema/reason.h"
#include "schema/tip.h"

/* In locked memory: the signing key must not reach a swap device. */
struct sealer {
	uint8_t sign_secret[FRAME_SIGN_SECRET];
	enum channel channel;
	uint16_t adapter;
};

int sealer_new(struct sealer **out, const struct sealer_options *options, struct err *err)
{
	struct sealer *sealer = locked_alloc(sizeof(*sealer), err);
	if (sealer == NULL)
		return -1;
	memcpy(sealer->sign_secret, options->sign_secret, FRAME_SIGN_SECRET);
	sealer->channel = options->channel;
	sealer->adapter = options->adapter;
	*out = sealer;
	return 0;
}

void sealer_free(struct sealer *sealer)
{
	locked_free(sealer);
}

static int choose_id(const struct tip *tip, struct tip_id *tip_id, struct err *err)
{
	const char *given = tip_given_id(tip);
	if (given == NULL) {
		tip_id_random(tip_id);
		return 0;
	}
	if (tip_id_parse(tip_id, given, strlen(given)) || tip_id_is_zero(tip_id))
		return err_set(err, ERR_DATA, "tip-invalid", "/tip_id: not 32 lower-case hex digits");
	return 0;
}

static int seal_parts(const struct tip *tip, enum channel channel, const struct seal_recipients *recipients,
		      struct frame *frame, struct buf *parts, struct err *err)
{
	struct buf plain = BUF_INIT;
	struct slice details = tip->contact_details != NULL ? slice_str(tip->contact_details) : slice_of("", 0);
	struct seal_body body = { .channel = channel, .tip_id = frame->tip_id };

	int rc = tip_dump(tip, &plain, err);
	if (rc == 0) {
		body.json = buf_slice(&plain);
		rc = seal_body(parts, recipients, &body, err);
	}
	buf_release(&plain);
	size_t body_len = parts->len;
	if (rc == 0)
		rc = seal_contact(parts, recipients, tip->contact, details, err);
	if (rc == 0) {
		frame->body = slice_of(parts->data, body_len);
		frame->contact = slice_of(parts->data + body_len, parts->len - body_len);
	}
	return rc;
}

int sealer_sign(const struct sealer *sealer, const struct tip_id *tip_id, struct slice body, struct slice contact,
		struct buf *out, struct err *err)
{
	const struct frame frame = { .adapter = sealer->adapter, .day = clock_day(), .tip_id = *tip_id, .body = body,
				     .contact = contact };

	if (tip_id_is_zero(tip_id))
		return err_set(err, ERR_DATA, REASON_TIP_INVALID, "the tip id is zero");
	if (seal_shape(body, contact, err) != 0)
		return -1;
	frame_build(out, &frame, sealer->sign_secret);
	return 0;
}

int sealer_frame(const struct sealer *sealer, const struct seal_recipients *recipients, struct slice json,
		 struct buf *out, struct tip_id *tip_id, struct err *err)
{
	struct frame frame = { .adapter = sealer->adapter, .day = clock_day() };
	struct buf parts = BUF_INIT;
	struct slice written;
	struct tip tip;

	if (tip_parse(&tip, json, true, err))
		return -1;
	/* What the document says, else what the adapter is for. Classify asks the list whether it may. */
	enum channel channel = json_member(json, "channel", &written) ? tip.channel : sealer->channel;
	int rc = choose_id(&tip, &frame.tip_id, err);
	if (rc == 0)
		rc = seal_parts(&tip, channel, recipients, &frame, &parts, err);
	tip_release(&tip);
	if (rc == 0) {
		frame_build(out, &frame, sealer->sign_secret);
		*tip_id = frame.tip_id;
	}
	buf_release(&parts);
	return rc;
}
