/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter's new pair of keys, and the end of one. The list of adapters gets the new public keys with the old ones
 * beside them (`former`), so that what the adapter has signed and spooled goes on being taken; when gateway and
 * classify say that they have the list, the adapter's files are exchanged, and it is started again. `keys retire
 * adapter` takes the former keys off the list. `keys revoke adapter` marks the adapter, and neither key is taken any
 * more.
 */
#include <string.h>

#include "ops/ctl/key_adapter.h"
#include "ops/ctl/keys_rotate.h"

struct rotation {
	struct key_site *site;
	struct keyring_key *key;
	struct adapter_list list;
	struct adapter *adapter; /* of the list */
};

static int open_list(struct rotation *rotation, const char *name, struct err *err)
{
	if (key_adapter_list_load(rotation->site, &rotation->list, err) < 0)
		return -1;
	rotation->adapter = key_adapter_find(&rotation->list, name);
	if (rotation->adapter)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "there is no adapter \"%.64s\" on the list: `tipctl keys list` shows those "
		       "that there are; `tipctl keys add adapter NAME:CHANNEL` adds one", name);
}

static int give_list(struct rotation *rotation, const char *print, bool gone, struct err *err)
{
	return key_adapter_list_give(rotation->site, &rotation->list, print, gone, err);
}

static void own_stem(const struct rotation *rotation, char stem[KEY_ADAPTER_STEM])
{
	snprintf(stem, KEY_ADAPTER_STEM, "adapters/%s.%u", rotation->key->name, rotation->key->epoch);
}

static int have_keys(struct rotation *rotation, struct err *err)
{
	const bool known = rotation->key->print[0];
	char stem[KEY_ADAPTER_STEM];

	own_stem(rotation, stem);
	if (key_adapter_have(rotation->site, rotation->key, stem, err) < 0)
		return -1;
	return known ? 0 : key_enter(rotation->site, rotation->key, NULL, err);
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

	if (key_adapter_public(rotation->key, &fresh, err) < 0)
		return -1;
	if (memcmp(fresh.sign_public, adapter->sign_public, FRAME_SIGN_PUBLIC) == 0)
		return 0;
	if (adapter->has_former)
		return say_former(adapter, err);
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
	char stem[KEY_ADAPTER_STEM], from[KEY_ADAPTER_FILE], to[KEY_ADAPTER_FILE];
	int result = 0;

	own_stem(rotation, stem);
	for (size_t i = 0; i < 2 && result == 0; i++) {
		snprintf(from, sizeof(from), "%s.%s", stem, suffixes[i]);
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

/* What the list has is its first key, which not everybody has taken up yet. */
static bool is_being_added(const struct rotation *rotation)
{
	char print[FINGERPRINT_TEXT];

	fingerprint_public(print, slice_of(rotation->adapter->sign_public, FRAME_SIGN_PUBLIC));
	return rotation->key && key_adapter_is_added(rotation->key) && strcmp(print, rotation->key->print) == 0;
}

int keys_rotate_adapter(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct rotation rotation = { .site = site };
	int result = open_list(&rotation, name, err);

	if (result == 0 && rotation.adapter->revoked)
		result = err_set(err, ERR_CONFIG, NULL, "adapter %s is revoked. To take it back with new keys, take its "
				 "line \"revoked: true\" out of %s/" KEY_ADAPTER_LIST " and run the same command again at "
				 "once; the keys that it had stay refused", name, site->ring.folder);
	rotation.key = keyring_in_state(&site->ring, KEY_ADAPTER, name, KEY_COMING);
	if (result == 0 && is_being_added(&rotation))
		result = err_set(err, ERR_CONFIG, NULL, "adapter %s is being added: run `tipctl keys add adapter` again, as it "
				 "was called; it goes on from there", name);
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
