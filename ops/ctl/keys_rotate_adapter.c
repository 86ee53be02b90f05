/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter's new pair of keys, and the end of one. The list of adapters gets the new public keys with the old ones
 * beside them (`former`), so that what the adapter has signed and spooled goes on being taken; when gateway and
 * classify say that they have the list, the adapter's files are exchanged, and it is started again. `keys retire
 * adapter` takes the former keys off the list. `keys revoke adapter` marks the adapter, and neither key is taken any
 * more.
 */
#include <string.h>

#include "ops/ctl/keys_rotate.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"

#define LIST "adapters.yaml"

struct rotation {
	struct key_site *site;
	struct keyring_key *key;
	struct adapter_list list;
	struct adapter *adapter; /* of the list */
};

static int open_list(struct rotation *rotation, const char *name, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = adapter_list_load(&rotation->list, keyring_path(&rotation->site->ring, LIST, &path), err);

	buf_release(&path);
	for (size_t i = 0; result == 0 && i < rotation->list.n; i++)
		if (strcmp(rotation->list.items[i].name, name) == 0)
			rotation->adapter = &rotation->list.items[i];
	if (result == 0 && !rotation->adapter)
		return err_set(err, ERR_CONFIG, NULL, "there is no adapter \"%.64s\" on the list", name);
	return result;
}

/* Everywhere, and waited for: `gone` whether the name must have left. */
static int give_list(struct rotation *rotation, const char *print, bool gone, struct err *err)
{
	static const struct {
		const char *stage, *program;
	} holders[] = { { "gateway", "tipline-gateway" }, { "classify", "tipline-classify" } };
	struct key_wish wishes[2];
	struct buf text = BUF_INIT, place = BUF_INIT;
	int result;

	adapter_list_print(&rotation->list, &text);
	result = key_put_public(rotation->site, LIST, buf_slice(&text), err);
	for (size_t i = 0; i < 2; i++) {
		if (result == 0 && *key_site_place(rotation->site, holders[i].program, "keys.adapters", &place))
			result = key_put_public(rotation->site, buf_text(&place), buf_slice(&text), err);
		wishes[i] = (struct key_wish){ .stage = holders[i].stage, .gone = gone };
		snprintf(wishes[i].name, sizeof(wishes[i].name), "adapter:%s", print);
	}
	buf_release(&text);
	buf_release(&place);
	return result == 0 ? key_await(rotation->site, wishes, 2, err) : -1;
}

static void own_file(const struct rotation *rotation, char file[KEY_NAME_MAX + 48], const char *suffix)
{
	snprintf(file, KEY_NAME_MAX + 48, "adapters/%s.%u.%s", rotation->key->name, rotation->key->epoch, suffix);
}

/* One of the two files, unless it is there. */
static int put_first(struct rotation *rotation, const char *suffix, const struct buf *content, struct err *err)
{
	char file[KEY_NAME_MAX + 48];

	own_file(rotation, file, suffix);
	keyring_add_file(rotation->key, file);
	return key_put_first(rotation->site, file, buf_slice(content), err);
}

static int enter(struct rotation *rotation, struct err *err)
{
	uint8_t secret[FRAME_SIGN_SECRET], *open = secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC;
	char hex[2 * FRAME_SIGN_PUBLIC + 1], file[KEY_NAME_MAX + 48];
	struct keyring_key *key = rotation->key;
	struct curve_pair pair;
	struct buf path = BUF_INIT;
	int result;

	own_file(rotation, file, "sign");
	result = keys_load_sign(secret, keyring_path(&rotation->site->ring, file, &path), err);
	own_file(rotation, file, "curve");
	if (result == 0)
		result = keys_load_curve(&pair, keyring_path(&rotation->site->ring, file, &path), err);
	if (result == 0) {
		hex_encode(hex, open, FRAME_SIGN_PUBLIC);
		snprintf(key->public_key, sizeof(key->public_key), "%s %s", hex, pair.public_key);
		fingerprint_public(key->print, slice_of(open, FRAME_SIGN_PUBLIC));
		result = key_enter(rotation->site, key, NULL, err);
	}
	mem_wipe(secret, sizeof(secret));
	mem_wipe(&pair, sizeof(pair));
	buf_release(&path);
	return result;
}

/* Of an entry that an interrupted rotation left, of its files alone, or new. */
static int have_keys(struct rotation *rotation, struct err *err)
{
	struct buf sign = BUF_INIT, curve = BUF_INIT;
	uint8_t sign_public[FRAME_SIGN_PUBLIC];
	char curve_public[41], file[KEY_NAME_MAX + 48];
	int result;

	if (rotation->key->print[0]) {
		own_file(rotation, file, "sign");
		if (key_have_own(rotation->site, rotation->key, file, err) < 0)
			return -1;
		own_file(rotation, file, "curve");
		return key_have_own(rotation->site, rotation->key, file, err);
	}
	keys_new_sign(&sign, sign_public);
	keys_new_curve(&curve, curve_public);
	result = put_first(rotation, "sign", &sign, err);
	if (result == 0)
		result = put_first(rotation, "curve", &curve, err);
	buf_release(&sign);
	buf_release(&curve);
	return result == 0 ? enter(rotation, err) : -1;
}

static int say_former(const struct adapter *adapter, struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "adapter %s still has former keys from the last rotation: `tipctl keys "
		       "retire adapter %s` first, once its spool is empty", adapter->name, adapter->name);
}

/* Revoked ones are, and stay so when the adapter is taken back. */
static bool is_retired(const struct rotation *rotation, const uint8_t sign_public[FRAME_SIGN_PUBLIC])
{
	const struct keyring *ring = &rotation->site->ring;
	char print[FINGERPRINT_TEXT];

	fingerprint_public(print, slice_of(sign_public, FRAME_SIGN_PUBLIC));
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i]->kind == KEY_ADAPTER && ring->keys[i]->state == KEY_RETIRED &&
		    strcmp(ring->keys[i]->print, print) == 0)
			return true;
	return false;
}

/* The keys in force become the former ones, unless the list has the new ones already. */
static int enter_keys(struct rotation *rotation, struct err *err)
{
	struct adapter *adapter = rotation->adapter, fresh = *adapter;
	const char *text = rotation->key->public_key;

	if (hex_decode(fresh.sign_public, FRAME_SIGN_PUBLIC, text, 2 * FRAME_SIGN_PUBLIC) < 0 ||
	    strlen(text) != 2 * FRAME_SIGN_PUBLIC + 41)
		return err_set(err, ERR_CONFIG, NULL, "the inventory has no public keys of adapter %s", adapter->name);
	if (memcmp(fresh.sign_public, adapter->sign_public, FRAME_SIGN_PUBLIC) == 0)
		return 0;
	if (adapter->has_former)
		return say_former(adapter, err);
	snprintf(fresh.curve_public, sizeof(fresh.curve_public), "%s", text + 2 * FRAME_SIGN_PUBLIC + 1);
	fresh.has_former = !is_retired(rotation, adapter->sign_public);
	memcpy(fresh.former_sign, adapter->sign_public, FRAME_SIGN_PUBLIC);
	memcpy(fresh.former_curve, adapter->curve_public, sizeof(fresh.former_curve));
	*adapter = fresh;
	return 0;
}

/* A file that bears the new key now is none of the older ones'. */
static void forget_file(struct rotation *rotation, const char *file)
{
	const struct keyring *ring = &rotation->site->ring;

	for (size_t i = 0; i < ring->n; i++) {
		struct keyring_key *key = ring->keys[i];

		if (key == rotation->key || key->kind != KEY_ADAPTER || strcmp(key->name, rotation->key->name) != 0)
			continue;
		for (size_t k = key->n_files; k > 0; k--)
			if (strcmp(key->files[k - 1], file) == 0)
				keyring_drop_file(key, k - 1);
	}
}

/* The adapter's own names get the new keys; the old ones are gone with the rename. */
static int exchange_files(struct rotation *rotation, struct err *err)
{
	static const char *const suffixes[] = { "sign", "curve" };
	struct buf content = BUF_INIT, path = BUF_INIT;
	char from[KEY_NAME_MAX + 48], to[KEY_NAME_MAX + 48];
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		own_file(rotation, from, suffixes[i]);
		snprintf(to, sizeof(to), "adapters/%s.%s", rotation->key->name, suffixes[i]);
		buf_clear(&content);
		keyring_add_file(rotation->key, to);
		result = key_get(rotation->site, from, &content, err);
		if (result == 0)
			result = keyring_save(&rotation->site->ring, err);
		if (result == 0)
			result = keys_replace(keyring_path(&rotation->site->ring, to, &path), buf_slice(&content), 0600, err);
		if (result == 0)
			forget_file(rotation, to);
	}
	buf_release(&content);
	buf_release(&path);
	return result;
}

static int rotate(struct rotation *rotation, struct err *err)
{
	struct keyring_key *old = keyring_in_state(&rotation->site->ring, KEY_ADAPTER, rotation->key->name, KEY_ACTIVE);

	if (have_keys(rotation, err) < 0 || enter_keys(rotation, err) < 0 ||
	    give_list(rotation, rotation->key->print, false, err) < 0 || exchange_files(rotation, err) < 0)
		return -1;
	while (old && old->n_files > 0) /* they bear the new key now */
		keyring_drop_file(old, 0);
	return key_change_states(rotation->site, (struct key_change[]){ { old, KEY_OVERLAP, "overlap" },
									{ rotation->key, KEY_ACTIVE, "activate" } }, 2, err);
}

int keys_rotate_adapter(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct rotation rotation = { .site = site };
	int result = open_list(&rotation, name, err);

	if (result == 0 && rotation.adapter->revoked)
		result = err_set(err, ERR_CONFIG, NULL, "adapter %s is revoked. To take it back with new keys, take its "
				 "line \"revoked: true\" out of %s/" LIST " and run the same command again at once; the keys "
				 "that it had stay refused", name, site->ring.folder);
	rotation.key = keyring_in_state(&site->ring, KEY_ADAPTER, name, KEY_COMING);
	if (result == 0 && !rotation.key && rotation.adapter->has_former) /* before anything is entered */
		result = say_former(rotation.adapter, err);
	if (result == 0) {
		if (!rotation.key)
			rotation.key = keyring_add(&site->ring, KEY_ADAPTER, name,
						   keyring_next_epoch(&site->ring, KEY_ADAPTER, name));
		result = rotate(&rotation, err);
	}
	out->note = "Bring the adapter its two files and start it again.";
	if (result == 0 && rotation.adapter->has_former)
		out->note = "Bring the adapter its two files and start it again. What it signed before is taken until "
			    "`tipctl keys retire adapter NAME`.";
	adapter_list_release(&rotation.list);
	return result;
}

/*
 * What is to end: the list's former key, and the inventory's; where one of the two has none, the other counts. Not
 * while a rotation is under way: the adapter may have nothing but its former key yet.
 */
static int find_former(struct rotation *rotation, struct keyring_key *former, struct err *err)
{
	const struct keyring *ring = &rotation->site->ring;
	const struct adapter *adapter = rotation->adapter;
	const struct keyring_key *coming = keyring_in_state(ring, KEY_ADAPTER, adapter->name, KEY_COMING);
	const struct keyring_key *known = keyring_in_state(ring, KEY_ADAPTER, adapter->name, KEY_OVERLAP);
	char print[FINGERPRINT_TEXT];

	fingerprint_public(print, slice_of(adapter->sign_public, FRAME_SIGN_PUBLIC));
	if (coming && strcmp(coming->print, print) == 0)
		return err_set(err, ERR_CONFIG, NULL, "the rotation of adapter %s is not finished: `tipctl keys rotate adapter "
			       "%s` first", adapter->name, adapter->name);
	if (!known && !adapter->has_former)
		return err_set(err, ERR_CONFIG, NULL, "adapter %s has no former key", adapter->name);
	*former = (struct keyring_key){ .kind = KEY_ADAPTER };
	snprintf(former->name, sizeof(former->name), "%s", adapter->name);
	if (adapter->has_former)
		fingerprint_public(former->print, slice_of(adapter->former_sign, FRAME_SIGN_PUBLIC));
	else if (known)
		memcpy(former->print, known->print, sizeof(former->print));
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i]->kind == KEY_ADAPTER && strcmp(ring->keys[i]->name, former->name) == 0 &&
		    strcmp(ring->keys[i]->print, former->print) == 0)
			former->epoch = ring->keys[i]->epoch;
	return 0;
}

int keys_retire_adapter(struct key_site *site, const char *name, struct err *err)
{
	struct rotation rotation = { .site = site };
	struct keyring_key former, *left;
	int result = open_list(&rotation, name, err);

	if (result == 0)
		result = find_former(&rotation, &former, err);
	if (result == 0) {
		rotation.adapter->has_former = false;
		result = key_audit(site, "retiring", &former, NULL, err);
	}
	if (result == 0)
		result = keyring_save(&site->ring, err);
	if (result == 0)
		result = give_list(&rotation, former.print, true, err);
	adapter_list_release(&rotation.list);
	while (result == 0 && (left = keyring_in_state(&site->ring, KEY_ADAPTER, name, KEY_OVERLAP)) != NULL)
		result = key_set_state(site, left, KEY_RETIRED, "retire", err);
	return result;
}

/* All keys of the adapter that are not retired: said in the log, and when told so retired. */
static int end_keys(struct key_site *site, const char *name, const char *did, bool retire, struct err *err)
{
	for (size_t i = 0; i < site->ring.n; i++) {
		struct keyring_key *key = site->ring.keys[i];

		if (key->kind != KEY_ADAPTER || strcmp(key->name, name) != 0 || key->state == KEY_RETIRED)
			continue;
		if ((retire ? key_set_state(site, key, KEY_RETIRED, did, err) : key_audit(site, did, key, NULL, err)) < 0)
			return -1;
	}
	return 0;
}

int keys_revoke_adapter(struct key_site *site, const char *name, struct err *err)
{
	struct rotation rotation = { .site = site };
	int result = open_list(&rotation, name, err);
	char print[FINGERPRINT_TEXT];

	/* Before and after: whether gateway and classify answer or not, it is in the log from the moment it holds. */
	if (result == 0)
		result = end_keys(site, name, "revoking", false, err);
	if (result == 0) {
		rotation.adapter->revoked = true;
		rotation.adapter->has_former = false;
		fingerprint_public(print, slice_of(rotation.adapter->sign_public, FRAME_SIGN_PUBLIC));
		result = give_list(&rotation, print, true, err);
	}
	adapter_list_release(&rotation.list);
	return result == 0 ? end_keys(site, name, "revoke", true, err) : -1;
}
