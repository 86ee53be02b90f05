/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CURVE key files. They hold keys and line feeds and nothing else: Z85 knows '#', so a key may look like a comment.
 */
#include <string.h>

#include <sodium.h>

#include "schema/keys.h"
#include "schema/keys_text.h"
#include "schema/z85.h"

#define LINE (Z85_KEY_TEXT + 1)

_Static_assert(sizeof(((struct curve_pair *)NULL)->secret) == Z85_KEY_TEXT + 1, "Z85 of 32 bytes and a NUL");

static int curve_text(char text[Z85_KEY_TEXT + 1], const uint8_t *line, const char *path, struct err *err)
{
	uint8_t key[32];
	int failed = z85_decode(key, sizeof(key), (const char *)line, Z85_KEY_TEXT);

	sodium_memzero(key, sizeof(key));
	if (failed)
		return err_set(err, ERR_CONFIG, NULL, "%s: not a CURVE key (40 characters of Z85)", path);
	memcpy(text, line, Z85_KEY_TEXT);
	text[Z85_KEY_TEXT] = '\0';
	return 0;
}

static int curve_matches(const struct curve_pair *pair, const char *path, struct err *err)
{
	uint8_t secret[32], public_key[32], wanted[32];
	int differs;

	z85_decode(secret, sizeof(secret), pair->secret, Z85_KEY_TEXT);
	z85_decode(public_key, sizeof(public_key), pair->public_key, Z85_KEY_TEXT);
	crypto_scalarmult_base(wanted, secret);
	differs = memcmp(wanted, public_key, sizeof(wanted)) != 0;
	sodium_memzero(secret, sizeof(secret));
	return differs ? err_set(err, ERR_CONFIG, NULL, "%s: its two lines are not one key pair", path) : 0;
}

/* Exactly `n` lines of a key each; the last line feed may be absent. */
static bool is_lines(const struct buf *content, size_t n)
{
	const size_t len = content->len;

	return len == n * LINE - 1 || (len == n * LINE && content->data[len - 1] == '\n');
}

static int check_lines(const struct buf *content, size_t n, const char *path, struct err *err)
{
	if (is_lines(content, n))
		return 0;
	if (n == 1)
		return err_set(err, ERR_CONFIG, NULL, "%s: not a public CURVE key, one line of %d characters%s", path,
			       Z85_KEY_TEXT, is_lines(content, 2) ? "; it looks like a key pair: name the file of its public "
			       "half (gateway.curve.pub)" : "");
	return err_set(err, ERR_CONFIG, NULL, "%s: not %zu CURVE keys of %d characters, each on its line", path, n,
		       Z85_KEY_TEXT);
}

int keys_load_curve(struct curve_pair *pair, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	int result;

	result = keys_read_secret(&content, path, err);
	if (result == 0)
		result = check_lines(&content, 2, path, err);
	if (result == 0 && content.data[LINE - 1] != '\n')
		result = err_set(err, ERR_CONFIG, NULL, "%s: the public key is not on a line of its own", path);
	if (result == 0)
		result = curve_text(pair->secret, content.data, path, err);
	if (result == 0)
		result = curve_text(pair->public_key, content.data + LINE, path, err);
	if (result == 0)
		result = curve_matches(pair, path, err);
	buf_release(&content);
	if (result != 0)
		sodium_memzero(pair, sizeof(*pair));
	return result;
}

int keys_load_curve_public(char public_key[41], const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	int result;

	result = keys_read_public(&content, path, err);
	if (result == 0)
		result = check_lines(&content, 1, path, err);
	if (result == 0)
		result = curve_text(public_key, content.data, path, err);
	buf_release(&content);
	return result;
}
