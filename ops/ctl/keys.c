/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys init: all keys of a site at once. --teams and --adapters have defaults that suit a first try.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "schema/keyring/keyring.h"
#include "schema/keys.h"
#include "schema/keys_make.h"

#define TEAMS_DEFAULT "assessment,corruption,abuse-of-position,domestic-abuse,discrimination,safeguarding,oversight"
#define ADAPTERS_DEFAULT "webform:1:web,callhandler:2:phone+letter,partner:3:partner+batch"
#define NAMES_MAX 256
#define SPEC_SHOWN_MAX 64

/* Splits in place; returns the number of parts, or -1 when there are too many. */
static int split(char *text, char at, char **parts, int max)
{
	int n = 0;

	while (text) {
		char *end = strchr(text, at);

		if (n == max)
			return -1;
		if (end)
			*end++ = '\0';
		parts[n++] = text;
		text = end;
	}
	return n;
}

static int read_channels(char *text, uint32_t *channels, struct err *err)
{
	char *parts[N_CHANNELS];
	int n = split(text, '+', parts, N_CHANNELS);

	*channels = 0;
	for (int i = 0; i < n; i++) {
		int channel = taxonomy_find(channel_names, N_CHANNELS, parts[i], strlen(parts[i]));

		if (channel < 0)
			return err_set(err, ERR_USAGE, "bad-value",
				       "there is no channel \"%.32s\": web, phone, partner, batch, letter", parts[i]);
		*channels |= 1u << channel;
	}
	return n < 0 ? err_set(err, ERR_USAGE, "bad-value", "too many channels") : 0;
}

static int read_adapter(char *text, struct keys_site_adapter *adapter, struct err *err)
{
	char *parts[3], *end;
	unsigned long id;

	if (split(text, ':', parts, 3) != 3)
		return err_set(err, ERR_USAGE, "bad-value", "an adapter is NAME:ID:CHANNEL+CHANNEL");
	errno = 0;
	id = strtoul(parts[1], &end, 10);
	if (errno || *end || end == parts[1] || id < 1 || id > UINT16_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "adapter %s: an id is a number from 1 to 65535", parts[0]);
	adapter->name = parts[0];
	adapter->id = (uint16_t)id;
	return read_channels(parts[2], &adapter->channels, err);
}

struct site_text {
	char *teams, *adapters; /* owned; the names point into them */
	char *names[NAMES_MAX];
	struct keys_site_adapter items[NAMES_MAX];
};

static int wrong_value(const char *option, struct err *err)
{
	err->kind = ERR_USAGE;
	err->reason = "bad-value";
	return err_prefix(err, "%s", option);
}

static int read_site(struct ctl *ctl, struct site_text *text, struct keys_site *site, struct err *err)
{
	char *specs[NAMES_MAX], spec[SPEC_SHOWN_MAX];
	int n_teams, n_adapters;

	text->teams = mem_strdup(program_value(ctl->call, "teams", TEAMS_DEFAULT));
	text->adapters = mem_strdup(program_value(ctl->call, "adapters", ADAPTERS_DEFAULT));
	n_teams = split(text->teams, ',', text->names, NAMES_MAX);
	n_adapters = split(text->adapters, ',', specs, NAMES_MAX);
	if (n_teams < 0 || n_adapters < 0)
		return err_set(err, ERR_USAGE, "bad-value", "more than %d teams or adapters", NAMES_MAX);
	for (int i = 0; i < n_adapters; i++) {
		snprintf(spec, sizeof spec, "%s", specs[i]); /* reading takes it apart */
		if (read_adapter(specs[i], &text->items[i], err) < 0)
			return err_prefix(err, "--adapters: %s", spec);
	}
	site->teams = (const char *const *)text->names;
	site->n_teams = (size_t)n_teams;
	site->adapters = text->items;
	site->n_adapters = (size_t)n_adapters;
	if (keys_site_check_teams(site, err) < 0)
		return wrong_value("--teams", err);
	return keys_site_check_adapters(site, err) < 0 ? wrong_value("--adapters", err) : 0;
}

static int make_inventory(const char *folder, struct err *err)
{
	struct keyring ring;
	int result = keyring_open_locked(&ring, folder, err);

	if (result == 0)
		result = keyring_save(&ring, err);
	keyring_release(&ring);
	return result;
}

int ctl_keys_init(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct site_text *text = mem_alloc(sizeof *text);
	struct keys_site site = { 0 };
	int result = keys_begin(err);

	if (result == 0)
		result = read_site(ctl, text, &site, err);
	if (result == 0)
		result = keys_make_site(ctl->argv[0], &site, err);
	if (result == 0)
		result = make_inventory(ctl->argv[0], err);
	if (result == 0) {
		out->value = json_pack("{s:s, s:I, s:I}", "folder", ctl->argv[0], "teams", (json_int_t)site.n_teams,
				       "adapters", (json_int_t)site.n_adapters);
		out->note = "Take root.key, recovery.identity and custodian.identity off this machine, and each "
			    "other key to its holder.";
	}
	free(text->teams);
	free(text->adapters);
	free(text);
	return result;
}
