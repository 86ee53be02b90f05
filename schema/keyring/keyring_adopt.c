/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of a folder that has none yet, made of the files in it. A file that is no key is an error. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "schema/hex.h"
#include "schema/keyring/keyring.h"
#include "schema/keys.h"
#include "schema/recipients.h"
#include "schema/linkage.h"
#include "schema/topics.h"

#define DAY_SECONDS 86400

static bool is_there(const struct keyring *ring, const char *file)
{
	struct buf path = BUF_INIT;
	bool there = access(keyring_path(ring, file, &path), F_OK) == 0;

	buf_release(&path);
	return there;
}

/* In use since its file was made, as far as the file tells. */
static struct keyring_key *add_active(struct keyring *ring, enum key_kind kind, const char *name, unsigned epoch,
				      const char *file)
{
	struct keyring_key *key = keyring_find(ring, kind, name, epoch);
	struct buf path = BUF_INIT;
	struct stat st;

	if (!key) {
		key = keyring_add(ring, kind, name, epoch);
		key->state = KEY_ACTIVE;
		key->from = stat(keyring_path(ring, file, &path), &st) == 0 ? st.st_mtime / DAY_SECONDS : clock_day();
		key->until = key_kinds[kind].days ? key->from + key_kinds[kind].days : 0;
	}
	if (is_there(ring, file))
		keyring_add_file(key, file);
	buf_release(&path);
	return key;
}

/* The names that begin with a number, or any, and end so; sorted by scandir. Calls for each, without the suffix. */
static int each_file(struct keyring *ring, const char *folder, const char *suffix,
		     int (*each)(struct keyring *ring, const char *file, const char *stem, struct err *err),
		     struct err *err)
{
	struct buf path = BUF_INIT, file = BUF_INIT;
	struct dirent **entries;
	int n = scandir(keyring_path(ring, folder, &path), &entries, NULL, alphasort), result = 0;

	buf_release(&path);
	if (n < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s/%s", ring->folder, folder);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name), end = strlen(suffix);

		if (result == 0 && name[0] != '.' && len > end && strcmp(name + len - end, suffix) == 0) {
			char stem[KEY_NAME_MAX];

			buf_clear(&file);
			buf_printf(&file, "%s/%s", folder, name);
			if ((size_t)snprintf(stem, sizeof(stem), "%.*s", (int)(len - end), name) >= sizeof(stem))
				result = err_set(err, ERR_CONFIG, NULL, "%s/%s: the name is too long", ring->folder,
					buf_text(&file));
			else
				result = each(ring, buf_text(&file), stem, err);
		}
		free(entries[i]);
	}
	free(entries);
	buf_release(&file);
	return result;
}

static int adopt_triage(struct keyring *ring, const char *file, const char *stem, struct err *err)
{
	unsigned epoch = (unsigned)strtoul(stem, NULL, 10);
	struct age_recipient recipient;
	struct identity_set set;
	struct buf path = BUF_INIT;
	int result = identity_set_load(&set, keyring_path(ring, file, &path), err);

	if (result == 0) {
		age_identity_recipient(set.items[0], &recipient);
		keyring_set_recipient(add_active(ring, KEY_TRIAGE, "", epoch ? epoch : keyring_next_epoch(ring, KEY_TRIAGE,
			""), file),
			      &recipient);
		identity_set_release(&set);
	}
	buf_release(&path);
	return result;
}

/* EPOCH.key; the derived ones, EPOCH.TOPIC.key, lie beside it and go with it. */
static int adopt_bus(struct keyring *ring, const char *file, const char *stem, struct err *err)
{
	struct keyring_key *entry;
	struct buf path = BUF_INIT;
	uint8_t key[BUS_KEY_BYTES];
	char derived[KEY_NAME_MAX + 32], *end;
	unsigned long epoch = strtoul(stem, &end, 10);
	int result = 0;

	if (*end || epoch < 1 || epoch > UINT8_MAX)
		return 0;
	result = keys_load_hex32(key, keyring_path(ring, file, &path), err);
	if (result == 0) {
		entry = add_active(ring, KEY_BUS, "", (unsigned)epoch, file);
		fingerprint_secret(entry->print, "bus", slice_of(key, sizeof(key)));
		snprintf(derived, sizeof(derived), "bus/%s." TOPIC_ROUTED ".key", stem);
		if (is_there(ring, derived))
			keyring_add_file(entry, derived);
	}
	mem_wipe(key, sizeof(key));
	buf_release(&path);
	return result;
}

/* The identity may be with the team by now. */
static int adopt_team(struct keyring *ring, const char *file, const char *stem, struct err *err)
{
	struct age_recipient recipient;
	struct keyring_key *key;
	struct buf path = BUF_INIT;
	char identity[KEY_NAME_MAX + 32];
	int result = keys_load_recipient(&recipient, keyring_path(ring, file, &path), err);

	if (result == 0) {
		key = add_active(ring, KEY_TEAM, stem, 1, file);
		keyring_drop_file(key, 0); /* the recipient is no secret: nobody destroys it */
		keyring_set_recipient(key, &recipient);
		snprintf(identity, sizeof(identity), "teams/%s.identity", stem);
		add_active(ring, KEY_TEAM, stem, 1, identity);
	}
	buf_release(&path);
	return result;
}

static int adopt_adapters(struct keyring *ring, struct err *err)
{
	static const char *const suffixes[] = { "sign", "curve" };
	struct adapter_list list;
	struct buf path = BUF_INIT;
	int result = adapter_list_load(&list, keyring_path(ring, "adapters.yaml", &path), err);

	for (size_t i = 0; result == 0 && i < list.n; i++) {
		struct keyring_key *key = NULL;
		char file[KEY_NAME_MAX + 32], sign[2 * FRAME_SIGN_PUBLIC + 1];

		for (size_t k = 0; k < 2; k++) {
			snprintf(file, sizeof(file), "adapters/%s.%s", list.items[i].name, suffixes[k]);
			key = add_active(ring, KEY_ADAPTER, list.items[i].name, 1, file);
		}
		hex_encode(sign, list.items[i].sign_public, FRAME_SIGN_PUBLIC);
		snprintf(key->public_key, sizeof(key->public_key), "%s %s", sign, list.items[i].curve_public);
		fingerprint_public(key->print, slice_of(list.items[i].sign_public, FRAME_SIGN_PUBLIC));
		if (list.items[i].revoked)
			key->state = KEY_RETIRED;
	}
	if (result == 0)
		adapter_list_release(&list);
	buf_release(&path);
	return result;
}

/* The offline keys are known by the list of recipients, whether their secret half is here or not. */
static int adopt_recipients(struct keyring *ring, struct err *err)
{
	struct recipients list;
	struct buf path = BUF_INIT;
	int result = 0;

	if (is_there(ring, "recipients.json")) {
		result = recipients_load(&list, keyring_path(ring, "recipients.json", &path), err);
		if (result == 0) {
			keyring_set_recipient(add_active(ring, KEY_RECOVERY, "", 1, "recovery.identity"), &list.to.recovery);
			keyring_set_recipient(add_active(ring, KEY_CUSTODIAN, "", 1, "custodian.identity"), &list.to.custodian);
		}
	}
	buf_release(&path);
	return result;
}

static int adopt_root(struct keyring *ring, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct keyring_key *key;
	struct buf path = BUF_INIT;
	int result = 0;

	if (is_there(ring, "root.pub")) {
		result = keys_load_root_public(root, keyring_path(ring, "root.pub", &path), err);
		if (result == 0) {
			key = add_active(ring, KEY_ROOT, "", 1, "root.key");
			hex_encode(key->public_key, root, sizeof(root));
			fingerprint_public(key->print, slice_of(root, sizeof(root)));
		}
	}
	buf_release(&path);
	return result;
}

static int adopt_linkage(struct keyring *ring, struct err *err)
{
	struct linkage secret;
	struct keyring_key *key;
	struct buf path = BUF_INIT;
	int result = 0;

	if (is_there(ring, "linkage.key")) {
		result = linkage_load(&secret, keyring_path(ring, "linkage.key", &path), err);
		if (result == 0) {
			key = add_active(ring, KEY_LINKAGE, "", 1, "linkage.key");
			linkage_fingerprint(&secret, key->print);
		}
		mem_wipe(&secret, sizeof(secret));
	}
	buf_release(&path);
	return result;
}

static int adopt_gateway(struct keyring *ring, struct err *err)
{
	char text[41];
	struct keyring_key *key;
	struct buf path = BUF_INIT;
	int result = 0;

	if (is_there(ring, "gateway.curve.pub")) {
		result = keys_load_curve_public(text, keyring_path(ring, "gateway.curve.pub", &path), err);
		if (result == 0) {
			key = add_active(ring, KEY_GATEWAY, "", 1, "gateway.curve");
			snprintf(key->public_key, sizeof(key->public_key), "%s", text);
			fingerprint_public(key->print, slice_str(text));
		}
	}
	buf_release(&path);
	return result;
}

/* Of several epochs only the newest is for what is new. */
static void settle_epochs(struct keyring *ring)
{
	for (size_t i = 0; i + 1 < ring->n; i++)
		if (ring->keys[i]->state == KEY_ACTIVE && ring->keys[i]->kind == ring->keys[i + 1]->kind &&
		    strcmp(ring->keys[i]->name, ring->keys[i + 1]->name) == 0)
			ring->keys[i]->state = KEY_OVERLAP;
}

int keyring_adopt(struct keyring *ring, struct err *err)
{
	static int (*const whole[])(struct keyring *, struct err *) = { adopt_root, adopt_recipients, adopt_linkage,
									adopt_gateway, adopt_adapters };

	if (!is_there(ring, "adapters.yaml") || !is_there(ring, "bus"))
		return err_set(err, ERR_CONFIG, NULL, "%s: neither an inventory (" KEYRING_FILE ") nor the keys of a "
			       "site in it: name the folder that `tipctl keys init` made", ring->folder);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (whole[i](ring, err) < 0)
			return -1;
	if (each_file(ring, "triage", ".identity", adopt_triage, err) < 0 ||
	    each_file(ring, "bus", ".key", adopt_bus, err) < 0 ||
	    each_file(ring, "teams", ".recipient", adopt_team, err) < 0)
		return -1;
	settle_epochs(ring);
	return 0;
}

