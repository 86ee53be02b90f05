/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keys_new.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "schema/hex.h"
#include "schema/keys_text.h"
#include "schema/z85.h"

#define SECRET_MAX 64

int keys_new_identity(struct buf *content, struct age_recipient *recipient, struct err *err)
{
	char secret[AGE_IDENTITY_TEXT], public_key[AGE_RECIPIENT_TEXT];
	struct age_identity *identity;

	if (age_identity_generate(&identity, err) != 0)
		return -1;
	age_identity_recipient(identity, recipient);
	age_identity_text(identity, secret);
	age_identity_free(identity);
	age_recipient_text(recipient, public_key);
	buf_printf(content, "# public key: %s\n%s\n", public_key, secret);
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

void keys_hex_file(struct buf *content, const uint8_t *key, size_t len)
{
	char text[2 * SECRET_MAX + 1];

	if (len > SECRET_MAX)
		BUG("a key of %zu bytes", len);
	hex_encode(text, key, len);
	buf_append(content, text, 2 * len);
	buf_append_byte(content, '\n');
	sodium_memzero(text, sizeof(text));
}

void keys_new_sign(struct buf *content, uint8_t public_key[FRAME_SIGN_PUBLIC])
{
	uint8_t secret[FRAME_SIGN_SECRET];

	frame_sign_keypair(public_key, secret);
	keys_hex_file(content, secret, sizeof(secret));
	sodium_memzero(secret, sizeof(secret));
}

void keys_new_curve(struct buf *content, char public_key[Z85_KEY_TEXT + 1])
{
	uint8_t open[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
	char text[Z85_KEY_TEXT + 1];

	crypto_box_keypair(open, secret);
	z85_encode(text, secret, sizeof(secret));
	z85_encode(public_key, open, sizeof(open));
	buf_printf(content, "%s\n%s\n", text, public_key);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
}

void keys_new_secret(uint8_t key[32])
{
	randombytes_buf(key, 32);
}

static int overwrite(int fd, const char *path, struct err *err)
{
	uint8_t noise[4096];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(err, "%s", path);
	for (off_t done = 0; done < st.st_size; done += (off_t)sizeof(noise)) {
		size_t len = st.st_size - done < (off_t)sizeof(noise) ? (size_t)(st.st_size - done) : sizeof(noise);

		randombytes_buf(noise, sizeof(noise));
		if (pwrite(fd, noise, len, done) != (ssize_t)len)
			return err_errno(err, "%s: cannot overwrite it", path);
	}
	return fsync(fd) == 0 ? 0 : err_errno(err, "%s: cannot overwrite it", path);
}

int keys_left_over(const char *path, int (*each)(void *arg, const char *left, struct err *err), void *arg,
		   struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), mark = strlen(KEYS_TEMPORARY) - 6;
	struct buf folder = BUF_INIT;
	struct dirent **entries;
	int n, result = 0;

	buf_append(&folder, slash ? path : "./", slash ? (size_t)(slash - path) + 1 : 2);
	n = scandir(buf_text(&folder), &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *entry = entries[i]->d_name;

		if (result == 0 && strncmp(entry, name, len) == 0 && strncmp(entry + len, KEYS_TEMPORARY, mark) == 0 &&
		    strlen(entry + len) == mark + 6) {
			buf_printf(&folder, "%s", entry);
			result = each(arg, buf_text(&folder), err);
			buf_clear(&folder);
			buf_append(&folder, slash ? path : "./", slash ? (size_t)(slash - path) + 1 : 2);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	buf_release(&folder);
	return result;
}

static int shred_one(void *arg, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK), result;

	(void)arg;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s: cannot overwrite it", path);
	result = overwrite(fd, path, err);
	close(fd);
	if (result == 0 && unlink(path) != 0)
		result = err_errno(err, "%s: cannot unlink it", path);
	return result == 0 ? keys_sync_parent(path, err) : -1;
}

int keys_shred_left_over(const char *path, struct err *err)
{
	return keys_left_over(path, shred_one, NULL, err);
}

int keys_shred(const char *path, struct err *err)
{
	return keys_shred_left_over(path, err) < 0 ? -1 : shred_one(NULL, path, err);
}
