/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter gives: tips to be sealed, tips that were sealed elsewhere; and whom they are sealed to. */
#include <string.h>

#include "producers/sdk/last_error.h"
#include "producers/sdk/rehearsal.h"
#include "producers/sdk/tipline_state.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/tip.h"

#define PUT_RESERVE (1u << 20)
#define LIST_RESERVE (64u << 10)

_Static_assert(TIPLINE_RECIPIENTS_MAX == RECIPIENTS_FILE_MAX + 1, "the largest list, with a NUL");

/* More than a call asks for: a document, what Jansson makes of it, and the frame in its buffers as they grow. */
static int reserve_for(size_t len, struct err *err)
{
	return mem_reserve(PUT_RESERVE + 16 * (len < TIP_JSON_MAX ? len : TIP_JSON_MAX), err);
}

static int keep(struct tipline *tipline, struct slice frame, const struct tip_id *tip_id, void *opaque)
{
	struct err err = ERR_INIT;
	if (spool_insert(tipline->spool, tip_id, frame, opaque, &err))
		return last_error_set(&err);
	atomic_fetch_add(&tipline->put, 1);
	submit_poke(tipline->submit);
	return TIPLINE_OK;
}

static int put_reserved(struct tipline *tipline, const char *json, size_t len, uint8_t *tip_id, void *opaque)
{
	struct buf frame = BUF_INIT;
	struct tip_id id;
	int rc = rehearsal_seal(tipline, NULL, slice_of(json, len), &frame, id.bytes);
	if (rc == TIPLINE_OK)
		rc = keep(tipline, buf_slice(&frame), &id, opaque);
	if (rc == TIPLINE_OK && tip_id != NULL)
		memcpy(tip_id, id.bytes, TIPLINE_ID_BYTES);
	buf_release(&frame);
	return rc;
}

int tipline_put(struct tipline *tipline, const char *json, size_t len, uint8_t tip_id[TIPLINE_ID_BYTES], void *opaque)
{
	struct err err = ERR_INIT;

	if (reserve_for(len, &err))
		return last_error_set(&err);
	int rc = put_reserved(tipline, json, len, tip_id, opaque);
	mem_unreserve();
	return rc;
}

static int put_sealed_reserved(struct tipline *tipline, const struct tipline_sealed *sealed, void *opaque)
{
	struct buf frame = BUF_INIT;
	struct err err = ERR_INIT;
	struct tip_id id;

	memcpy(id.bytes, sealed->tip_id, TIP_ID_BYTES);
	int rc = sealer_sign(tipline->sealer, &id, slice_of(sealed->body, sealed->body_len),
			     slice_of(sealed->contact, sealed->contact_len), &frame, &err);
	rc = rc ? last_error_set(&err) : keep(tipline, buf_slice(&frame), &id, opaque);
	buf_release(&frame);
	return rc;
}

int tipline_put_sealed(struct tipline *tipline, const struct tipline_sealed *sealed, void *opaque)
{
	struct err err = ERR_INIT;

	if (reserve_for(sealed->body_len, &err))
		return last_error_set(&err);
	int rc = put_sealed_reserved(tipline, sealed, opaque);
	mem_unreserve();
	return rc;
}

static int recipients_reserved(struct tipline *tipline, char *list, size_t size, char *root_hex)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct buf document = BUF_INIT;
	struct err err = ERR_INIT;
	int rc;

	if (trust_document(tipline->trust, &document, root, &err))
		return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
	if (document.len >= size) {
		rc = last_error_say(TIPLINE_EINVAL, "the list of recipients and a NUL take %zu bytes, and there is room for "
				    "%zu; TIPLINE_RECIPIENTS_MAX is enough for any", document.len + 1, size);
	} else {
		memcpy(list, document.data, document.len + 1);
		if (root_hex != NULL)
			hex_encode(root_hex, root, sizeof(root));
		rc = (int)document.len;
	}
	buf_release(&document);
	return rc;
}

int tipline_recipients(struct tipline *tipline, char *list, size_t size, char root_hex[65])
{
	struct err err = ERR_INIT;

	if (mem_reserve(LIST_RESERVE, &err))
		return last_error_set(&err);
	int rc = recipients_reserved(tipline, list, size, root_hex);
	mem_unreserve();
	return rc;
}

static int check_reserved(const char *json, size_t len)
{
	struct err err = ERR_INIT;
	struct tip tip;

	if (sdk_begin(&err) || tip_parse(&tip, slice_of(json, len), true, &err)) {
		mem_wipe_stack(STACK_SHALLOW);
		return last_error_set(&err);
	}
	struct tip_id id;
	const char *given = tip_given_id(&tip);
	int bad = given != NULL && (tip_id_parse(&id, given, strlen(given)) || tip_id_is_zero(&id));
	tip_release(&tip);
	mem_wipe_stack(STACK_SHALLOW);
	return bad ? last_error_say(TIPLINE_EINVAL, "/tip_id: not 32 lower-case hex digits") : TIPLINE_OK;
}

int tipline_check(const char *json, size_t len)
{
	struct err err = ERR_INIT;

	if (reserve_for(len, &err))
		return last_error_set(&err);
	int rc = check_reserved(json, len);
	mem_unreserve();
	return rc;
}

int rehearsal_seal(struct tipline *tipline, const struct seal_recipients *recipients, struct slice json,
		   struct buf *frame, uint8_t tip_id[TIPLINE_ID_BYTES])
{
	struct seal_recipients current;
	struct err err = ERR_INIT;
	struct tip_id id;

	if (recipients == NULL && trust_current(tipline->trust, &current, &err))
		return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
	int rc = sealer_frame(tipline->sealer, recipients != NULL ? recipients : &current, json, frame, &id, &err);
	mem_wipe_stack(STACK_SHALLOW);
	if (rc)
		return last_error_set(&err);
	memcpy(tip_id, id.bytes, TIPLINE_ID_BYTES);
	return TIPLINE_OK;
}

int rehearsal_put_frame(struct tipline *tipline, struct slice frame, const uint8_t tip_id[TIPLINE_ID_BYTES],
			void *opaque)
{
	struct tip_id id;
	memcpy(id.bytes, tip_id, TIP_ID_BYTES);
	return keep(tipline, frame, &id, opaque);
}

int rehearsal_recipients(struct tipline *tipline, struct seal_recipients *to)
{
	struct err err = ERR_INIT;

	if (trust_current(tipline->trust, to, &err) == 0)
		return TIPLINE_OK;
	return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
}
