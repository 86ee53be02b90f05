/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys add: another adapter for a site that runs. Its keys come first, then the inventory's entry, then the list
 * of adapters, which gateway and classify take up by themselves; when both say so, the adapter is active. A name or a
 * number is never given twice: tips on their way, parked or stored say by it who took them down.
 */
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/adapter_spec.h"
#include "ops/ctl/key_adapter.h"
#include "schema/tip.h"

struct addition {
	struct key_site *site;
	struct keyring_key *key;     /* NULL until it is made, unless an interrupted run left it */
	struct adapter_list list;
	struct adapter *listed;      /* of the list, likewise */
	struct adapter adapter;      /* as it stands, or will stand, there */
};

static void print_channels(struct buf *text, uint32_t channels)
{
	const char *separator = "";

	for (int i = 0; i < N_CHANNELS; i++) {
		if (!(channels >> i & 1))
			continue;
		buf_printf(text, "%s%s", separator, channel_names[i]);
		separator = "+";
	}
}

static bool is_known(const struct keyring *ring, const char *name)
{
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i]->kind == KEY_ADAPTER && strcmp(ring->keys[i]->name, name) == 0)
			return true;
	return false;
}

static int check_name(const struct addition *addition, const char *name, struct err *err)
{
	const struct adapter *listed = addition->listed;

	if (listed)
		return err_set(err, ERR_CONFIG, NULL, "there is an adapter %s already, of number %u%s: `tipctl keys rotate "
			       "adapter %s` %s", name, listed->id, listed->revoked ? ", which was revoked" : "", name,
			       listed->revoked ? "says how to take it back with new keys" : "gives it new keys");
	if (!addition->key && is_known(&addition->site->ring, name))
		return err_set(err, ERR_CONFIG, NULL, "there was an adapter %s, whose lines are no longer in %s/"
			       KEY_ADAPTER_LIST ": put them back there, or take another name, since none is given twice", name,
			       addition->site->ring.folder);
	return 0;
}

/* One above the highest, as long as there is one: what was once in use stays on the list. */
static uint16_t next_id(const struct adapter_list *list)
{
	unsigned highest = list->n ? list->items[list->n - 1].id : 0, id = 1;

	if (highest < UINT16_MAX)
		return (uint16_t)(highest + 1);
	while (adapter_list_find(list, (uint16_t)id))
		id++; /* there are fewer adapters than numbers */
	return (uint16_t)id;
}

/* Before anything is made: name and number are free, and there is room. */
static int find_place(struct addition *addition, const struct keys_site_adapter *spec, struct err *err)
{
	const struct adapter_list *list = &addition->list;
	const struct adapter *other = adapter_list_find(list, spec->id);

	if (check_name(addition, spec->name, err) < 0)
		return -1;
	if (spec->id && other)
		return err_set(err, ERR_CONFIG, NULL, "%u is the number of adapter %s%s, and none is given twice: take "
			       "another, or leave it out for the next free one", spec->id, other->name,
			       other->revoked ? ", which was revoked" : "");
	if (list->n >= ADAPTER_LIST_MAX || (!addition->key && addition->site->ring.n >= KEYRING_KEYS_MAX))
		return err_set(err, ERR_CONFIG, NULL, "%s: there is room for %d adapters and for %d keys, and none is left: "
			       "use one of the adapters that there are", addition->site->ring.folder, ADAPTER_LIST_MAX,
			       KEYRING_KEYS_MAX);
	addition->adapter.id = spec->id ? spec->id : next_id(list);
	addition->adapter.channels = spec->channels;
	snprintf(addition->adapter.name, sizeof(addition->adapter.name), "%s", spec->name);
	return 0;
}

/* An interrupted run has put it on the list: what is asked now must be the same. */
static int take_place(struct addition *addition, const struct keys_site_adapter *spec, struct err *err)
{
	struct buf channels = BUF_INIT;
	int result = 0;

	addition->adapter = *addition->listed;
	print_channels(&channels, addition->adapter.channels);
	if ((spec->id && spec->id != addition->adapter.id) || spec->channels != addition->adapter.channels)
		result = err_set(err, ERR_CONFIG, NULL, "adapter %s was begun to be added as another: finish it, `tipctl keys "
				 "add adapter %s:%u:%s`", spec->name, spec->name, addition->adapter.id, buf_text(&channels));
	buf_release(&channels);
	return result;
}

/* Whether the list has it of an interrupted run, and not otherwise. */
static bool was_begun(const struct addition *addition)
{
	struct adapter own = { .id = 0 };

	return addition->key && addition->listed && !addition->listed->revoked &&
	       key_adapter_public(addition->key, &own, NULL) == 0 &&
	       memcmp(own.sign_public, addition->listed->sign_public, FRAME_SIGN_PUBLIC) == 0;
}

static int begin(struct addition *addition, const struct keys_site_adapter *spec, struct err *err)
{
	addition->key = keyring_in_state(&addition->site->ring, KEY_ADAPTER, spec->name, KEY_COMING);
	if (addition->key && !key_adapter_is_added(addition->key))
		addition->key = NULL;
	if (key_adapter_list_load(addition->site, &addition->list, err) < 0)
		return -1;
	addition->listed = key_adapter_find(&addition->list, spec->name);
	return was_begun(addition) ? take_place(addition, spec, err) : find_place(addition, spec, err);
}

/* The log says as whom it is added, each time: an interrupted run may have been asked for another number. */
static int enter(struct addition *addition, bool known, struct err *err)
{
	struct buf detail = BUF_INIT;
	int result;

	buf_printf(&detail, "number %u, ", addition->adapter.id);
	print_channels(&detail, addition->adapter.channels);
	result = key_audit(addition->site, known ? "adding" : "make", addition->key, buf_text(&detail), err);
	buf_release(&detail);
	return result == 0 ? keyring_save(&addition->site->ring, err) : -1;
}

static int add(struct addition *addition, struct err *err)
{
	const bool known = addition->key;
	struct err why = ERR_INIT;
	char stem[KEY_ADAPTER_STEM];

	snprintf(stem, sizeof(stem), "adapters/%s", addition->adapter.name);
	if (!known)
		addition->key = keyring_add(&addition->site->ring, KEY_ADAPTER, addition->adapter.name, 1);
	if (key_adapter_have(addition->site, addition->key, stem, err) < 0 ||
	    key_adapter_public(addition->key, &addition->adapter, err) < 0)
		return -1;
	if (!addition->listed && adapter_list_add(&addition->list, &addition->adapter, &why) < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s/%s.sign and .curve cannot be its keys (%s): move them away, and run "
			       "the command again, which makes new ones", addition->site->ring.folder, stem, why.text);
	if (enter(addition, known, err) < 0 ||
	    key_adapter_list_give(addition->site, &addition->list, addition->key->print, false, err) < 0)
		return -1;
	return key_set_state(addition->site, addition->key, KEY_ACTIVE, "activate", err);
}

/* What the adapter's machine needs, and its first channel as it stands in the configuration there. */
static void tell(const struct addition *addition, struct ctl_output *out)
{
	const struct adapter *adapter = &addition->adapter;
	const struct keyring *ring = &addition->site->ring;
	struct buf channels = BUF_INIT, path = BUF_INIT;
	json_t *files = json_array();
	int first = 0;

	while (!(adapter->channels >> first & 1))
		first++;
	for (size_t i = 0; i < addition->key->n_files; i++)
		json_array_append_new(files, json_string(keyring_path(ring, addition->key->files[i], &path)));
	json_array_append_new(files, json_string(keyring_path(ring, "gateway.curve.pub", &path)));
	json_array_append_new(files, json_string(keyring_path(ring, "root.pub", &path)));
	print_channels(&channels, adapter->channels);
	out->value = json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "adapter", adapter->name, "number",
			       (json_int_t)adapter->id, "channels", buf_text(&channels), "fingerprint",
			       addition->key->print, "files", files, "configuration",
			       json_sprintf("adapter: {id: %u, channel: %s}", adapter->id, channel_names[first]));
	out->note = "Bring the files to the adapter's machine, where its configuration names them as keys.sign, "
		    "keys.curve, keys.gateway and keys.root and has the line above; then remove the first two here.";
	buf_release(&channels);
	buf_release(&path);
}

static int read_spec(char *text, const char *shown, struct keys_site_adapter *spec, struct err *err)
{
	struct keys_site site = { .adapters = spec, .n_adapters = 1 };

	if (adapter_spec_read(text, false, spec, err) == 0 && keys_site_check_adapters(&site, err) == 0)
		return 0;
	err->kind = ERR_USAGE;
	err->reason = "bad-value";
	return err_prefix(err, "%.64s", shown);
}

int ctl_keys_add(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct addition addition = { .site = NULL };
	struct keys_site_adapter spec;
	struct key_site site;
	char *text;
	int result;

	if (strcmp(ctl->argv[0], "adapter") != 0)
		return err_set(err, ERR_USAGE, "bad-value", "usage: tipctl keys add adapter NAME[:ID]:CHANNEL+CHANNEL");
	text = mem_strdup(ctl->argv[1]);
	result = read_spec(text, ctl->argv[1], &spec, err);
	if (result == 0) {
		addition.site = &site;
		result = key_site_open(&site, ctl, true, err);
		if (result == 0)
			result = begin(&addition, &spec, err);
		if (result == 0)
			result = add(&addition, err);
		if (result == 0)
			tell(&addition, out);
		key_site_close(&site);
	}
	adapter_list_release(&addition.list);
	free(text);
	return result;
}
