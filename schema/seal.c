/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/seal.h"

#include <string.h>

#include "schema/frame.h"
#include "schema/reason.h"

#define BODY_VERSION_1 1
#define CONTACT_VERSION_1 1
#define CONTACT_HEAD 8

/* Five sizes tell a watcher at most 2.3 bits about a tip's length. */
static const size_t buckets[] = { 4u << 10, 16u << 10, 64u << 10, 256u << 10, 1u << 20 };
static const size_t n_buckets = sizeof(buckets) / sizeof(buckets[0]);

_Static_assert(BODY_HEAD == 2 + 2 + 4 + TIP_ID_BYTES, "the body's head");
_Static_assert(FRAME_CONTACT_BYTES == 70 + 98 * CONTACT_STANZAS + 16 + CONTACT_PLAIN + 16,
	       "the contact file's one size");
_Static_assert(BODY_STANZAS <= AGE_RECIPIENTS_MAX && CONTACT_STANZAS <= AGE_RECIPIENTS_MAX, "age's limit");

static bool is_zero(const uint8_t *data, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= data[i];
	return all == 0;
}

static bool is_bucket(size_t len)
{
	for (size_t i = 0; i < n_buckets; i++)
		if (buckets[i] == len)
			return true;
	return false;
}

/* The smallest bucket that holds `len`; the caller has checked that one does. */
static size_t bucket_of(size_t len)
{
	for (size_t i = 0; i < n_buckets; i++)
		if (len <= buckets[i])
			return buckets[i];
	BUG("no bucket holds %zu bytes", len);
}

static void pad_to(struct buf *plain, size_t size)
{
	size_t len = size - plain->len;

	memset(buf_reserve(plain, len), 0, len);
	plain->len = size;
	plain->data[size] = '\0';
}

int seal_body(struct buf *out, const struct seal_recipients *recipients, const struct seal_body *body,
	      struct err *err)
{
	const struct age_recipient keys[] = { recipients->triage, recipients->recovery };
	struct buf plain = BUF_INIT;
	size_t size;

	if (body->json.len > BODY_JSON_MAX)
		return err_set(err, ERR_DATA, REASON_TOO_LARGE, "a tip of more than %u bytes", BODY_JSON_MAX);
	size = bucket_of(BODY_HEAD + body->json.len);
	buf_reserve(&plain, size);
	buf_append_be16(&plain, BODY_VERSION_1);
	buf_append_be16(&plain, (uint16_t)body->channel);
	buf_append_be32(&plain, (uint32_t)body->json.len);
	buf_append(&plain, body->tip_id.bytes, TIP_ID_BYTES);
	buf_append_slice(&plain, body->json);
	pad_to(&plain, size);
	age_seal_among_fill(out, keys, sizeof(keys) / sizeof(keys[0]), BODY_STANZAS, buf_slice(&plain));
	buf_release(&plain);
	return 0;
}

int seal_body_parse(struct seal_body *body, struct slice plain, struct err *err)
{
	uint32_t json_len;
	uint16_t channel;

	if (plain.len < BODY_HEAD)
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "body: shorter than its head");
	if (be16_read(plain.data) != BODY_VERSION_1)
		return err_set(err, ERR_DATA, REASON_BODY_VERSION, "body: unknown version");
	channel = be16_read(plain.data + 2);
	if (channel >= N_CHANNELS)
		return err_set(err, ERR_DATA, REASON_BODY_VERSION, "body: unknown channel");
	json_len = be32_read(plain.data + 4);
	if (!is_bucket(plain.len) || json_len > plain.len - BODY_HEAD)
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "body: not of one of the sizes");
	if (!is_zero(plain.data + BODY_HEAD + json_len, plain.len - BODY_HEAD - json_len))
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "body: padding is not zero");
	body->channel = (enum channel)channel;
	memcpy(body->tip_id.bytes, plain.data + 8, TIP_ID_BYTES);
	body->json = slice_of(plain.data + BODY_HEAD, json_len);
	return 0;
}

int seal_body_open(struct seal_body *body, struct buf *plain, struct age_identity *const *identities, size_t n,
		   struct slice file, struct err *err)
{
	size_t start = plain->len;

	if (age_open(plain, identities, n, file, err) != 0)
		return -1;
	return seal_body_parse(body, slice_of(plain->data + start, plain->len - start), err);
}

static bool is_sealed_bucket(size_t len)
{
	for (size_t i = 0; i < n_buckets; i++)
		if (age_sealed_size(BODY_STANZAS, buckets[i]) == len)
			return true;
	return false;
}

static int check_stanzas(const char *part, struct slice file, size_t n, struct err *err)
{
	struct age_look look;

	if (age_look(&look, file, err) != 0)
		return err_prefix(err, "%s", part);
	if (look.stanzas == n && look.others == 0)
		return 0;
	return err_set(err, ERR_DATA, REASON_AGE_HEADER, "%s: the age header has %zu X25519 stanzas and %zu others; a "
		       "tip's has %zu and no others", part, look.stanzas, look.others, n);
}

int seal_shape(struct slice body, struct slice contact, struct err *err)
{
	if (!is_sealed_bucket(body.len))
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "body: %zu bytes, which is none of the five sizes",
			       body.len);
	if (contact.len != FRAME_CONTACT_BYTES)
		return err_set(err, ERR_DATA, REASON_FRAME_LENGTHS, "contact: %zu bytes, and it always has %d", contact.len,
			       FRAME_CONTACT_BYTES);
	if (check_stanzas("body", body, BODY_STANZAS, err) != 0)
		return -1;
	return check_stanzas("contact", contact, CONTACT_STANZAS, err);
}

int seal_contact(struct buf *out, const struct seal_recipients *recipients, enum contact_mode mode,
		 struct slice details, struct err *err)
{
	const struct age_recipient keys[] = { recipients->custodian, recipients->recovery };
	struct buf plain = BUF_INIT;

	if (details.len > CONTACT_TEXT_MAX)
		return err_set(err, ERR_DATA, REASON_TOO_LARGE, "contact details of more than %u bytes",
			       CONTACT_TEXT_MAX);
	buf_reserve(&plain, CONTACT_PLAIN);
	buf_append_be16(&plain, CONTACT_VERSION_1);
	buf_append_be16(&plain, (uint16_t)mode);
	buf_append_be32(&plain, (uint32_t)details.len);
	buf_append_slice(&plain, details);
	pad_to(&plain, CONTACT_PLAIN);
	age_seal_among_fill(out, keys, sizeof(keys) / sizeof(keys[0]), CONTACT_STANZAS, buf_slice(&plain));
	buf_release(&plain);
	return 0;
}

static int contact_parse(enum contact_mode *mode, struct slice *details, struct slice plain, struct err *err)
{
	uint32_t len;
	uint16_t wire_mode;

	if (plain.len != CONTACT_PLAIN)
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "contact: wrong size");
	wire_mode = be16_read(plain.data + 2);
	if (be16_read(plain.data) != CONTACT_VERSION_1 || wire_mode >= N_CONTACT_MODES)
		return err_set(err, ERR_DATA, REASON_BODY_VERSION, "contact: unknown version or mode");
	len = be32_read(plain.data + 4);
	if (len > CONTACT_TEXT_MAX || !is_zero(plain.data + CONTACT_HEAD + len, CONTACT_TEXT_MAX - len))
		return err_set(err, ERR_DATA, REASON_BODY_PADDING, "contact: lengths or padding are wrong");
	*mode = (enum contact_mode)wire_mode;
	*details = slice_of(plain.data + CONTACT_HEAD, len);
	return 0;
}

int seal_contact_open(enum contact_mode *mode, struct buf *details, struct age_identity *const *identities, size_t n,
		      struct slice file, struct err *err)
{
	struct buf plain = BUF_INIT;
	struct slice text;
	int result;

	result = age_open(&plain, identities, n, file, err);
	if (result == 0)
		result = contact_parse(mode, &text, buf_slice(&plain), err);
	if (result == 0)
		buf_append_slice(details, text);
	buf_release(&plain);
	return result;
}
