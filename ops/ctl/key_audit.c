/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/key_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "schema/digest.h"
#include "schema/hex.h"

#define LOG_MAX (64u << 20)
#define BEFORE_TEXT 33

static void hash_line(char text[BEFORE_TEXT], struct slice line)
{
	uint8_t hash[DIGEST_HASH_BYTES];

	digest_hash(hash, line);
	hex_encode(text, hash, (BEFORE_TEXT - 1) / 2);
}

static int read_log(const struct key_site *site, struct buf *text, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	if (access(keyring_path(&site->ring, KEY_AUDIT_FILE, &path), F_OK) == 0)
		result = file_read(text, buf_text(&path), LOG_MAX, err);
	buf_release(&path);
	return result;
}

/* Takes the next line without its newline; false when there is none. */
static bool next_line(struct slice *rest, struct slice *line)
{
	const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->data) : rest->len;

	if (!rest->len)
		return false;
	*line = slice_of(rest->data, len);
	*rest = slice_of(rest->data + len + (end != NULL), rest->len - len - (end != NULL));
	return true;
}

static void hash_last(char text[BEFORE_TEXT], const struct buf *log)
{
	struct slice rest = buf_slice(log), line = slice_of(NULL, 0);

	while (next_line(&rest, &line))
		;
	hash_line(text, line);
}

/* In one write, so that two lines never mix; then on the disk. */
static int append(const struct key_site *site, struct slice line, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd = open(keyring_path(&site->ring, KEY_AUDIT_FILE, &path), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		0600);
	int result = 0;

	if (fd < 0 || write(fd, line.data, line.len) != (ssize_t)line.len || fsync(fd) != 0)
		result = err_errno(err, "%s: cannot write the audit log", buf_text(&path));
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return result;
}

int key_audit(const struct key_site *site, const char *did, const struct keyring_key *key, const char *detail,
	      struct err *err)
{
	char label[KEY_NAME_MAX + 32], before[BEFORE_TEXT], day[CLOCK_DAY_TEXT];
	struct buf log = BUF_INIT, line = BUF_INIT;
	int result = read_log(site, &log, err);
	json_t *entry;
	char *text;

	if (result == 0) {
		keyring_label(key, label);
		hash_last(before, &log);
		clock_day_text(day, clock_day());
		entry = json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:s}", "day", day, "by",
				  json_string(site->by) ?: json_string("(not UTF-8)"), "did", did, "key", label,
				  "fingerprint", key->print, "detail", json_string(detail ? detail : "") ?: json_string("(not UTF-8)"),
				  "before", before);
		text = json_dumps(entry, JSON_COMPACT);
		buf_printf(&line, "%s\n", text);
		free(text);
		json_decref(entry);
		result = append(site, buf_slice(&line), err);
	}
	buf_release(&log);
	buf_release(&line);
	return result;
}

int key_audit_check(const struct key_site *site, size_t *n, struct err *err)
{
	struct buf log = BUF_INIT;
	struct slice rest, line;
	char before[BEFORE_TEXT];
	int result = read_log(site, &log, err);

	*n = 0;
	rest = buf_slice(&log);
	hash_line(before, slice_of(NULL, 0));
	while (result == 0 && next_line(&rest, &line)) {
		json_t *entry = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
		const char *said = json_string_value(json_object_get(entry, "before"));

		++*n;
		if (!said || strcmp(said, before) != 0)
			result = err_set(err, ERR_CONFIG, NULL, "%s/" KEY_AUDIT_FILE ": line %zu does not follow the "
					 "one before: something was changed or taken out above it", site->ring.folder,
					 *n);
		json_decref(entry);
		hash_line(before, line);
	}
	buf_release(&log);
	return result;
}
