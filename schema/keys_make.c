/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keys_make.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ops/runtime/clock.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/keys_text.h"
#include "schema/recipients.h"
#include "schema/topics.h"
#include "schema/z85.h"

#define NAME_MAX_LENGTH 63
#define PATH_LENGTH_MAX 4096
#define DEFAULT_EPOCH 1
#define SECRET 0600
#define PUBLIC 0644

struct maker {
	const char *root; /* the temporary folder */
	const struct keys_site *site;
	unsigned epoch;
	struct err *err;
};

static int make_file(struct maker *maker, unsigned mode, struct slice content, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int make_file(struct maker *maker, unsigned mode, struct slice content, const char *fmt, ...)
{
	char path[PATH_LENGTH_MAX];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s/", maker->root);
	va_list args;
	int more;

	if (len >= sizeof(path))
		return err_set(maker->err, ERR_CONFIG, NULL, "the path of the key folder is too long");
	va_start(args, fmt);
	more = vsnprintf(path + len, sizeof(path) - len, fmt, args);
	va_end(args);
	if ((size_t)more >= sizeof(path) - len)
		return err_set(maker->err, ERR_CONFIG, NULL, "the path of the key folder is too long");
	return keys_write(path, content, mode, maker->err);
}

static int make_folder(struct maker *maker, const char *name)
{
	char path[PATH_LENGTH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", maker->root, name) >= sizeof(path))
		return err_set(maker->err, ERR_CONFIG, NULL, "the path of the key folder is too long");
	return mkdir(path, 0700) == 0 ? 0 : err_errno(maker->err, "%s", name);
}

/* An identity file as age-keygen writes it, but without the time; its recipient is given back. */
static int make_identity(struct maker *maker, struct age_recipient *recipient, const char *path)
{
	struct buf content = BUF_INIT;
	int result = keys_new_identity(&content, recipient, maker->err);

	if (result == 0)
		result = make_file(maker, SECRET, buf_slice(&content), "%s", path);
	buf_release(&content);
	return result;
}

static int make_hex(struct maker *maker, const uint8_t *key, size_t len, const char *path)
{
	struct buf content = BUF_INIT;
	int result;

	keys_hex_file(&content, key, len);
	result = make_file(maker, SECRET, buf_slice(&content), "%s", path);
	buf_release(&content);
	return result;
}

/* The root key and the first list that it signs. */
static int make_signed_list(struct maker *maker, const struct seal_recipients *to)
{
	uint8_t root[RECIPIENTS_ROOT_SECRET], root_public[RECIPIENTS_ROOT_PUBLIC];
	const uint32_t today = clock_day();
	struct recipients list = { .to = *to, .not_before = today - RECIPIENTS_SLACK_DAYS,
				   .not_after = today + RECIPIENTS_DAYS };
	char text[2 * RECIPIENTS_ROOT_PUBLIC + 2];
	struct buf file = BUF_INIT;
	int result;

	frame_sign_keypair(root_public, root);
	hex_encode(text, root_public, sizeof(root_public));
	text[2 * RECIPIENTS_ROOT_PUBLIC] = '\n';
	result = make_hex(maker, root, sizeof(root), "root.key");
	if (result == 0)
		result = make_file(maker, PUBLIC, slice_of(text, sizeof(text) - 1), "root.pub");
	if (result == 0)
		result = recipients_draft(&list, maker->err);
	if (result == 0) {
		recipients_sign(&list, root);
		recipients_write(&file, &list);
		result = make_file(maker, PUBLIC, buf_slice(&file), "recipients.json");
	}
	sodium_memzero(root, sizeof(root));
	buf_release(&file);
	return result;
}

static int make_recipients(struct maker *maker)
{
	struct seal_recipients to = { .epoch = maker->epoch };
	char path[64];

	snprintf(path, sizeof(path), "triage/%u.identity", maker->epoch);
	if (make_identity(maker, &to.triage, path) != 0 || make_identity(maker, &to.recovery, "recovery.identity") != 0 ||
	    make_identity(maker, &to.custodian, "custodian.identity") != 0)
		return -1;
	return make_signed_list(maker, &to);
}

static int make_bus_and_linkage(struct maker *maker)
{
	uint8_t key[BUS_KEY_BYTES], derived[BUS_KEY_BYTES], linkage[32];
	char path[64];
	int result;

	randombytes_buf(key, sizeof(key));
	randombytes_buf(linkage, sizeof(linkage));
	bus_derive(derived, key, TOPIC_ROUTED);
	snprintf(path, sizeof(path), "bus/%u.key", maker->epoch);
	result = make_hex(maker, key, sizeof(key), path);
	snprintf(path, sizeof(path), "bus/%u." TOPIC_ROUTED ".key", maker->epoch);
	if (result == 0)
		result = make_hex(maker, derived, sizeof(derived), path);
	if (result == 0)
		result = make_hex(maker, linkage, sizeof(linkage), "linkage.key");
	sodium_memzero(key, sizeof(key));
	sodium_memzero(derived, sizeof(derived));
	sodium_memzero(linkage, sizeof(linkage));
	return result;
}

static int make_team(struct maker *maker, const char *name)
{
	char path[NAME_MAX_LENGTH + 32], text[AGE_RECIPIENT_TEXT + 1];
	struct age_recipient recipient;
	size_t len;

	snprintf(path, sizeof(path), "teams/%s.identity", name);
	if (make_identity(maker, &recipient, path) != 0)
		return -1;
	age_recipient_text(&recipient, text);
	len = strlen(text);
	text[len] = '\n';
	return make_file(maker, PUBLIC, slice_of(text, len + 1), "teams/%s.recipient", name);
}

/* A CURVE key pair: X25519, in Z85. The public key is given back. */
static int make_curve(struct maker *maker, char public_text[Z85_KEY_TEXT + 1], const char *path)
{
	struct buf content = BUF_INIT;
	int result;

	keys_new_curve(&content, public_text);
	result = make_file(maker, SECRET, buf_slice(&content), "%s", path);
	buf_release(&content);
	return result;
}

static int make_gateway(struct maker *maker)
{
	char text[Z85_KEY_TEXT + 2];

	if (make_curve(maker, text, "gateway.curve") != 0)
		return -1;
	text[Z85_KEY_TEXT] = '\n';
	return make_file(maker, PUBLIC, slice_of(text, Z85_KEY_TEXT + 1), "gateway.curve.pub");
}

static void list_adapter(struct buf *yaml, const struct keys_site_adapter *adapter, const char *sign,
			 const char *curve)
{
	const char *separator = "";

	/* Z85 has neither quotes nor backslashes, so single quotes hold it as it is. */
	buf_printf(yaml, "  - name: %s\n    id: %u\n    sign: '%s'\n    curve: '%s'\n    channels: [", adapter->name,
		   adapter->id, sign, curve);
	for (int channel = 0; channel < N_CHANNELS; channel++) {
		if ((adapter->channels >> channel & 1) == 0)
			continue;
		buf_printf(yaml, "%s%s", separator, channel_names[channel]);
		separator = ", ";
	}
	buf_append_str(yaml, "]\n");
}

static int make_adapter(struct maker *maker, const struct keys_site_adapter *adapter, struct buf *yaml)
{
	uint8_t sign_public[FRAME_SIGN_PUBLIC], sign_secret[FRAME_SIGN_SECRET];
	char sign_text[2 * FRAME_SIGN_PUBLIC + 1], curve_text[Z85_KEY_TEXT + 1], path[NAME_MAX_LENGTH + 32];
	int result;

	frame_sign_keypair(sign_public, sign_secret);
	snprintf(path, sizeof(path), "adapters/%s.sign", adapter->name);
	result = make_hex(maker, sign_secret, sizeof(sign_secret), path);
	sodium_memzero(sign_secret, sizeof(sign_secret));
	snprintf(path, sizeof(path), "adapters/%s.curve", adapter->name);
	if (result != 0 || make_curve(maker, curve_text, path) != 0)
		return -1;
	hex_encode(sign_text, sign_public, sizeof(sign_public));
	list_adapter(yaml, adapter, sign_text, curve_text);
	return 0;
}

static int make_adapters(struct maker *maker)
{
	struct buf yaml = BUF_INIT;
	int result = 0;

	buf_append_str(&yaml, "# Who may submit tips, over which channels. No secret is in this file.\nadapters:\n");
	if (maker->site->n_adapters == 0)
		buf_append_str(&yaml, "  []\n");
	for (size_t i = 0; result == 0 && i < maker->site->n_adapters; i++)
		result = make_adapter(maker, &maker->site->adapters[i], &yaml);
	if (result == 0)
		result = make_file(maker, PUBLIC, buf_slice(&yaml), "adapters.yaml");
	buf_release(&yaml);
	return result;
}

static int make_all(struct maker *maker)
{
	static const char *const folders[] = { "triage", "bus", "teams", "adapters" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (make_folder(maker, folders[i]) != 0)
			return -1;
	if (make_recipients(maker) != 0 || make_bus_and_linkage(maker) != 0 || make_gateway(maker) != 0)
		return -1;
	for (size_t i = 0; i < maker->site->n_teams; i++)
		if (make_team(maker, maker->site->teams[i]) != 0)
			return -1;
	return make_adapters(maker);
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_LENGTH && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       name[0] != '-';
}

int keys_site_check_teams(const struct keys_site *site, struct err *err)
{
	for (size_t i = 0; i < site->n_teams; i++) {
		if (!is_name(site->teams[i]))
			return err_set(err, ERR_CONFIG, NULL, "team \"%.64s\": a name is 1 to 63 of a-z, 0-9 and -",
				       site->teams[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(site->teams[i], site->teams[k]) == 0)
				return err_set(err, ERR_CONFIG, NULL, "team %s is there twice", site->teams[i]);
	}
	return 0;
}

int keys_site_check_adapters(const struct keys_site *site, struct err *err)
{
	for (size_t i = 0; i < site->n_adapters; i++) {
		const struct keys_site_adapter *adapter = &site->adapters[i];

		if (!is_name(adapter->name))
			return err_set(err, ERR_CONFIG, NULL, "adapter \"%.64s\": a name is 1 to 63 of a-z, 0-9 and -",
				       adapter->name);
		if (adapter->channels == 0 || adapter->channels >> N_CHANNELS != 0)
			return err_set(err, ERR_CONFIG, NULL, "adapter %s: no channel, or one that is not known",
				       adapter->name);
		for (size_t k = 0; k < i; k++)
			if (adapter->id == site->adapters[k].id || strcmp(adapter->name, site->adapters[k].name) == 0)
				return err_set(err, ERR_CONFIG, NULL, "adapter %s: its id or name is there twice",
					       adapter->name);
	}
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* rename() replaces an empty folder and refuses any other. */
static int take_name(const char *temporary, const char *folder, struct err *err)
{
	if (rename(temporary, folder) == 0)
		return keys_sync_parent(folder, err);
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return err_set(err, ERR_CONFIG, NULL, "%s: is there already and is not overwritten", folder);
	return err_errno(err, "%s", folder);
}

int keys_make_site(const char *folder, const struct keys_site *site, struct err *err)
{
	char temporary[PATH_LENGTH_MAX];
	size_t len = strlen(folder);
	struct maker maker = { temporary, site, site->epoch != 0 ? site->epoch : DEFAULT_EPOCH, err };

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (keys_site_check_teams(site, err) != 0 || keys_site_check_adapters(site, err) != 0)
		return -1;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%.*s.XXXXXX", (int)len, folder) >= sizeof(temporary))
		return err_set(err, ERR_CONFIG, NULL, "the path of the key folder is too long");
	if (mkdtemp(temporary) == NULL)
		return err_errno(err, "%s", folder);
	if (make_all(&maker) == 0 && take_name(temporary, folder, err) == 0)
		return 0;
	nftw(temporary, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return -1;
}
