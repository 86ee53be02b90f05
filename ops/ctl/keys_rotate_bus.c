/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new bus key. Every holder gets it, beside a file `active` that keeps all sealing with the old one; when every
 * holder says that it has the key, `active` names the new epoch, and every one that seals must say that it does. The
 * old epoch opens on until it is retired.
 */
#include <string.h>
#include <unistd.h>

#include "ops/ctl/keys_rotate.h"
#include "schema/bus.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/topics.h"

#define N_HOLDERS 4
#define ACTIVE "active"

const struct bus_holder bus_holders[] = {
	{ "classify", "tipline-classify", true, false },
	{ "dedupe", "tipline-dedupe", true, false },
	{ "route", "tipline-route", true, false },
	{ "sink", "tipline-sink", false, true },
	{ NULL, NULL, false, false },
};

struct rotation {
	struct key_site *site;
	struct keyring_key *fresh, *old;
	uint8_t key[BUS_KEY_BYTES], derived[BUS_KEY_BYTES];
	struct key_wish wishes[2 * N_HOLDERS];
	size_t n;
};

/* Of an entry that an interrupted rotation left, of its file alone, or new. */
static int have_key(struct rotation *rotation, const char *file, struct err *err)
{
	struct keyring_key *fresh = rotation->fresh;
	struct buf content = BUF_INIT, path = BUF_INIT;
	bool entered = fresh->print[0];
	int result;

	keys_new_secret(rotation->key);
	keys_hex_file(&content, rotation->key, BUS_KEY_BYTES);
	result = entered ? key_have_own(rotation->site, fresh, file, err)
			 : key_put_first(rotation->site, file, buf_slice(&content), err);
	if (result == 0)
		result = keys_load_hex32(rotation->key, keyring_path(&rotation->site->ring, file, &path), err);
	if (result == 0 && !entered) {
		fingerprint_secret(fresh->print, "bus", slice_of(rotation->key, BUS_KEY_BYTES));
		keyring_add_file(fresh, file);
		result = key_enter(rotation->site, fresh, NULL, err);
	}
	buf_release(&content);
	buf_release(&path);
	return result;
}

static int have_fresh(struct rotation *rotation, struct err *err)
{
	struct keyring *ring = &rotation->site->ring;
	char file[32];

	rotation->fresh = keyring_in_state(ring, KEY_BUS, "", KEY_COMING);
	if (!rotation->fresh)
		rotation->fresh = keyring_add(ring, KEY_BUS, "", keyring_next_epoch(ring, KEY_BUS, ""));
	if (rotation->fresh->epoch > UINT8_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the bus has had 255 epochs, which is all that a record can name");
	snprintf(file, sizeof(file), "bus/%u.key", rotation->fresh->epoch);
	return have_key(rotation, file, err);
}

static int write_active(const struct rotation *rotation, const char *folder, unsigned epoch, bool anew, struct err *err)
{
	struct buf file = BUF_INIT, path = BUF_INIT;
	char text[16];
	int result = 0;

	snprintf(text, sizeof(text), "%u\n", epoch);
	buf_printf(&file, "%s/" ACTIVE, folder);
	if (anew || access(keyring_path(&rotation->site->ring, buf_text(&file), &path), F_OK) != 0)
		result = key_put_public(rotation->site, buf_text(&file), slice_str(text), err);
	buf_release(&file);
	buf_release(&path);
	return result;
}

/* Whether the folder has the whole key of the old epoch: then it gets the whole new one. */
static bool has_whole(const char *folder, unsigned epoch)
{
	struct buf path = BUF_INIT;
	bool there;

	buf_printf(&path, "%s/%u.key", folder, epoch);
	there = access(buf_text(&path), F_OK) == 0;
	buf_release(&path);
	return there;
}

static void wish(struct rotation *rotation, const struct bus_holder *holder, bool derived, unsigned seals)
{
	struct key_wish *one = &rotation->wishes[rotation->n++];
	char print[FINGERPRINT_TEXT];

	*one = (struct key_wish){ .stage = holder->stage, .seals = seals };
	fingerprint_secret(print, "bus", slice_of(derived ? rotation->derived : rotation->key, BUS_KEY_BYTES));
	if (!seals)
		snprintf(one->name, sizeof(one->name), "bus:%u:%s%s%s", rotation->fresh->epoch, derived ? TOPIC_ROUTED : "",
			 derived ? ":" : "", print);
}

/* A copy for one holder, where its configuration tells where; it is waited for in any case. */
static int give(struct rotation *rotation, const struct bus_holder *holder, struct err *err)
{
	struct buf folder = BUF_INIT, file = BUF_INIT, content = BUF_INIT;
	unsigned epoch = rotation->fresh->epoch;
	bool known = *key_site_place(rotation->site, holder->program, "keys.bus", &folder);
	bool derived = holder->derived && !(known && has_whole(buf_text(&folder), rotation->old->epoch));
	int result = 0;

	if (known) {
		buf_printf(&file, derived ? "%s/%u." TOPIC_ROUTED ".key" : "%s/%u.key", buf_text(&folder), epoch);
		keys_hex_file(&content, derived ? rotation->derived : rotation->key, BUS_KEY_BYTES);
		result = write_active(rotation, buf_text(&folder), rotation->old->epoch, false, err);
		if (result == 0)
			result = key_put(rotation->site, rotation->fresh, buf_text(&file), buf_slice(&content), err);
	}
	wish(rotation, holder, derived, 0);
	buf_release(&folder);
	buf_release(&file);
	buf_release(&content);
	return result;
}

static int give_all(struct rotation *rotation, struct err *err)
{
	struct buf content = BUF_INIT;
	char file[64];
	int result;

	snprintf(file, sizeof(file), "bus/%u." TOPIC_ROUTED ".key", rotation->fresh->epoch);
	keys_hex_file(&content, rotation->derived, BUS_KEY_BYTES);
	result = key_put(rotation->site, rotation->fresh, file, buf_slice(&content), err);
	buf_release(&content);
	for (const struct bus_holder *holder = bus_holders; holder->stage && result == 0; holder++)
		result = give(rotation, holder, err);
	return result == 0 ? key_await(rotation->site, rotation->wishes, rotation->n, err) : -1;
}

static int activate(struct rotation *rotation, struct err *err)
{
	struct buf folder = BUF_INIT;
	int result = 0;

	rotation->n = 0;
	for (const struct bus_holder *holder = bus_holders; holder->stage && result == 0; holder++) {
		if (*key_site_place(rotation->site, holder->program, "keys.bus", &folder))
			result = write_active(rotation, buf_text(&folder), rotation->fresh->epoch, true, err);
		if (holder->seals)
			wish(rotation, holder, false, rotation->fresh->epoch);
	}
	buf_release(&folder);
	if (result == 0)
		result = write_active(rotation, "bus", rotation->fresh->epoch, true, err);
	if (result == 0)
		result = key_await(rotation->site, rotation->wishes, rotation->n, err);
	if (result == 0)
		result = key_change_states(rotation->site, (struct key_change[]){
			{ rotation->old, KEY_OVERLAP, "overlap" }, { rotation->fresh, KEY_ACTIVE, "activate" } }, 2, err);
	return result;
}

int keys_rotate_bus(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct rotation rotation = { .site = site, .old = keyring_in_state(&site->ring, KEY_BUS, name, KEY_ACTIVE) };
	int result;

	if (!rotation.old)
		return err_set(err, ERR_CONFIG, NULL, "%s: no bus key is active there", site->ring.folder);
	/* First, since the site's own folder may be a daemon's: it must not seal with the new one yet. */
	result = write_active(&rotation, "bus", rotation.old->epoch, false, err);
	if (result == 0)
		result = have_fresh(&rotation, err);
	if (result == 0) {
		bus_derive(rotation.derived, rotation.key, TOPIC_ROUTED);
		result = give_all(&rotation, err);
	}
	if (result == 0)
		result = activate(&rotation, err);
	if (result == 0)
		out->note = "All seal with the new epoch. `tipctl keys retire bus --epoch N` ends the old one once nothing "
			    "of it is on its way: no lag, nothing parked.";
	mem_wipe(rotation.key, sizeof(rotation.key));
	mem_wipe(rotation.derived, sizeof(rotation.derived));
	return result;
}
