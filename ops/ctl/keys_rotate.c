/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl keys rotate: which key, and what came of it. */
#include "ops/ctl/keys_rotate.h"

#include <string.h>

static const struct {
	const char *word;
	enum key_kind kind;
	int (*rotate)(struct key_site *site, const char *name, struct ctl_output *out, struct err *err);
} rotations[] = {
	{ "triage", KEY_TRIAGE, keys_rotate_triage },
	{ "bus", KEY_BUS, keys_rotate_bus },
	{ "linkage", KEY_LINKAGE, keys_rotate_linkage },
	{ "team", KEY_TEAM, keys_rotate_team },
	{ "adapter", KEY_ADAPTER, keys_rotate_adapter },
};
#define N_ROTATIONS (sizeof(rotations) / sizeof(rotations[0]))

static void add_rows(const struct keyring *ring, enum key_kind kind, const char *name, json_t *rows)
{
	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *key = ring->keys[i];

		if (key->kind == kind && strcmp(key->name, name) == 0)
			json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:s, s:s}", "key", key_kinds[kind].name, "name",
							      name, "epoch", (json_int_t)key->epoch, "state",
							      key_state_names[key->state], "fingerprint", key->print));
	}
}

int ctl_keys_rotate(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "key", "KEY", false }, { "name", "NAME", false }, { "epoch", "EPOCH", true }, { "state", "STATE", false },
		{ "fingerprint", "FINGERPRINT", false }, { NULL, NULL, false }
	};
	const char *words[N_ROTATIONS], *name = ctl->argc > 1 ? ctl->argv[1] : "";
	struct key_site site;
	size_t i = 0;
	int result;

	while (i < N_ROTATIONS && strcmp(rotations[i].word, ctl->argv[0]) != 0)
		i++;
	if (i == N_ROTATIONS) {
		for (i = 0; i < N_ROTATIONS; i++)
			words[i] = rotations[i].word;
		return ctl_no_such("key to rotate,", ctl->argv[0], words, N_ROTATIONS, err);
	}
	if (key_kinds[rotations[i].kind].named != (ctl->argc == 2))
		return err_set(err, ERR_USAGE, "bad-value", "usage: tipctl keys rotate triage|bus|linkage|team NAME|adapter "
			"NAME");
	result = key_site_open(&site, ctl, true, err);
	if (result == 0)
		result = rotations[i].rotate(&site, name, out, err);
	if (result == 0) {
		out->value = json_array();
		out->columns = columns;
		add_rows(&site.ring, rotations[i].kind, name, out->value);
	}
	key_site_close(&site);
	return result;
}
