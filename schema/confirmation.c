/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/confirmation.h"

#include <string.h>

#include <sodium.h>

#include "schema/hex.h"

#define CONTEXT "tipline/confirmation/v1"

static void message_of(struct buf *message, struct slice statement)
{
	buf_append(message, CONTEXT, sizeof(CONTEXT)); /* with its NUL */
	buf_append_slice(message, statement);
}

void confirmation_write(struct buf *out, const char *operator_name, const char *statement,
			const uint8_t secret[FRAME_SIGN_SECRET])
{
	uint8_t signature[FRAME_SIGNATURE_BYTES];
	char text[2 * FRAME_SIGNATURE_BYTES + 1];
	struct buf message = BUF_INIT;

	message_of(&message, slice_str(statement));
	crypto_sign_ed25519_detached(signature, NULL, message.data, message.len, secret);
	hex_encode(text, signature, sizeof(signature));
	buf_printf(out, "%s\n%s\n%s\n", operator_name, statement, text);
	buf_release(&message);
}

/* Takes a line that ends with a newline; -1 when there is none. */
static int next_line(struct slice *rest, struct slice *line)
{
	const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

	if (!end)
		return -1;
	*line = slice_of(rest->data, (size_t)(end - rest->data));
	*rest = slice_of(end + 1, rest->len - line->len - 1);
	return line->len ? 0 : -1;
}

int confirmation_parse(struct confirmation *confirmation, const char *name, struct slice text, struct err *err)
{
	struct slice signature;

	if (next_line(&text, &confirmation->operator_name) < 0 || next_line(&text, &confirmation->statement) < 0 ||
	    next_line(&text, &signature) < 0 || text.len > 0 ||
	    hex_decode(confirmation->signature, FRAME_SIGNATURE_BYTES, (const char *)signature.data, signature.len) < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: not a confirmation: `tipctl keys confirm` makes one", name);
	return 0;
}

int confirmation_verify(const struct confirmation *confirmation, const uint8_t public_key[FRAME_SIGN_PUBLIC],
			struct err *err)
{
	struct buf message = BUF_INIT;
	int bad;

	message_of(&message, confirmation->statement);
	bad = crypto_sign_ed25519_verify_detached(confirmation->signature, message.data, message.len, public_key);
	buf_release(&message);
	return bad ? err_set(err, ERR_CONFIG, NULL, "the signature is not that of operator %.*s",
			     (int)confirmation->operator_name.len, (const char *)confirmation->operator_name.data) : 0;
}
