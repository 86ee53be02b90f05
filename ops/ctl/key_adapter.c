/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/key_adapter.h"

#include <string.h>

#include "schema/hex.h"
#include "schema/keys_new.h"

static void file_of(char file[KEY_ADAPTER_FILE], const char *stem, const char *suffix)
{
	snprintf(file, KEY_ADAPTER_FILE, "%s.%s", stem, suffix);
}

/* Both files, each unless it is there. */
static int make_files(struct key_site *site, struct keyring_key *key, const char *stem, struct err *err)
{
	uint8_t sign_public[FRAME_SIGN_PUBLIC];
	char curve_public[41], file[KEY_ADAPTER_FILE];
	struct buf sign = BUF_INIT, curve = BUF_INIT;
	int result;

	keys_new_sign(&sign, sign_public);
	keys_new_curve(&curve, curve_public);
	file_of(file, stem, "sign");
	keyring_add_file(key, file);
	result = key_put_first(site, file, buf_slice(&sign), err);
	file_of(file, stem, "curve");
	keyring_add_file(key, file);
	if (result == 0)
		result = key_put_first(site, file, buf_slice(&curve), err);
	buf_release(&sign);
	buf_release(&curve);
	return result;
}

/* From the files, whoever made them. */
static int read_public(struct key_site *site, struct keyring_key *key, const char *stem, struct err *err)
{
	uint8_t secret[FRAME_SIGN_SECRET], *open = secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC;
	char hex[2 * FRAME_SIGN_PUBLIC + 1], file[KEY_ADAPTER_FILE];
	struct curve_pair pair;
	struct buf path = BUF_INIT;
	int result;

	file_of(file, stem, "sign");
	result = keys_load_sign(secret, keyring_path(&site->ring, file, &path), err);
	file_of(file, stem, "curve");
	if (result == 0)
		result = keys_load_curve(&pair, keyring_path(&site->ring, file, &path), err);
	if (result == 0) {
		hex_encode(hex, open, FRAME_SIGN_PUBLIC);
		snprintf(key->public_key, sizeof(key->public_key), "%s %s", hex, pair.public_key);
		fingerprint_public(key->print, slice_of(open, FRAME_SIGN_PUBLIC));
	}
	mem_wipe(secret, sizeof(secret));
	mem_wipe(&pair, sizeof(pair));
	buf_release(&path);
	return result;
}

int key_adapter_have(struct key_site *site, struct keyring_key *key, const char *stem, struct err *err)
{
	char file[KEY_ADAPTER_FILE];

	if (!key->print[0])
		return make_files(site, key, stem, err) < 0 ? -1 : read_public(site, key, stem, err);
	file_of(file, stem, "sign");
	if (key_have_own(site, key, file, err) < 0)
		return -1;
	file_of(file, stem, "curve");
	return key_have_own(site, key, file, err);
}

bool key_adapter_is_added(const struct keyring_key *key)
{
	char rotated[KEY_ADAPTER_FILE];

	snprintf(rotated, sizeof(rotated), "adapters/%s.1.sign", key->name);
	for (size_t i = 0; i < key->n_files; i++)
		if (strcmp(key->files[i], rotated) == 0)
			return false;
	return key->kind == KEY_ADAPTER && key->state == KEY_COMING && key->epoch == 1;
}

int key_adapter_public(const struct keyring_key *key, struct adapter *adapter, struct err *err)
{
	const char *text = key->public_key;

	if (hex_decode(adapter->sign_public, FRAME_SIGN_PUBLIC, text, 2 * FRAME_SIGN_PUBLIC) < 0 ||
	    strlen(text) != 2 * FRAME_SIGN_PUBLIC + 41)
		return err_set(err, ERR_CONFIG, NULL, "the inventory has no public keys of adapter %s", key->name);
	snprintf(adapter->curve_public, sizeof(adapter->curve_public), "%s", text + 2 * FRAME_SIGN_PUBLIC + 1);
	return 0;
}

int key_adapter_list_load(const struct key_site *site, struct adapter_list *list, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = adapter_list_load(list, keyring_path(&site->ring, KEY_ADAPTER_LIST, &path), err);

	buf_release(&path);
	return result;
}

struct adapter *key_adapter_find(const struct adapter_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

int key_adapter_list_give(struct key_site *site, const struct adapter_list *list, const char *print, bool gone,
			  struct err *err)
{
	static const struct {
		const char *stage, *program;
	} holders[] = { { "gateway", "tipline-gateway" }, { "classify", "tipline-classify" } };
	struct key_wish wishes[2];
	struct buf text = BUF_INIT, place = BUF_INIT;
	int result;

	adapter_list_print(list, &text);
	result = key_put_public(site, KEY_ADAPTER_LIST, buf_slice(&text), err);
	for (size_t i = 0; i < 2; i++) {
		if (result == 0 && *key_site_place(site, holders[i].program, "keys.adapters", &place))
			result = key_put_public(site, buf_text(&place), buf_slice(&text), err);
		wishes[i] = (struct key_wish){ .stage = holders[i].stage, .gone = gone };
		snprintf(wishes[i].name, sizeof(wishes[i].name), "adapter:%s", print);
	}
	buf_release(&text);
	buf_release(&place);
	return result == 0 ? key_await(site, wishes, 2, err) : -1;
}
