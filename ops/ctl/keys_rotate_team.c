/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A team's new key: made here, or by the team, which then hands over the public half alone (--recipient). route
 * seals to it from the moment it says so. Nothing is sealed to the old one from then on, so it is retired at once;
 * the team keeps it, since it opens the older cases.
 */
#include <string.h>
#include <unistd.h>

#include "ops/ctl/keys_rotate.h"
#include "schema/keys.h"
#include "schema/keys_new.h"

static int take_recipient(struct keyring_key *key, const struct age_recipient *recipient)
{
	char text[AGE_RECIPIENT_TEXT];

	age_recipient_text(recipient, text);
	snprintf(key->public_key, sizeof(key->public_key), "%s", text);
	fingerprint_public(key->print, slice_of(recipient->key, AGE_KEY_BYTES));
	return 0;
}

static int make(struct key_site *site, struct keyring_key *key, struct err *err)
{
	const char *given = program_value(site->ctl->call, "recipient", NULL);
	struct age_recipient recipient;
	struct buf content = BUF_INIT;
	char file[KEY_NAME_MAX + 48];
	int result;

	if (key->print[0])
		return 0;
	if (given) {
		result = age_recipient_parse(&recipient, given, strlen(given), err);
		if (result == 0)
			result = take_recipient(key, &recipient);
	} else {
		result = keys_new_identity(&content, &recipient, err);
		snprintf(file, sizeof(file), "teams/%s.%u.identity", key->name, key->epoch);
		if (result == 0) {
			take_recipient(key, &recipient);
			result = key_put(site, key, file, buf_slice(&content), err);
		}
	}
	buf_release(&content);
	return result == 0 ? key_audit(site, "make", key, given ? "the team made it" : NULL, err) : -1;
}

static int give_route(struct key_site *site, const struct keyring_key *key, struct err *err)
{
	struct key_wish wish = { .stage = "route" };
	struct buf place = BUF_INIT, line = BUF_INIT;
	char member[KEY_NAME_MAX + 32], own[KEY_NAME_MAX + 32];
	int result;

	buf_printf(&line, "%s\n", key->public_key);
	snprintf(own, sizeof(own), "teams/%s.recipient", key->name);
	snprintf(member, sizeof(member), "teams.%s.recipient", key->name);
	snprintf(wish.name, sizeof(wish.name), "team:%s", key->print);
	result = key_put_public(site, own, buf_slice(&line), err);
	if (result == 0 && *key_site_place(site, "tipline-route", member, &place))
		result = key_put_public(site, buf_text(&place), buf_slice(&line), err);
	buf_release(&place);
	buf_release(&line);
	return result == 0 ? key_await(site, &wish, 1, err) : -1;
}

int keys_rotate_team(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct keyring *ring = &site->ring;
	struct keyring_key *old = keyring_in_state(ring, KEY_TEAM, name, KEY_ACTIVE);
	struct keyring_key *key = keyring_in_state(ring, KEY_TEAM, name, KEY_COMING);

	if (!old && !key)
		return err_set(err, ERR_CONFIG, NULL, "there is no team \"%.64s\" with an active key: see `tipctl keys list`",
			name);
	if (!key)
		key = keyring_add(ring, KEY_TEAM, name, keyring_next_epoch(ring, KEY_TEAM, name));
	if (make(site, key, err) < 0 || keyring_save(ring, err) < 0 || give_route(site, key, err) < 0)
		return -1;
	if (old && key_set_state(site, old, KEY_RETIRED, "retire", err) < 0)
		return -1;
	out->note = "route seals to the new key. The team opens new cases with the new identity and keeps the old one "
		    "for the older cases: tip files are opened with `age -d -i NEW -i OLD`.";
	return key_set_state(site, key, KEY_ACTIVE, "activate", err);
}
