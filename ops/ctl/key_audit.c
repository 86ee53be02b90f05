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
#define BEFORE_TEXT KEYRING_LOG_HASH

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

/* What the log has, and whether that goes as far as the inventory knows. */
struct standing {
	size_t n, len; /* whole lines, and their bytes: what a crash cut short behind them is nobody's word */
	char last[BEFORE_TEXT];
	bool held;
};

static struct standing look(const struct key_site *site, const struct buf *log)
{
	struct slice rest = buf_slice(log), line;
	struct standing standing = { .held = site->ring.log_lines == 0 };

	hash_line(standing.last, slice_of(NULL, 0));
	while (rest.len > 0 && memchr(rest.data, '\n', rest.len) && next_line(&rest, &line)) {
		standing.len += line.len + 1;
		hash_line(standing.last, line);
		if (++standing.n == site->ring.log_lines)
			standing.held = strcmp(standing.last, site->ring.log_last) == 0;
	}
	return standing;
}

/* In one write, so that two lines never mix; then on the disk. What could not be written whole is taken back. */
static int append(const struct key_site *site, size_t len, struct slice line, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd = open(keyring_path(&site->ring, KEY_AUDIT_FILE, &path), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		0600);
	int result = 0;

	if (fd < 0 || ftruncate(fd, (off_t)len) != 0 || write(fd, line.data, line.len) != (ssize_t)line.len ||
	    fsync(fd) != 0)
		result = err_errno(err, "%s: cannot write the audit log", buf_text(&path));
	if (result != 0 && fd >= 0)
		(void)!ftruncate(fd, (off_t)len);
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return result;
}

static int add_line(struct key_site *site, struct standing *standing, json_t *entry, struct err *err)
{
	struct buf line = BUF_INIT;
	char *text;
	int result;

	json_object_set_new(entry, "before", json_string(standing->last));
	text = json_dumps(entry, JSON_COMPACT);
	buf_printf(&line, "%s\n", text);
	result = append(site, standing->len, buf_slice(&line), err);
	if (result == 0) {
		standing->n++;
		standing->len += line.len;
		hash_line(standing->last, slice_of(line.data, line.len - 1));
		site->ring.log_lines = standing->n;
		memcpy(site->ring.log_last, standing->last, sizeof(standing->last));
	}
	free(text);
	json_decref(entry);
	buf_release(&line);
	return result;
}

static json_t *entry_of(const struct key_site *site, const char *did, const char *label, const char *print,
			const char *detail)
{
	char day[CLOCK_DAY_TEXT];

	clock_day_text(day, clock_day());
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:o}", "day", day, "by",
			 json_string(site->by) ?: json_string("(not UTF-8)"), "did", did, "key", label, "fingerprint", print,
			 "detail", json_string(detail ? detail : "") ?: json_string("(not UTF-8)"), "login",
			 json_string(site->login) ?: json_string("(not UTF-8)"));
}

int key_audit(struct key_site *site, const char *did, const struct keyring_key *key, const char *detail,
	      struct err *err)
{
	char label[KEY_NAME_MAX + 32], cut[96];
	struct buf log = BUF_INIT;
	struct standing standing;
	int result = read_log(site, &log, err);

	if (result == 0) {
		standing = look(site, &log);
		if (!standing.held) {
			snprintf(cut, sizeof(cut), "of %zu lines that the inventory counts the last is not there",
				 site->ring.log_lines);
			result = add_line(site, &standing, entry_of(site, "log-cut", KEY_AUDIT_FILE, "", cut), err);
		}
		keyring_label(key, label);
		if (result == 0)
			result = add_line(site, &standing, entry_of(site, did, label, key->print, detail), err);
	}
	buf_release(&log);
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
	if (result == 0 && !look(site, &log).held)
		result = err_set(err, ERR_CONFIG, NULL, "%s/" KEY_AUDIT_FILE ": has %zu lines, and the inventory counts %zu, "
				 "of which the last is not there: its end was cut off, or exchanged", site->ring.folder, *n,
				 site->ring.log_lines);
	buf_release(&log);
	return result;
}
