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

/* The team's own, by its public half: the one that an interrupted rotation began with, and none but a new one. */
static int take_given(struct key_site *site, struct keyring_key *key, const char *given, struct err *err)
{
	const struct keyring_key *old = keyring_in_state(&site->ring, KEY_TEAM, key->name, KEY_ACTIVE);
	struct keyring_key fresh = { .kind = KEY_TEAM };
	struct age_recipient recipient;

	if (age_recipient_parse(&recipient, given, strlen(given), err) < 0)
		return -1;
	keyring_set_recipient(&fresh, &recipient);
	if (old && strcmp(old->public_key, fresh.public_key) == 0)
		return err_set(err, ERR_CONFIG, NULL, "this is the key that team %s has now: a rotation needs a new one",
			       key->name);
	if (key->print[0] && strcmp(key->public_key, fresh.public_key) != 0)
		return err_set(err, ERR_CONFIG, NULL, "a rotation of team %s to another key (%s) was begun: run it again as it "
			       "was, or take team %s %u out of " KEYRING_FILE ", and rotate to this one", key->name, key->print,
			       key->name, key->epoch);
	if (key->print[0])
		return 0;
	keyring_set_recipient(key, &recipient);
	return key_enter(site, key, "the team made it", err);
}

/* One that is made here may be with the team from the moment it is entered. */
static int make(struct key_site *site, struct keyring_key *key, struct err *err)
{
	const char *given = program_value(site->ctl->call, "recipient", NULL);
	char file[KEY_NAME_MAX + 48];

	if (given)
		return take_given(site, key, given, err);
	snprintf(file, sizeof(file), "teams/%s.%u.identity", key->name, key->epoch);
	return key->print[0] ? 0 : key_have_identity(site, key, file, err);
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
	if (make(site, key, err) < 0 || give_route(site, key, err) < 0)
		return -1;
	out->note = "route seals to the new key. The team opens new cases with the new identity and keeps the old one "
		    "for the older cases: tip files are opened with `age -d -i NEW -i OLD`.";
	return key_change_states(site, (struct key_change[]){ { old, KEY_RETIRED, "retire" },
							      { key, KEY_ACTIVE, "activate" } }, 2, err);
}
