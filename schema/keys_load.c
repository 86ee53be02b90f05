/* SPDX-License-Identifier: Apache-2.0 */
/* Reading single keys from files: hex, Ed25519, age recipients. */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "ops/runtime/file.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_text.h"

#define PUBLIC_FILE_MAX 4096

bool key_line_next(struct slice *rest, struct slice *line)
{
	while (rest->len > 0) {
		const uint8_t *end = memchr(rest->data, '\n', rest->len);
		size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
		size_t taken = end != NULL ? len + 1 : len;

		*line = slice_of(rest->data, len);
		if (len > 0 && line->data[len - 1] == '\r')
			line->len--;
		*rest = slice_of(rest->data + taken, rest->len - taken);
		if (line->len > 0 && line->data[0] != '#')
			return true;
	}
	return false;
}

/* The one line of the file that is neither empty nor a comment. */
static int only_line(struct slice *line, const struct buf *content, const char *path, struct err *err)
{
	struct slice rest = buf_slice(content), more;

	if (!key_line_next(&rest, line))
		return err_set(err, ERR_CONFIG, NULL, "%s: no key in it", path);
	if (key_line_next(&rest, &more))
		return err_set(err, ERR_CONFIG, NULL, "%s: more than one line, where one key is wanted", path);
	return 0;
}

/* The mix-ups that happen. */
const char *key_kind_hint(struct slice line)
{
	static const struct {
		const char *begins, *hint;
	} kinds[] = {
		{ "AGE-SECRET-KEY-1", "; it looks like an age identity" },
		{ "age1", "; it looks like an age recipient" },
		{ "tipline-register", "; it looks like a staff register" },
		{ "ssh-", "; it looks like an ssh key" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (line.len >= strlen(kinds[i].begins) && memcmp(line.data, kinds[i].begins, strlen(kinds[i].begins)) == 0)
			return kinds[i].hint;
	for (size_t i = 0; i < line.len; i++)
		if (!memchr("0123456789abcdef", line.data[i], 16))
			return "";
	return line.len == 64 ? "; it looks like a linkage or bus key" : line.len == 128
		? "; it looks like a signing key" : "";
}

static int load_hex(uint8_t *key, size_t len, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	struct slice line;
	int result;

	result = keys_read_secret(&content, path, err);
	if (result == 0)
		result = only_line(&line, &content, path, err);
	if (result == 0 && hex_decode(key, len, (const char *)line.data, line.len) != 0)
		result = err_set(err, ERR_CONFIG, NULL,
			"%s: this is not the kind of key that is wanted here: %zu lower-case hex digits%s", path, 2 * len,
				 key_kind_hint(line));
	buf_release(&content);
	return result;
}

int keys_load_hex32(uint8_t key[32], const char *path, struct err *err)
{
	return load_hex(key, 32, path, err);
}

int keys_load_sign(uint8_t secret[FRAME_SIGN_SECRET], const char *path, struct err *err)
{
	uint8_t seed[crypto_sign_ed25519_SEEDBYTES], public_key[FRAME_SIGN_PUBLIC], again[FRAME_SIGN_SECRET];
	int differs;

	if (load_hex(secret, FRAME_SIGN_SECRET, path, err) != 0)
		return -1;
	/* The second half is the public key; with a wrong one there, signatures would give the secret away. */
	crypto_sign_ed25519_sk_to_seed(seed, secret);
	crypto_sign_ed25519_seed_keypair(public_key, again, seed);
	differs = sodium_memcmp(again, secret, sizeof(again));
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(again, sizeof(again));
	if (!differs)
		return 0;
	sodium_memzero(secret, FRAME_SIGN_SECRET);
	return err_set(err, ERR_CONFIG, NULL, "%s: its two halves are not one key pair", path);
}

int keys_load_root_public(uint8_t public_key[FRAME_SIGN_PUBLIC], const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	struct slice line;
	int result = keys_read_public(&content, path, err);

	if (result == 0)
		result = only_line(&line, &content, path, err);
	if (result == 0 && hex_decode(public_key, FRAME_SIGN_PUBLIC, (const char *)line.data, line.len) != 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: not a site's public root key (64 lower-case hex digits)%s", path,
				 key_kind_hint(line));
	buf_release(&content);
	return result;
}

int keys_read_public(struct buf *out, const char *path, struct err *err)
{
	return file_read(out, path, PUBLIC_FILE_MAX, err);
}

int keys_load_recipient(struct age_recipient *recipient, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	struct slice line;
	int result;

	result = keys_read_public(&content, path, err);
	if (result == 0)
		result = only_line(&line, &content, path, err);
	if (result == 0 && age_recipient_parse(recipient, (const char *)line.data, line.len, err) != 0)
		result = err_prefix(err, "%s", path);
	buf_release(&content);
	return result;
}

int keys_load_recipient_list(struct age_recipient *recipients, size_t max, size_t *n, const char *path,
			     struct err *err)
{
	struct buf content = BUF_INIT;
	const size_t before = *n;
	struct slice rest, line;
	int result = keys_read_public(&content, path, err);

	rest = buf_slice(&content);
	while (result == 0 && key_line_next(&rest, &line)) {
		if (*n == max)
			result = err_set(err, ERR_CONFIG, NULL, "%s: more than %zu recipients", path, max);
		else if (age_recipient_parse(&recipients[*n], (const char *)line.data, line.len, err) != 0)
			result = err_prefix(err, "%s", path);
		else
			(*n)++;
	}
	buf_release(&content);
	if (result == 0 && *n == before)
		result = err_set(err, ERR_CONFIG, NULL, "%s: no age recipient in it", path);
	return result;
}
