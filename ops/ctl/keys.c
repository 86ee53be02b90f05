/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys init: all keys of a site at once. --teams and --adapters have defaults that suit a first try.
 */
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/adapter_spec.h"
#include "ops/ctl/ctl.h"
#include "schema/keyring/keyring.h"
#include "schema/keys.h"
#include "schema/keys_make.h"

#define TEAMS_DEFAULT "assessment,corruption,abuse-of-position,domestic-abuse,discrimination,safeguarding,oversight"
#define ADAPTERS_DEFAULT "webform:1:web,callhandler:2:phone+letter,partner:3:partner+batch"
#define NAMES_MAX 256
#define SPEC_SHOWN_MAX 64

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
	n_teams = adapter_spec_split(text->teams, ',', text->names, NAMES_MAX);
	n_adapters = adapter_spec_split(text->adapters, ',', specs, NAMES_MAX);
	if (n_teams < 0 || n_adapters < 0)
		return err_set(err, ERR_USAGE, "bad-value", "more than %d teams or adapters", NAMES_MAX);
	for (int i = 0; i < n_adapters; i++) {
		snprintf(spec, sizeof spec, "%s", specs[i]); /* reading takes it apart */
		if (adapter_spec_read(specs[i], true, &text->items[i], err) < 0)
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
